#include "hmem/tasks/babi/model.h"

#include <string>
#include <vector>

#include "catch.h"
#include "data/babi/dense_babi.h"
#include "hmem/tasks/babi/flags.h"
#include "support/error_text.h"
#include "support/qa_files.h"
#include "support/temp_folder.h"

using namespace hmem;
using hmem::test::error_text;
using hmem::test::parse_text;
using hmem::test::TempFolder;

namespace {

BabiTask make_task(const std::string& who = "Bob", const std::string& more = "",
                   const std::string& question = "Who ate?") {
  const std::string text = "1 " + who + " ate.\n" + more + "9 " + question + "\t" + who + "\t1\n";
  return vectorise_babi(parse_text(text), parse_text(text));
}

BabiData make_data(BabiTask task, int64_t number = 3) {
  BabiData data;
  data.tasks = {number};
  data.task = std::move(task);
  return data;
}

HMemQa::Config make_config(const BabiTask& task) {
  HMemQa::Config config;
  config.embeddings_size = 5;
  config.memory_size = 7;
  config.hops = 2;
  config.rule = {real(0.02), real(0.03), real(0.7)};
  config.encoding = EncodingType::position;
  config.norm = StoryNorm::masked;
  return test::with_sizes(config, task);
}

Options flags(const std::vector<std::string>& arguments) {
  Options options = babi_task_single_options();
  std::vector<const char*> argv = {"babi_task_single"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  options.parse(static_cast<int>(argv.size()), argv.data());
  return options;
}

const HMemQa::Config& config_of(const QaModel& model) { return dynamic_cast<const HMemQa&>(model).config(); }

/// A model of `task` and the metadata of its file; write() takes these or others.
struct Saved {
  Saved(const BabiTask& task, const HMemQa::Config& config) : model(config, 1), info(test::qa_info("3", task, model)) {}
  explicit Saved(const BabiTask& task) : Saved(task, make_config(task)) {}

  std::string write(const ModelInfo& changed) {
    save_model(folder.file("model"), changed, model.weights());
    return folder.file("model");
  }

  TempFolder folder;
  HMemQa model;
  ModelInfo info;
};

/// Settings that came after the first model files.
const std::vector<std::string> kLater = {"answer_layer", "extractor_layers", "hop_sum", "read_norm", "separate_hops"};
}  // namespace

TEST_CASE("settings of H-Mem by name", "[model_file]") {
  const BabiData data = make_data(make_task());
  const auto config = [&](const std::vector<std::string>& arguments) {
    return config_of(*make_babi_model(flags(arguments), data, 1));
  };
  const HMemQa::Config plain = config({}), expected;
  CHECK(settings_of(plain) == settings_of(expected));
  CHECK(plain.vocabulary == data.task.vocabulary.size());
  CHECK(plain.words_per_sentence == data.task.words_per_sentence);
  CHECK(config({"--encodings_type=identity_encoding"}).encoding == EncodingType::identity);
  CHECK(config({"--encodings_type=position_encoding"}).encoding == EncodingType::position);
  CHECK(config({"--encodings_type=learned_encoding"}).encoding == EncodingType::learned);
  CHECK(config({"--batch_norm=padded"}).norm == StoryNorm::padded);
  CHECK(config({"--batch_norm=masked"}).norm == StoryNorm::masked);
  CHECK(config({"--batch_norm=none"}).norm == StoryNorm::none);
  CHECK(config({"--write_rule=hebbian"}).write_rule == WriteRule::hebbian);
  CHECK(config({"--write_rule=outer"}).write_rule == WriteRule::outer);
  CHECK(config({"--w_assoc_max=0.5"}).rule.w_max == real(0.5));
  CHECK(config({"--write_rule=signed"}).write_rule == WriteRule::signed_hebbian);
  CHECK(config({"--answer_layer"}).answer_layer);
  CHECK(config({"--read_norm"}).read_norm);
  CHECK(config({"--hop_sum"}).hop_sum);
  CHECK(config({"--separate_hops"}).separate_hops);
  CHECK(config({"--extractor_layers=2"}).extractor_layers == 2);
  CHECK(config({"--read_before_write"}).read_before_write);
  CHECK(config({"--dropout=0.25", "--story_dropout=0.125"}).dropout == 0.25);
  CHECK(config({"--dropout=0.25", "--story_dropout=0.125"}).story_dropout == 0.125);
  CHECK(babi_model(flags({})) == "hmem_qa");
  CHECK_THROWS_AS(qa_kind("gru"), UsageError);
}

TEST_CASE("settings and weights of a model are restored from its file", "[model_file]") {
  for (const auto encoding : {EncodingType::identity, EncodingType::position, EncodingType::learned}) {
    for (const auto norm : {StoryNorm::padded, StoryNorm::masked, StoryNorm::none}) {
      const BabiTask task = make_task("\xC3\x89mile");
      HMemQa::Config config = make_config(task);
      config.encoding = encoding;
      config.norm = norm;
      Saved saved(task, config);
      const std::string load = "--load=" + saved.write(saved.info);
      const auto model = make_babi_model(flags({load, "--dropout=0.5"}), make_data(make_task("\xC3\x89mile")), 2);
      CHECK(settings_of(config_of(*model)) == settings_of(config));
      CHECK(config_of(*model).vocabulary == config.vocabulary);
      CHECK(config_of(*model).words_per_sentence == config.words_per_sentence);
      CHECK(config_of(*model).dropout == 0.5);  // of the training, not of the file
      CHECK(config_of(*model).rule.gamma_pos == real(0.02));
      CHECK(value_hash(model->weights()) == value_hash(saved.model.weights()));
      CHECK(value_hash(HMemQa(config, 2).weights()) != value_hash(saved.model.weights()));
    }
  }
}

TEST_CASE("a file from before later settings existed holds the model without them", "[model_file]") {
  const BabiTask task = make_task();
  Saved saved(task);
  ModelInfo old = saved.info;
  for (const std::string& name : kLater) CHECK(old.erase(name) == 1);
  const ModelFile file(saved.write(old));
  BabiModel read = read_babi_model(file);
  CHECK(settings_of(config_of(*read.network)) == settings_of(saved.model.config()));
  CHECK(value_hash(read.network->weights()) == value_hash(saved.model.weights()));
  old.erase("hops");
  const ModelFile without(saved.write(old));
  CHECK(error_text([&] { read_babi_model(without); }).find("no 'hops' in the metadata") != std::string::npos);
}

TEST_CASE("every kind of model is restored from its file", "[model_file]") {
  const BabiData data = make_data(make_task());
  const TempFolder folder;
  std::vector<std::string> kinds = qa_baselines();
  REQUIRE(kinds == std::vector<std::string>{"memn2n", "lstm"});
  for (const std::string& kind : kinds) {
    CAPTURE(kind);
    const std::string model = "--model=" + kind, load = "--load=" + folder.file("m");
    const auto options = [&](std::vector<const char*> more) {
      Options all = babi_task_baseline_options();
      more.insert(more.begin(), {"p", model.c_str()});
      all.parse(static_cast<int>(more.size()), more.data());
      return all;
    };
    const auto made = make_babi_model(options({"--embeddings_size=6"}), data, 1);
    ModelInfo info = test::qa_info("3", data.task, *made);
    info["model"] = kind;
    save_model(folder.file("m"), info, made->weights());
    const auto loaded = make_babi_model(options({load.c_str()}), data, 2);
    CHECK(loaded->settings() == made->settings());
    CHECK(value_hash(loaded->weights()) == value_hash(made->weights()));
    const BabiModel alone = read_babi_model(ModelFile(folder.file("m")));
    CHECK(alone.network->settings() == made->settings());
    CHECK(value_hash(alone.network->weights()) == value_hash(made->weights()));
    CHECK(ModelFile(folder.file("m")).shape_of("output.weight")[1] == data.task.vocabulary.size());
    CHECK(error_text([&] { make_babi_model(flags({load}), data, 1); }).find("model: found '" + kind) !=
          std::string::npos);
  }
}

TEST_CASE("a model of other data, or with other settings than the flags, is refused with a hint", "[model_file][bad]") {
  Saved saved(make_task());
  const std::string path = saved.write(saved.info);
  const auto load = [&](BabiTask task, int64_t number, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"--load=" + path};
    arguments.insert(arguments.end(), more.begin(), more.end());
    make_babi_model(flags(arguments), make_data(std::move(task), number), 1);
  };
  const auto refused = [&](const std::string& expected, BabiTask task, int64_t number = 3,
                           const std::vector<std::string>& more = {}) {
    const std::string text = error_text([&] { load(std::move(task), number, more); });
    INFO(text);
    CHECK(text.find(expected) != std::string::npos);
    CHECK(text.find(path) == 0);
  };
  CHECK_NOTHROW(load(make_task(), 3, {}));
  CHECK_NOTHROW(load(make_task(), 3, {"--hops=2", "--gamma_pos=2e-2", "--epochs=7"}));
  refused("task_id is '3', expected '4'; the model was trained on another task", make_task(), 4);
  refused("vocabulary is", make_task("Zoe"));
  refused("max_num_sentences is '1', expected '2'", make_task("Bob", "2 Bob ate.\n"));
  refused("words_per_sentence is '3', expected '5'", make_task("Bob", "", "Who ate who ate Bob?"));
  refused("the model has hops 2, but --hops=3 was given", make_task(), 3, {"--hops=3"});
  refused("the model has batch_norm masked, but --batch_norm=none", make_task(), 3, {"--batch_norm=none"});
}

