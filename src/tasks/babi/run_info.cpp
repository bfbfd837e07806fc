#include "hmem/tasks/babi/run_info.h"

#include <algorithm>
#include <string>
#include <vector>

#include "hmem/core/hash.h"
#include "hmem/train/experiment.h"

namespace hmem {

namespace {

/// Beside those that have none in any program: a preset acts through the flags it sets.
const std::vector<std::string> kWithoutEffect = {"data_dir", "test_data_dir", "logging", "preset"};

}  // namespace

bool babi_flag_has_effect(const std::string& name) {
  return flag_has_effect(name) && std::find(kWithoutEffect.begin(), kWithoutEffect.end(), name) == kWithoutEffect.end();
}

std::string babi_data_hash(const BabiTask& task) {
  Fnv1a hash;
  hash.add_all(task.sentences);
  for (const BabiDataset* data : {&task.train, &task.test}) {
    for (const BabiDataset::Example& example : data->examples) {
      hash.add(static_cast<uint64_t>(example.begin));
      hash.add(static_cast<uint64_t>(example.end));
    }
    hash.add_all(data->story_sentences);
    hash.add_all(data->questions);
    hash.add_all(data->answers);
  }
  return hash_text(hash.value());
}

RunInfo babi_run_info(const Options& options, uint64_t seed, const ModelInfo& model, const BabiTask& task) {
  const std::string limit = "max_num_sentences";  // the flag is a limit; the model knows how many there were
  std::vector<std::string> left_out = kWithoutEffect;
  left_out.push_back(limit);
  left_out.emplace_back("tasks");  // in any order; the model has them sorted
  RunInfo info = run_info(options, seed, model, left_out);
  info.insert(info.begin() + 1, {"limit of " + limit, std::to_string(options.get_int(limit))});
  // Only then the learning rates of the first epochs depend on how many there will be.
  if (options.get_string("schedule") == "stable") {
    info.emplace_back("epochs", std::to_string(options.get_int("epochs")));
  }
  info.emplace_back("questions_hash", babi_data_hash(task));
  return info;
}

}  // namespace hmem
