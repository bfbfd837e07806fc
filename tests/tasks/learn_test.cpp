#include <map>
#include <sstream>

#include "catch.h"
#include "data/babi/dense_babi.h"
#include "hmem/data/generator/registry.h"
#include "hmem/optim/adam.h"
#include "hmem/tasks/babi/learner.h"
#include "hmem/train/model_file.h"
#include "support/qa_files.h"
#include "support/runtime_guard.h"

using namespace hmem;
using hmem::test::parse_text;
using Part = Learner::Part;

namespace {

struct Text {
  std::string train, test;
};

Text generated(int task, int64_t questions) {
  Rng train(1, "train"), test(1, "test");
  return {generate_babi(task, questions, train), generate_babi(task, questions / 4, test)};
}

/// A model of small size and its data; trained the same way every time.
class Run {
 public:
  explicit Run(const Text& text, HMemQa::Config config = small())
      : task_(vectorise_babi(parse_text(text.train), parse_text(text.test))),
        model_(hmem::test::with_sizes(config, task_), 1),
        learner_(model_, task_, split_babi(task_.train.count(), 0.1)) {}

  static HMemQa::Config small() {
    HMemQa::Config config;
    config.embeddings_size = 32;
    config.memory_size = 40;
    return config;
  }

  void train(int64_t epochs) {
    Adam::Settings adam_settings;
    adam_settings.max_grad_norm = 20;
    Adam adam(model_.weights().parameters, adam_settings);
    FitSettings settings;
    settings.epochs = epochs;
    settings.batch_size = 64;
    settings.seed = 1;
    settings.learning_rate = [](int64_t) { return 0.006; };
    fit(learner_, adam, settings);
  }

  const BabiTask& task() const { return task_; }
  double test_error() { return evaluate(learner_, Part::test, 100).error; }
  uint64_t hash() { return value_hash(model_.weights()); }

 private:
  BabiTask task_;
  HMemQa model_;
  BabiLearner learner_;
};

/// The text with every run of letters replaced by what `names` says.
std::string renamed(const std::string& text, const std::map<std::string, std::string>& names) {
  std::string result, word;
  for (const char c : text + '\0') {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower >= 'a' && lower <= 'z') {
      word += lower;
      continue;
    }
    if (!word.empty()) result += names.at(word);
    word.clear();
    result += c;
  }
  result.pop_back();
  return result;
}

Text renamed(const Text& text, const std::map<std::string, std::string>& names) {
  return {renamed(text.train, names), renamed(text.test, names)};
}

}  // namespace

TEST_CASE("a small model learns generated tasks in a few epochs", "[learn]") {
  for (const int id : {1, 15}) {
    Run run(generated(id, 3000));
    INFO("task " << id);
    CHECK(run.test_error() > 50);
    run.train(8);
    CHECK(run.test_error() <= 1);
  }
}

TEST_CASE("no word is special: other words in another order are learned equally well", "[learn]") {
  const Text text = generated(1, 3000);
  const std::vector<std::string> words = Run(text).task().vocabulary.all_words();
  REQUIRE(words.size() > 15);
  const std::vector<std::string> invented = {"\xC5\xBC\xC3\xB3\xC5\x82w",
                                             "\xE8\xA8\x80\xE8\x91\x89",
                                             "nil",
                                             "x1",
                                             "\xD1\x81\xD0\xBB\xD0\xBE\xD0\xB2\xD0\xBE",
                                             "_",
                                             "the_end"};
  std::map<std::string, std::string> names;
  for (size_t i = 0; i < words.size(); ++i) {
    names[words[i]] = i < invented.size() ? invented[i] : words[(i * 5 + 3) % words.size()];
  }
  for (size_t i = 0; i < words.size(); ++i) REQUIRE(names[words[i]] != words[i]);
  Run run(renamed(text, names));
  REQUIRE(run.task().vocabulary.size() == Run(text).task().vocabulary.size());
  run.train(8);
  CHECK(run.test_error() <= 1);
}

