#pragma once
/// \file babi_tasks.h
/// bAbI stories made in the process, for machines without the official data.

#include <cstdint>
#include <string>

#include "hmem/core/rng.h"

namespace hmem {

/// Whether `generate_babi` knows the task.
bool can_generate_babi(int task);

/// `questions` questions of a task in the official text format, with the sentence forms, the vocabulary and the
/// distributions that the official files show; the last story ends with the last question. Integer arithmetic only:
/// the same stream gives the same bytes everywhere. Throws Error for a task without a generator.
std::string generate_babi(int task, int64_t questions, Rng& rng);

}  // namespace hmem
