#include "hmem/train/babi_run_info.h"

#include <set>

#include "hmem/train/signature.h"

namespace hmem {

namespace {

/// Flags that results do not depend on: a preset acts through the flags it sets. The seed is not among the flags: it
/// may have been drawn.
const std::set<std::string>& flags_without_effect() {
  static const std::set<std::string> names = {
      "data_dir", "test_data_dir", "epochs",           "random_state", "threads", "limit_steps", "save",  "checkpoint",
      "resume",   "out",           "checkpoint_every", "stop_after",   "logging", "verbose",     "quiet", "preset"};
  return names;
}

/// 64-bit FNV-1a over numbers.
class Hash {
 public:
  template <typename Numbers>
  void add_all(const Numbers& numbers) {
    for (const auto number : numbers) add(static_cast<uint64_t>(number));
  }
  void add(uint64_t number) {
    for (int byte = 0; byte < 8; ++byte, number >>= 8) value_ = (value_ ^ (number & 255)) * 0x100000001b3;
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace

bool babi_flag_has_effect(const std::string& name) { return flags_without_effect().count(name) == 0; }

std::string babi_data_hash(const BabiTask& task) {
  Hash hash;
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
  return signature_text(hash.value());
}

RunInfo babi_run_info(const Options& options, uint64_t seed, const ModelInfo& model, const BabiTask& task) {
  RunInfo info = {{"program", options.program()}};
  std::set<std::string> done;
  for (const auto& [name, value] : options.settings()) {
    if (flags_without_effect().count(name) == 1) continue;
    const auto of_model = model.find(name);
    const bool is_limit = name == "max_num_sentences";  // the flag is a limit; the model knows how many there were
    const bool take = of_model != model.end() && !is_limit;
    info.emplace_back(is_limit ? "limit of " + name : name, take ? of_model->second : value);
    done.insert(info.back().first);
  }
  // Only then the learning rates of the first epochs depend on how many there will be.
  if (options.get_string("schedule") == "stable")
    info.emplace_back("epochs", std::to_string(options.get_int("epochs")));
  info.emplace_back("seed", std::to_string(seed));
  for (const auto& [name, value] : model) {
    if (done.count(name) == 0) info.emplace_back(name, value);
  }
  info.emplace_back("questions_hash", babi_data_hash(task));
  return info;
}

}  // namespace hmem