TEST_CASE("a model file with bad numbers or names is refused", "[model_file][bad]") {
  Saved saved(make_task());
  const auto load_error = [&](const ModelInfo& info) {
    const Options options = flags({"--load=" + saved.write(info)});
    return error_text([&] { make_babi_model(options, make_data(make_task()), 1); });
  };
  const auto refused = [&](const std::string& key, const std::string& value) {
    ModelInfo info = saved.info;
    info.at(key) = value;
    const std::string text = load_error(info);
    INFO(key << " = " << value << ": " << text);
    CHECK(text.find(saved.folder.file("model")) == 0);
    CHECK(text.find('\n') == std::string::npos);
  };
  refused("model", "hmem_image");
  for (const char* size : {"0", "-1", "4097", "99999999999999999999", "7.5", "7 ", "", "seven"}) {
    refused("memory_size", size);
    refused("embeddings_size", size);
    refused("hops", size);
  }
  refused("hops", "17");
  for (const char* key : {"gamma_pos", "gamma_neg", "w_assoc_max"}) {
    for (const char* value : {"nan", "inf", "-0.5", "1e99", "", "x", "0.1x"}) refused(key, value);
  }
  refused("encodings_type", "bag_of_words");
  refused("batch_norm", "layer");
  refused("write_rule", "Hebbian");
  for (const char* key : {"read_before_write", "learn_gamma_pos", "tie_keys", "read_norm"}) refused(key, "yes");
  for (const auto& entry : saved.info) {
    if (contains(kLater, entry.first)) continue;
    ModelInfo info = saved.info;
    info.erase(entry.first);
    INFO("without " << entry.first);
    const std::string expected = entry.first == "model" ? "model: found none" : "no '" + entry.first + "'";
    CHECK(load_error(info).find(expected) != std::string::npos);
  }
  ModelInfo contradiction = saved.info;
  contradiction["write_rule"] = "outer";
  contradiction["learn_gamma_neg"] = "1";
  CHECK(load_error(contradiction) ==
        saved.folder.file("model") + ": learn_gamma_neg: found 1 with the write_rule outer, which has no decay");
}

