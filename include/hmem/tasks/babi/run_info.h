#pragma once
/// \file run_info.h
/// What the results of a bAbI run depend on, for its checkpoints.

#include <cstdint>

#include "hmem/core/options.h"
#include "hmem/data/babi/vectorise.h"
#include "hmem/train/checkpoint.h"
#include "hmem/train/model_file.h"

namespace hmem {

/// Program, seed, every flag that influences results, everything of `model` (babi_model_info()), a hash of the
/// questions. Where the data are and what is written where is no part of it, nor are --threads and --epochs.
RunInfo babi_run_info(const Options& options, uint64_t seed, const ModelInfo& model, const BabiTask& task);

/// Whether results depend on a flag, at the same seed and the same number of epochs.
bool babi_flag_has_effect(const std::string& name);

/// 16 hexadecimal digits that change with any word of any story, question or answer.
std::string babi_data_hash(const BabiTask& task);

}  // namespace hmem
