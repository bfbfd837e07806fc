#include "hmem/tasks/babi/model_file.h"

#include "catch.h"
#include "data/babi/dense_babi.h"
#include "hmem/tasks/signature.h"
#include "support/error_text.h"
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

HMemQa::Config make_config(const BabiTask& task) {
  HMemQa::Config config;
  config.vocabulary = task.vocabulary.size();
  config.words_per_sentence = task.words_per_sentence;
  config.embeddings_size = 5;
  config.memory_size = 7;
  config.hops = 2;
  config.rule = {real(0.02), real(0.03), real(0.7)};
  config.encoding = EncodingType::position;
  config.norm = StoryNorm::masked;
  return config;
}

/// Writes a model with `info` and reads its configuration back.
HMemQa::Config read_config(const TempFolder& folder, const ModelInfo& info, int64_t task_id, const BabiTask& task) {
  HMemQa model(make_config(task), 1);
  const std::string path = folder.file("model");
  save_model(path, info, model.parameters(), model.buffers());
  return babi_model_config(ModelFile(path), task_id, task);
}

}  // namespace

TEST_CASE("settings and weights of a model come back from its file", "[model_file]") {
  const TempFolder folder;
  const BabiTask task = make_task("\xC3\x89mile");
  for (const auto encoding : {EncodingType::identity, EncodingType::position, EncodingType::learned}) {
    for (const auto norm : {StoryNorm::padded, StoryNorm::masked, StoryNorm::none}) {
      HMemQa::Config config = make_config(task);
      config.encoding = encoding;
      config.norm = norm;
      HMemQa model(config, 1);
      const std::string path = folder.file("model");
      save_model(path, babi_model_info(3, task, config), model.parameters(), model.buffers());
      const ModelFile file(path);
      const HMemQa::Config found = babi_model_config(file, 3, task);
      CHECK(found.vocabulary == config.vocabulary);
      CHECK(found.words_per_sentence == config.words_per_sentence);
      CHECK(found.embeddings_size == 5);
      CHECK(found.memory_size == 7);
      CHECK(found.hops == 2);
      CHECK(found.rule.gamma_pos == real(0.02));
      CHECK(found.rule.gamma_neg == real(0.03));
      CHECK(found.rule.w_max == real(0.7));
      CHECK(found.encoding == encoding);
      CHECK(found.norm == norm);
      HMemQa other(found, 2);
      CHECK(value_hash(other.parameters(), other.buffers()) != value_hash(model.parameters(), model.buffers()));
      file.copy_to(other.parameters(), other.buffers());
      CHECK(value_hash(other.parameters(), other.buffers()) == value_hash(model.parameters(), model.buffers()));
    }
  }
}

TEST_CASE("a model of other data is refused with a hint", "[model_file][bad]") {
  const TempFolder folder;
  const BabiTask task = make_task();
  const ModelInfo info = babi_model_info(3, task, make_config(task));
  const auto refused = [&](const std::string& expected, int64_t task_id, const BabiTask& other) {
    const std::string text = error_text([&] { read_config(folder, info, task_id, other); });
    INFO(text);
    CHECK(text.find(expected) != std::string::npos);
    CHECK(text.find(folder.file("model")) == 0);
  };
  CHECK_NOTHROW(read_config(folder, info, 3, task));
  refused("task_id is '3', expected '4'; the model was trained on another task", 4, task);
  refused("vocabulary is", 3, make_task("Zoe"));
  refused("max_num_sentences is '1', expected '2'", 3, make_task("Bob", "2 Bob ate.\n"));
  refused("words_per_sentence is '3', expected '5'", 3, make_task("Bob", "", "Who ate who ate Bob?"));
}

TEST_CASE("a model file with bad numbers or names is refused", "[model_file][bad]") {
  const TempFolder folder;
  const BabiTask task = make_task();
  const ModelInfo good = babi_model_info(3, task, make_config(task));
  const auto refused = [&](const std::string& key, const std::string& value) {
    ModelInfo info = good;
    info[key] = value;
    const std::string text = error_text([&] { read_config(folder, info, 3, task); });
    INFO(key << " = " << value << ": " << text);
    CHECK(text.find(folder.file("model")) == 0);
    CHECK(text.find('\n') == std::string::npos);
  };
  refused("kind", "hmem_image");
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
  for (const auto& entry : good) {
    ModelInfo info = good;
    info.erase(entry.first);
    INFO("without " << entry.first);
    CHECK(error_text([&] { read_config(folder, info, 3, task); }).find("no '" + entry.first + "'") !=
          std::string::npos);
  }
}

