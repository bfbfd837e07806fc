#include "hmem/tasks/babi/model_file.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "hmem/core/check.h"
#include "hmem/core/json.h"
#include "hmem/core/text.h"

namespace hmem {

namespace {

constexpr const char* kKind = "hmem_qa";
constexpr size_t kMaxWords = 1000000;
constexpr int64_t kMaxWordsPerSentence = 10000;

std::string vocabulary_json(const Vocabulary& vocabulary) {
  std::string text = "[";
  for (const std::string& word : vocabulary.all_words()) text += (text.size() > 1 ? "," : "") + json_string(word);
  return text + "]";
}

/// Shortest text that reads back as the same number: "0.01", as the flag was given.
std::string shortest(real value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof(text), value).ptr};
}

template <typename T>
T read_number(const ModelFile& file, const std::string& key) {
  const std::string& text = file.require(key);
  const auto value = parse_number<T>(text);
  HMEM_CHECK(value, file.path(), ": ", key, " is ", quote(text), ", expected a number");
  return *value;
}

int64_t read_size(const ModelFile& file, const std::string& key, int64_t high, int64_t low = 1) {
  const auto value = read_number<int64_t>(file, key);
  HMEM_CHECK(value >= low && value <= high, file.path(), ": ", key, " is ", value, ", expected ", low, "..", high);
  return value;
}

real read_rate(const ModelFile& file, const std::string& key) {
  const real value = read_number<real>(file, key);
  HMEM_CHECK(std::isfinite(value) && value >= 0, file.path(), ": ", key, " is ", value, ", expected >= 0");
  return value;
}

/// What `parse` makes of a name; in a file a wrong one is no wrong command line.
template <typename T>
T read_name(const ModelFile& file, const std::string& key, T (*parse)(const std::string&)) {
  try {
    return parse(file.require(key));
  } catch (const UsageError& error) {
    fail(file.path(), ": ", key, ": ", error.what());
  }
}

std::string norm_name(StoryNorm norm) {
  switch (norm) {
    case StoryNorm::padded:
      return "padded";
    case StoryNorm::masked:
      return "masked";
    default:
      return "none";
  }
}

std::string rule_name(WriteRule rule) { return rule == WriteRule::outer ? "outer" : "hebbian"; }

std::string switch_text(bool on) { return on ? "1" : "0"; }

bool read_switch(const ModelFile& file, const std::string& key) {
  const std::string& text = file.require(key);
  HMEM_CHECK(text == "0" || text == "1", file.path(), ": ", key, " is ", quote(text), ", expected 0 or 1");
  return text == "1";
}

std::string encoding_name(EncodingType type) {
  switch (type) {
    case EncodingType::identity:
      return "identity_encoding";
    case EncodingType::position:
      return "position_encoding";
    default:
      return "learned_encoding";
  }
}

/// Settings of the model; the sizes that follow from the data are those of `task`.
HMemQa::Config read_config(const ModelFile& file, const BabiTask& task) {
  HMemQa::Config config;
  config.vocabulary = task.vocabulary.size();
  config.words_per_sentence = task.words_per_sentence;
  config.embeddings_size = read_size(file, "embeddings_size", 4096);
  config.memory_size = read_size(file, "memory_size", 4096);
  config.hops = static_cast<int>(read_size(file, "hops", MemoryGrad::kMaxReads));
  config.rule = {read_rate(file, "gamma_pos"), read_rate(file, "gamma_neg"), read_rate(file, "w_assoc_max")};
  config.encoding = read_name(file, "encodings_type", encoding_type);
  config.norm = read_name(file, "batch_norm", story_norm);
  config.read_before_write = read_switch(file, "read_before_write");
  config.write_rule = read_name(file, "write_rule", write_rule);
  config.learn_gamma_pos = read_switch(file, "learn_gamma_pos");
  config.learn_gamma_neg = read_switch(file, "learn_gamma_neg");
  config.tie_keys = read_switch(file, "tie_keys");
  HMEM_CHECK(!config.learn_gamma_neg || config.write_rule == WriteRule::hebbian, file.path(),
             ": learn_gamma_neg is 1, expected 0 with the write_rule outer");
  return config;
}

