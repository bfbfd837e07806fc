#pragma once
/// \file model.h
/// The question-answering models: from flags, or from a file that a training program wrote.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hmem/models/qa_model.h"
#include "hmem/tasks/babi/data.h"
#include "hmem/train/model_file.h"

namespace hmem {

/// One kind of model. A new one is a row of the table in model.cpp.
struct QaKind {
  std::string name;                                  ///< in files
  std::vector<std::string> settings;                 ///< names of the settings that its files keep
  std::function<void(Options&)> add_flags;           ///< adds the flags of these settings
  std::function<void(Options&)> add_training_flags;  ///< adds flags for training only: dropout
  std::function<void(const Options&)> check_flags;   ///< throws UsageError for settings that contradict each other
  /// Makes a model with the sizes of `task`, settings from `saved` and training settings from `flags` (null: none).
  std::function<std::unique_ptr<QaModel>(const SettingReader& saved, const SettingReader* flags, const BabiTask& task,
                                         uint64_t seed)>
      make;
};

/// Throws UsageError for an unknown name.
const QaKind& qa_kind(std::string_view name);
/// Names of all kinds but H-Mem.
std::vector<std::string> qa_baselines();

/// The kind that a program trains: --model where it has the flag, else H-Mem.
std::string babi_model(const Options& options);

/// The model that the flags describe, or the one of --load with its weights. Throws Error, naming the file, when its
/// kind, task, vocabulary or sizes do not match, or when a flag contradicts it.
std::unique_ptr<QaModel> make_babi_model(const Options& options, const BabiData& data, uint64_t seed);

/// Content of model files besides the settings: task, sizes, the vocabulary as a JSON list. `tasks`: "4", or of a model
/// of several tasks "1-3,7".
ModelInfo babi_model_facts(const std::string& tasks, const BabiTask& task);

/// A model from its file, without training data.
struct BabiModel {
  std::string task_id;  ///< as the training program wrote it
  BabiTask task;        ///< vocabulary and sizes; no stories
  std::unique_ptr<QaModel> network;
};

/// Throws Error, one line with file, key, what was found and what was expected, when the file is of another kind or
/// when a value is impossible or does not fit the tensors: no memory is taken for a vocabulary that the tensors do not
/// have.
BabiModel read_babi_model(const ModelFile& file);

}  // namespace hmem
