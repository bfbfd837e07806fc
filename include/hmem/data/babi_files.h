#pragma once
/// \file babi_files.h
/// The stories of one task, from the official files or generated.

#include <cstdint>
#include <filesystem>
#include <string>

#include "hmem/data/babi_parse.h"
#include "hmem/data/data_dir.h"

namespace hmem {

enum class BabiPart { kTrain, kTest };

/// The one file `qa{task}_*_{train,test}.txt` in `folder`, by its name alone: what the folder is called does not
/// matter. Throws Error when there is none or more than one; the text lists what is there.
std::filesystem::path find_babi_file(const std::filesystem::path& folder, int task, BabiPart part);

/// Stories of `task`. `training_set_size`: "1k" (folder en) or "10k" (en-10k); test sets have 1000 questions in both.
/// Generated stories depend on `seed`, and training and test stories come from streams of their own.
/// Throws UsageError for a task outside 1..20 or another size.
BabiStories load_babi(const BabiSource& source, int task, const std::string& training_set_size, BabiPart part,
                      uint64_t seed = 0);

}  // namespace hmem