/// Only a list in ascending order gives the words the ids that they were trained with.
std::vector<std::string> read_words(const ModelFile& file) {
  const std::string where = file.path() + ": vocabulary";
  std::vector<std::string> words = parse_string_list(file.require("vocabulary"), where, kMaxWords);
  HMEM_CHECK(!words.empty() && !words[0].empty(), where, ": found ",
             words.empty() ? "no words" : "a word without letters", ", expected the words of the training data");
  for (size_t i = 1; i < words.size(); ++i) {
    HMEM_CHECK(words[i - 1] < words[i], where, ": found ", quote(words[i]), " after ", quote(words[i - 1]),
               ", expected every word once, in the order of the code points");
  }
  return words;
}

void expect_value(const ModelFile& file, const std::string& key, const std::string& expected, const std::string& hint) {
  const std::string& found = file.require(key);
  HMEM_CHECK(found == expected, file.path(), ": ", key, " is ", quote(found), ", expected ", quote(expected), "; ",
             hint);
}

void expect_kind(const ModelFile& file) {
  file.expect_model();
  expect_value(file, "kind", kKind, "another program wrote this model");
}

}  // namespace

ModelInfo babi_model_info(const std::string& tasks, const BabiTask& task, const HMemQa::Config& config) {
  return {{"kind", kKind},
          {"task_id", tasks},
          {"vocabulary", vocabulary_json(task.vocabulary)},
          {"max_num_sentences", std::to_string(task.max_num_sentences)},
          {"time_words", std::to_string(task.vocabulary.max_age())},
          {"words_per_sentence", std::to_string(task.words_per_sentence)},
          {"embeddings_size", std::to_string(config.embeddings_size)},
          {"memory_size", std::to_string(config.memory_size)},
          {"hops", std::to_string(config.hops)},
          {"gamma_pos", shortest(config.rule.gamma_pos)},
          {"gamma_neg", shortest(config.rule.gamma_neg)},
          {"w_assoc_max", shortest(config.rule.w_max)},
          {"encodings_type", encoding_name(config.encoding)},
          {"batch_norm", norm_name(config.norm)},
          {"read_before_write", switch_text(config.read_before_write)},
          {"write_rule", rule_name(config.write_rule)},
          {"learn_gamma_pos", switch_text(config.learn_gamma_pos)},
          {"learn_gamma_neg", switch_text(config.learn_gamma_neg)},
          {"tie_keys", switch_text(config.tie_keys)}};
}

BabiModel read_babi_model(const ModelFile& file) {
  expect_kind(file);
  BabiModel model;
  model.task_id = file.require("task_id");
  BabiTask& task = model.task;
  task.words_per_sentence = static_cast<int>(read_size(file, "words_per_sentence", kMaxWordsPerSentence, 2));
  const auto ages = static_cast<int>(read_size(file, "time_words", std::numeric_limits<int32_t>::max() / 2));
  task.max_num_sentences = static_cast<int>(read_size(file, "max_num_sentences", ages));
  task.vocabulary = Vocabulary(read_words(file), ages);
  model.config = read_config(file, task);

  const HMemQa::Config& config = model.config;
  const auto expect_shape = [&file](const std::string& tensor, const Shape& expected, const std::string& what) {
    const Shape& found = file.shape_of(tensor);
    HMEM_CHECK(found == expected, file.path(), ": tensor '", tensor, "' has shape ", found, ", expected ", expected,
               " (", what, ")");
  };
  const std::string words = "nil, words of the vocabulary and time_words";
  expect_shape("embedding.weight", {config.vocabulary, config.embeddings_size}, words + "; embeddings_size");
  expect_shape("output.weight", {config.memory_size, config.vocabulary}, "memory_size; " + words);
  if (config.encoding == EncodingType::learned) {
    expect_shape("encoding.weight", {config.words_per_sentence, config.embeddings_size},
                 "words_per_sentence; embeddings_size");
  }
  return model;
}

HMemQa::Config babi_model_config(const ModelFile& file, const std::string& tasks, const BabiTask& task) {
  const auto expect = [&file](const std::string& key, const std::string& expected, const std::string& hint) {
    expect_value(file, key, expected, hint);
  };
  expect_kind(file);
  expect("task_id", tasks, "the model was trained on another task: give its --task_id or --tasks");
  const std::string hint = "the model was trained on other data: give its --data_dir and --training_set_size";
  expect("vocabulary", vocabulary_json(task.vocabulary), hint);
  expect("max_num_sentences", std::to_string(task.max_num_sentences), hint);
  expect("time_words", std::to_string(task.vocabulary.max_age()),
         "one was trained with --age_jitter, the other not: give the same flag");
  expect("words_per_sentence", std::to_string(task.words_per_sentence), hint);

  return read_config(file, task);
}

}  // namespace hmem
