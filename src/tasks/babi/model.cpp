#include "hmem/tasks/babi/model.h"

#include <limits>

#include "hmem/core/check.h"
#include "hmem/core/json.h"
#include "hmem/core/text.h"
#include "hmem/models/hmem_qa.h"
#include "hmem/models/lstm_qa.h"
#include "hmem/models/memn2n_qa.h"
#include "hmem/train/experiment.h"

namespace hmem {

namespace {

constexpr size_t kMaxWords = 1000000;
constexpr int64_t kMaxWordsPerSentence = 10000;

template <typename Model>
QaKind kind(const char* name) {
  using Config = typename Model::Config;
  QaKind made;
  made.name = name;
  for (const auto& [setting, value] : settings_of(Config())) made.settings.push_back(setting);
  made.add_flags = [](Options& options) { hmem::add_flags(options, Config()); };
  made.add_training_flags = [](Options& options) { Config().visit_training(FlagAdder{options}); };
  made.check_flags = [](const Options& options) {
    const std::string wrong = config_of<Config>(options).contradiction();
    if (!wrong.empty()) throw UsageError("--" + wrong);
  };
  made.make = [](const SettingReader& saved, const SettingReader* flags, const BabiTask& task,
                 uint64_t seed) -> std::unique_ptr<QaModel> {
    Config config;
    config.vocabulary = task.vocabulary.size();
    config.words_per_sentence = task.words_per_sentence;
    config.visit(saved);
    if (flags) config.visit_training(*flags);
    HMEM_CHECK(config.contradiction().empty(), saved.where, ": ", config.contradiction());
    return std::make_unique<Model>(config, seed);
  };
  return made;
}

const std::vector<QaKind>& kinds() {
  static const std::vector<QaKind> all = {kind<HMemQa>("hmem_qa"), kind<MemN2NQa>("memn2n"), kind<LstmQa>("lstm")};
  return all;
}

std::string vocabulary_json(const Vocabulary& vocabulary) {
  std::string text = "[";
  for (const std::string& word : vocabulary.all_words()) text += (text.size() > 1 ? "," : "") + json_string(word);
  return text + "]";
}

int64_t read_size(const ModelFile& file, const char* key, IntRange range) {
  int64_t size = 0;
  file.settings()(key, size, range, "");
  return size;
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

/// Sizes and vocabulary of the file, compared with the shapes of its tensors.
BabiTask read_task(const ModelFile& file) {
  BabiTask task;
  task.words_per_sentence = static_cast<int>(read_size(file, "words_per_sentence", {2, kMaxWordsPerSentence}));
  const auto ages = static_cast<int>(read_size(file, "time_words", {1, std::numeric_limits<int32_t>::max() / 2}));
  task.max_num_sentences = static_cast<int>(read_size(file, "max_num_sentences", {1, ages}));
  task.vocabulary = Vocabulary(read_words(file), ages);
  QaConfig config;
  config.QaConfig::visit(file.settings());
  const auto expect = [&file](const std::string& tensor, int dimension, int64_t expected, const std::string& what) {
    const Shape& found = file.shape_of(tensor);
    HMEM_CHECK(found.rank() == 2 && found[dimension] == expected, file.path(), ": tensor '", tensor, "' has shape ",
               found, ", expected ", expected, dimension == 0 ? " rows (" : " columns (", what, ")");
  };
  const std::string words = "nil, words of the vocabulary and time_words";
  expect("embedding.weight", 0, task.vocabulary.size(), words);
  expect("embedding.weight", 1, config.embeddings_size, "embeddings_size");
  expect("output.weight", 1, task.vocabulary.size(), words);
  if (config.encoding == EncodingType::learned) {
    expect("encoding.weight", 0, task.words_per_sentence, "words_per_sentence");
  }
  return task;
}

}  // namespace

const QaKind& qa_kind(std::string_view name) {
  for (const QaKind& one : kinds()) {
    if (one.name == name) return one;
  }
  throw UsageError("unknown model " + quote(name));
}

std::vector<std::string> qa_baselines() {
  std::vector<std::string> names;
  for (size_t i = 1; i < kinds().size(); ++i) names.push_back(kinds()[i].name);
  return names;
}

std::string babi_model(const Options& options) {
  return options.has("model") ? options.get_string("model") : kinds().front().name;
}

ModelInfo babi_model_facts(const std::string& tasks, const BabiTask& task) {
  return {{"task_id", tasks},
          {"vocabulary", vocabulary_json(task.vocabulary)},
          {"max_num_sentences", std::to_string(task.max_num_sentences)},
          {"time_words", std::to_string(task.vocabulary.max_age())},
          {"words_per_sentence", std::to_string(task.words_per_sentence)}};
}

std::unique_ptr<QaModel> make_babi_model(const Options& options, const BabiData& data, uint64_t seed) {
  const QaKind& kind = qa_kind(babi_model(options));
  const SettingReader flags(options);
  const std::string& path = options.get_string("load");
  if (path.empty()) return kind.make(flags, &flags, data.task, seed);
  const ModelFile file(path);
  file.expect_model(kind.name);
  file.expect("task_id", data.task_text(), "the model was trained on another task: give its --task_id or --tasks");
  for (const auto& [key, value] : babi_model_facts(data.task_text(), data.task)) {
    file.expect(key, value,
                key == "time_words" ? "one was trained with --age_jitter, the other without: give the same flag"
                                    : "the model was trained on other data: give its --data_dir and "
                                      "--training_set_size");
  }
  std::unique_ptr<QaModel> model = kind.make(file.settings(), &flags, data.task, seed);
  check_same_settings(file, options, model->settings());
  file.copy_to(model->weights());
  return model;
}

BabiModel read_babi_model(const ModelFile& file) {
  const auto known = [&](const QaKind& one) { return one.name == file.model(); };
  const auto found = std::find_if(kinds().begin(), kinds().end(), known);
  file.expect_model(found == kinds().end() ? kinds().front().name : found->name);
  BabiModel model;
  model.task_id = file.require("task_id");
  model.task = read_task(file);
  model.network = found->make(file.settings(), nullptr, model.task, 0);
  file.copy_to(model.network->weights());
  return model;
}

}  // namespace hmem