TEST_CASE("words that sort the same give the same model, bit for bit", "[learn]") {
  const Text text = generated(15, 600);
  Run original(text);
  std::map<std::string, std::string> names;
  for (const std::string& word : original.task().vocabulary.all_words()) {
    names[word] = std::string("\xC3\xA9") + static_cast<char>('a' + names.size()) + "\xE2\x82\xAC";
  }
  Run other(renamed(text, names));
  original.train(1);
  other.train(1);
  CHECK(original.hash() == other.hash());
}

TEST_CASE("training leaves the same bits for any number of threads and kernel set", "[equiv]") {
  const hmem::test::RuntimeGuard guard;
  const Text text = generated(15, 20 * 64 * 10 / 9 + 1);  // 9 of 10 train: 20 steps, the last one short
  std::vector<HMemQa::Config> configs(3, Run::small());
  configs[1].memory_size = 17;
  configs[1].norm = StoryNorm::masked;
  configs[1].encoding = EncodingType::position;
  configs[1].hops = 1;
  configs[2].embeddings_size = 7;
  configs[2].norm = StoryNorm::none;
  configs[2].rule.w_max = real(0.7);
  const auto hash = [&](const HMemQa::Config& config, int threads) {
    set_num_threads(threads);
    Run run(text, config);
    run.train(1);
    return run.hash();
  };
  for (const HMemQa::Config& config : configs) {
    INFO("memory " << config.memory_size << ", embeddings " << config.embeddings_size);
    select_gemm_backend(GemmBackend::blas);
    const uint64_t with_blas = hash(config, 1);
    for (const int threads : {2, 3}) CHECK(hash(config, threads) == with_blas);

    select_gemm_backend(GemmBackend::builtin);
    select_kernel_set("generic");
    const uint64_t expected = hash(config, 1);
    for (const std::string& kernels : available_kernel_sets()) {
      select_kernel_set(kernels);
      INFO(kernels);
      for (const int threads : {1, 2, 3}) CHECK(hash(config, threads) == expected);
    }
  }
}

TEST_CASE("sentences that only pad a batch are a count: nothing grows with them", "[equiv]") {
  // One long test story, of known words, makes every batch of the training part 100 times longer on paper.
  Text text = generated(1, 40);
  const std::string first = text.train.substr(2, text.train.find('\n') - 1);  // the words of the first sentence
  Run short_run(text);
  std::string story;
  for (int line = 1; line <= 1000; ++line) story += std::to_string(line) + " " + first;
  Text long_text = {text.train, text.test + story + "1001 Where is Mary?\tgarden\t1\n"};
  const BabiTask long_task = vectorise_babi(parse_text(long_text.train), parse_text(long_text.test));
  const BabiTask& short_task = short_run.task();
  REQUIRE(long_task.vocabulary.all_words() == short_task.vocabulary.all_words());
  REQUIRE(short_task.max_num_sentences == 10);
  REQUIRE(long_task.max_num_sentences == 1000);

  std::vector<int64_t> examples(32);
  for (size_t i = 0; i < examples.size(); ++i) examples[i] = static_cast<int64_t>(i);
  BabiBatch short_batch, long_batch;
  BabiBatcher(short_task, short_task.train).fill(short_batch, examples.data(), 32);
  BabiBatcher(long_task, long_task.train).fill(long_batch, examples.data(), 32);
  CHECK(long_batch.padded == short_batch.padded + 32 * 990);
  CHECK(long_batch.rows.shape() == short_batch.rows.shape());
  CHECK(long_batch.pairs.first == short_batch.pairs.first);
  CHECK(long_batch.pairs.second == short_batch.pairs.second);
  CHECK(long_batch.offsets == short_batch.offsets);

  const auto arena = [&](const BabiBatch& batch) {
    HMemQa model(hmem::test::with_sizes(Run::small(), long_task), 1);  // for both: time words are words
    Tape tape;
    tape.backward(classification_loss(model.forward(tape, batch), batch.answers, model.weights(), 1e-3).loss);
    return tape.bytes();
  };
  CHECK(arena(long_batch) == arena(short_batch));
}