TEST_CASE("a model file alone gives vocabulary, sizes and settings", "[model_file]") {
  const TempFolder folder;
  const BabiTask task = make_task("\xC3\x89mile", "2 Bob ate.\n");
  const HMemQa::Config config = make_config(task);
  HMemQa model(config, 1);
  const std::string path = folder.file("model");
  for (const char* task_id : {"3", "1-20", "[1,2]", ""}) {
    ModelInfo info = babi_model_info(3, task, config);
    info["task_id"] = task_id;
    save_model(path, info, model.parameters(), model.buffers());
    const ModelFile file(path);
    const BabiModel found = read_babi_model(file);
    CHECK(found.task_id == task_id);
    CHECK(found.task.vocabulary.all_words() == task.vocabulary.all_words());
    CHECK(found.task.vocabulary.max_age() == task.vocabulary.max_age());
    CHECK(found.task.words_per_sentence == task.words_per_sentence);
    CHECK(found.task.max_num_sentences == 2);
    CHECK(found.config.vocabulary == config.vocabulary);
    CHECK(found.config.hops == config.hops);
    CHECK(found.config.encoding == config.encoding);
    HMemQa other(found.config, 2);
    file.copy_to(other.parameters(), other.buffers());
    CHECK(value_hash(other.parameters(), other.buffers()) == value_hash(model.parameters(), model.buffers()));
  }
}

TEST_CASE("a model file that does not fit itself is refused", "[model_file][bad]") {
  const TempFolder folder;
  const BabiTask task = make_task();  // words ate, bob, who; 1 time word; W = 3
  HMemQa::Config config = make_config(task);
  config.encoding = EncodingType::learned;
  HMemQa model(config, 1);
  const std::string path = folder.file("model");
  const auto refused = [&](const std::string& key, const std::string& value, const std::string& expected) {
    ModelInfo info = babi_model_info(3, task, config);
    info[key] = value;
    save_model(path, info, model.parameters(), model.buffers());
    const std::string text = error_text([&] { read_babi_model(ModelFile(path)); });
    INFO(key << " = " << value << ": " << text);
    CHECK(text.find(path + ": ") == 0);
    CHECK(text.find(expected) != std::string::npos);
    CHECK(text.find("expected") != std::string::npos);
    CHECK(text.find('\n') == std::string::npos);
    CHECK(text.size() < path.size() + 400);
  };
  refused("kind", "hmem_image", "kind is 'hmem_image'");
  refused("vocabulary", "ate bob who", "vocabulary: found invalid JSON");
  refused("vocabulary", R"({"ate":1})", "vocabulary: found an object");
  refused("vocabulary", R"(["ate",7,"who"])", "vocabulary: found 7");
  refused("vocabulary", "[]", "vocabulary: found no words");
  refused("vocabulary", R"(["","ate","bob"])", "a word without letters");
  refused("vocabulary", R"(["ate","ate","who"])", "found 'ate' after 'ate'");
  refused("vocabulary", R"(["who","bob","ate"])", "found 'bob' after 'who'");
  refused("vocabulary", R"(["ate","who"])", "'embedding.weight' has shape [5, 5], expected [4, 5]");
  std::string many = "[\"\"";
  for (int i = 0; i < 1000001; ++i) many += ",\"\"";
  refused("vocabulary", many + "]", "vocabulary: found more than 1000000 texts");
  refused("time_words", "1000000000", "'embedding.weight' has shape [5, 5], expected [1000000004, 5]");
  refused("time_words", "0", "time_words is 0");
  refused("time_words", "9999999999", "time_words is 9999999999");
  refused("max_num_sentences", "2", "max_num_sentences is 2, expected 1..1");
  refused("words_per_sentence", "4", "'encoding.weight' has shape [3, 5], expected [4, 5]");
  refused("words_per_sentence", "1", "words_per_sentence is 1, expected 2..");
  refused("words_per_sentence", "99999999", "words_per_sentence is 99999999");
  refused("embeddings_size", "4096", "'embedding.weight' has shape [5, 5], expected [5, 4096]");
  refused("memory_size", "4096", "'output.weight' has shape [7, 5], expected [4096, 5]");
}
