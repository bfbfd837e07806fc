#pragma once
/// \file qa_files.h
/// Question-answering models of the size of a task, and their files.

#include <string>

#include "hmem/models/hmem_qa.h"
#include "hmem/tasks/babi/model.h"

namespace hmem::test {

inline HMemQa::Config with_sizes(HMemQa::Config config, const BabiTask& task) {
  config.vocabulary = task.vocabulary.size();
  config.words_per_sentence = task.words_per_sentence;
  return config;
}

inline HMemQa make_qa(const BabiTask& task, int64_t embeddings_size, int64_t memory_size) {
  HMemQa::Config config;
  config.embeddings_size = embeddings_size;
  config.memory_size = memory_size;
  return HMemQa(with_sizes(config, task), 1);
}

/// The metadata of the file of a trained model.
inline ModelInfo qa_info(const std::string& tasks, const BabiTask& task, const QaModel& model) {
  ModelInfo info = babi_model_facts(tasks, task);
  for (const auto& setting : model.settings()) info.insert(setting);
  info["model"] = "hmem_qa";
  return info;
}

}  // namespace hmem::test
