#pragma once
/// \file babi_model_file.h
/// What a model file says about an H-Mem for question answering.

#include "hmem/data/babi_vectorise.h"
#include "hmem/models/hmem_qa.h"
#include "hmem/train/model_file.h"

namespace hmem {

/// Kind, task, sizes, settings under the names of their flags, and the vocabulary as a JSON list.
ModelInfo babi_model_info(int64_t task_id, const BabiTask& task, const HMemQa::Config& config);

/// Configuration of the model in `file`. Throws Error when the file is of another kind or task, or when its vocabulary
/// or sizes are not those of `task`.
HMemQa::Config babi_model_config(const ModelFile& file, int64_t task_id, const BabiTask& task);

}  // namespace hmem
