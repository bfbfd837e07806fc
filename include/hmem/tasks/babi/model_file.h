#pragma once
/// \file model_file.h
/// What a model file says about an H-Mem for question answering.

#include <cstdint>
#include <string>

#include "hmem/data/babi/vectorise.h"
#include "hmem/models/hmem_qa.h"
#include "hmem/train/model_file.h"

namespace hmem {

/// Kind, task, sizes, settings under the names of their flags, and the vocabulary as a JSON list. `tasks`: "4", or of
/// a model of several tasks "1-3,7" (number_list_text()).
ModelInfo babi_model_info(const std::string& tasks, const BabiTask& task, const HMemQa::Config& config);
inline ModelInfo babi_model_info(int64_t task_id, const BabiTask& task, const HMemQa::Config& config) {
  return babi_model_info(std::to_string(task_id), task, config);
}

/// What a program needs that has the model file and no training data.
struct BabiModel {
  std::string task_id;    ///< as the training program wrote it
  BabiTask task;          ///< vocabulary and sizes; no stories
  HMemQa::Config config;  ///< with these sizes; l2 and dropout are in no file
};

/// Throws Error, one line with file, key, what was found and what was expected, when the file is of another kind or
/// when a value is impossible or does not fit the tensors: no memory is taken for sizes that the tensors do not have.
BabiModel read_babi_model(const ModelFile& file);

/// Configuration of the model in `file`. Throws Error when the file is of another kind or task, or when its vocabulary
/// or sizes are not those of `task`.
HMemQa::Config babi_model_config(const ModelFile& file, const std::string& tasks, const BabiTask& task);
inline HMemQa::Config babi_model_config(const ModelFile& file, int64_t task_id, const BabiTask& task) {
  return babi_model_config(file, std::to_string(task_id), task);
}

}  // namespace hmem