TEST_CASE("a model file alone gives vocabulary, sizes and settings", "[model_file]") {
  const BabiTask task = make_task("\xC3\x89mile", "2 Bob ate.\n");
  Saved saved(task);
  for (const char* task_id : {"3", "1-20", "[1,2]", ""}) {
    ModelInfo info = saved.info;
    info["task_id"] = task_id;
    info["kind"] = info["model"];  // as version 0.1.0 named it
    if (*task_id == '3') info.erase("model");
    const BabiModel found = read_babi_model(ModelFile(saved.write(info)));
    CHECK(found.task_id == task_id);
    CHECK(found.task.vocabulary.all_words() == task.vocabulary.all_words());
    CHECK(found.task.vocabulary.max_age() == task.vocabulary.max_age());
    CHECK(found.task.words_per_sentence == task.words_per_sentence);
    CHECK(found.task.max_num_sentences == 2);
    CHECK(found.network->settings() == saved.model.settings());
    CHECK(config_of(*found.network).vocabulary == saved.model.config().vocabulary);
    CHECK(value_hash(found.network->weights()) == value_hash(saved.model.weights()));
  }
}

TEST_CASE("an inconsistent model file is refused", "[model_file][bad]") {
  const BabiTask task = make_task();  // words ate, bob, who; 1 time word; W = 3
  HMemQa::Config config = make_config(task);
  config.encoding = EncodingType::learned;
  Saved saved(task, config);
  const auto refused = [&](const std::string& key, const std::string& value, const std::string& expected) {
    ModelInfo info = saved.info;
    info.at(key) = value;
    const std::string path = saved.write(info), text = error_text([&] { read_babi_model(ModelFile(path)); });
    INFO(key << " = " << value << ": " << text);
    CHECK(text.find(path + ": ") == 0);
    CHECK(text.find(expected) != std::string::npos);
    CHECK(text.find("expected") != std::string::npos);
    CHECK(text.find('\n') == std::string::npos);
    CHECK(text.size() < path.size() + 400);
  };
  refused("model", "hmem_image", "model: found 'hmem_image'");
  refused("vocabulary", "ate bob who", "vocabulary: found invalid JSON");
  refused("vocabulary", R"({"ate":1})", "vocabulary: found an object");
  refused("vocabulary", R"(["ate",7,"who"])", "vocabulary: found 7");
  refused("vocabulary", "[]", "vocabulary: found no words");
  refused("vocabulary", R"(["","ate","bob"])", "a word without letters");
  refused("vocabulary", R"(["ate","ate","who"])", "found 'ate' after 'ate'");
  refused("vocabulary", R"(["who","bob","ate"])", "found 'bob' after 'who'");
  refused("vocabulary", R"(["ate","who"])", "'embedding.weight' has shape [5, 5], expected 4 rows");
  std::string many = "[\"\"";
  for (int i = 0; i < 1000001; ++i) many += ",\"\"";
  refused("vocabulary", many + "]", "vocabulary: found more than 1000000 texts");
  refused("time_words", "1000000000", "'embedding.weight' has shape [5, 5], expected 1000000004 rows");
  refused("time_words", "0", "time_words is '0'");
  refused("time_words", "9999999999", "time_words is '9999999999'");
  refused("max_num_sentences", "2", "max_num_sentences is '2', expected a number in 1..1");
  refused("words_per_sentence", "4", "'encoding.weight' has shape [3, 5], expected 4 rows");
  refused("words_per_sentence", "1", "words_per_sentence is '1', expected a number in 2..");
  refused("words_per_sentence", "99999999", "words_per_sentence is '99999999'");
  refused("embeddings_size", "4096", "'embedding.weight' has shape [5, 5], expected 4096 columns");
  refused("memory_size", "4096", "has shape [5, 7], expected [5, 4096]");
}
