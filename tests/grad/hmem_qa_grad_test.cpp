// The question-answering networks with every option against central differences.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "hmem/autodiff/grad_check.h"
#include "hmem/models/hmem_qa.h"
#include "hmem/models/lstm_qa.h"
#include "hmem/models/memn2n_qa.h"
#include "hmem/train/classifier.h"

namespace hmem {
namespace {

/// Four stories of 1 to 6 sentences, three words and a time word in a sentence.
BabiBatch small_batch() {
  constexpr int32_t kWords = 9, kTimeWords = 6;
  constexpr int64_t kSentences = 7, kWidth = 4;
  Rng rng(3, "hmem_qa_grad_test");
  const auto words = [&](IdTensor& ids, int64_t rows) {
    for (int64_t r = 0; r < rows; ++r) {
      const uint32_t length = 1 + rng.below(3);
      for (uint32_t w = 0; w < length; ++w) {
        ids[r * kWidth + w] = 1 + static_cast<int32_t>(rng.below(static_cast<uint32_t>(kWords)));
      }
    }
  };
  BabiBatch batch;
  batch.rows = IdTensor({kSentences + kTimeWords, kWidth});
  words(batch.rows, kSentences);
  for (int32_t age = 0; age < kTimeWords; ++age) batch.rows[(kSentences + age + 1) * kWidth - 1] = kWords + 1 + age;
  batch.offsets = {0};
  for (const int64_t length : {3, 1, 6, 4}) {
    for (int64_t i = 0; i < length; ++i) {
      batch.pairs.first.push_back(static_cast<int32_t>(rng.below(static_cast<uint32_t>(kSentences))));
      batch.pairs.second.push_back(static_cast<int32_t>(kSentences + length - 1 - i));
    }
    batch.offsets.push_back(batch.offsets.back() + length);
  }
  batch.pairs.rows = kSentences + kTimeWords;
  batch.pairs.seconds_begin = kSentences;
  batch.pairs.index_rows();
  batch.questions = IdTensor({4, kWidth});
  words(batch.questions, 4);
  batch.questions[kWidth - 1] = 2;  // a question that fills the last slot
  batch.answers = IdTensor({4});
  for (const auto& [at, answer] : {std::pair(0, 5), std::pair(1, 2), std::pair(2, -1), std::pair(3, 9)}) {
    batch.answers[at] = answer;
  }
  batch.padded = 4 * kTimeWords - batch.pairs.count();
  return batch;
}

/// Sizes that fit small_batch().
HMemQa::Config small_config() {
  HMemQa::Config config;
  config.vocabulary = 16;
  config.words_per_sentence = 4;
  config.embeddings_size = 6;
  config.memory_size = 5;
  return config;
}

void check_network(QaModel& model, double step = 1e-5, double l2 = 1e-3, double tolerance = 1e-7) {
  const Weights weights = model.weights();
  // Away from the initial values 0 and 1, at which a scale or a shift can hide a mistake.
  Rng rng(4, "hmem_qa_grad_test");
  for (Parameter* p : weights.parameters) {
    const double range = p->name.rfind("gamma", 0) == 0 ? 0.05 : 0.3;
    for (real& x : p->value) x += static_cast<real>(rng.uniform(-range, range));
  }
  const BabiBatch batch = small_batch();
  GradCheckSettings settings;
  settings.step = step;
  settings.tolerance = tolerance;
  const auto loss = [&](Tape& tape) {
    return classification_loss(model.forward(tape, batch), batch.answers, weights, l2).loss;
  };
  const GradReport report = check_gradients(weights.parameters, loss, settings);
  CAPTURE(report.problem, report.worst_error);
  CHECK(report.ok());
}

void check_model(const HMemQa::Config& config, double step = 1e-5, double l2 = 1e-3, double tolerance = 1e-7) {
  HMemQa model(config, 1);
  check_network(model, step, l2, tolerance);
}

template <typename Config>
Config sized(Config config) {
  config.vocabulary = 16;
  config.words_per_sentence = 4;
  config.embeddings_size = 6;
  config.encoding = EncodingType::learned;
  return config;
}

/// The logits of a question do not depend on the other stories of its batch.
void check_alone(QaModel& model) {
  const BabiBatch batch = small_batch();
  Tape all(Tape::Mode::inference), single(Tape::Mode::inference);
  const Var together = model.forward(all, batch);
  for (int64_t b = 0; b < batch.size(); ++b) {
    BabiBatch one;
    one.rows = batch.rows.clone();
    one.pairs.rows = batch.pairs.rows;
    one.pairs.seconds_begin = batch.pairs.seconds_begin;
    const auto begin = batch.offsets[static_cast<size_t>(b)], end = batch.offsets[static_cast<size_t>(b) + 1];
    one.pairs.first.assign(batch.pairs.first.begin() + begin, batch.pairs.first.begin() + end);
    one.pairs.second.assign(batch.pairs.second.begin() + begin, batch.pairs.second.begin() + end);
    one.pairs.index_rows();
    one.offsets = {0, end - begin};
    one.questions = IdTensor({1, batch.questions.size(1)});
    std::copy_n(batch.questions.data() + b * batch.questions.size(1), batch.questions.size(1), one.questions.data());
    one.answers = IdTensor({1});
    single.reset(Tape::Mode::inference);
    const Var alone = model.forward(single, one);
    for (int64_t v = 0; v < alone.count(); ++v) {
      CHECK(alone.data()[v] == Approx(together.data()[b * alone.count() + v]).margin(1e-12));
    }
  }
}

TEST_CASE("gradients of the end-to-end memory network", "[grad]") {
  MemN2NQa::Config config = sized(MemN2NQa::Config());
  config.hops = GENERATE(1, 3);
  MemN2NQa model(config, 1);
  check_alone(model);
  check_network(model);
}

TEST_CASE("gradients of the LSTM over sentences, whose padding is not seen", "[grad]") {
  LstmQa::Config config = sized(LstmQa::Config());
  config.hidden_size = 5;
  LstmQa model(config, 1);
  check_alone(model);
  check_network(model);
}

TEST_CASE("gradients of the network with other write rules", "[grad]") {
  const bool read_before_write = GENERATE(false, true), tie_keys = GENERATE(false, true);
  const bool learn = GENERATE(false, true);
  const WriteRule rule = GENERATE(WriteRule::hebbian, WriteRule::outer, WriteRule::signed_hebbian);
  CAPTURE(read_before_write, tie_keys, learn, static_cast<int>(rule));
  HMemQa::Config config = small_config();
  config.rule = {real(0.2), real(0.1), real(1.3)};
  config.write_rule = rule;
  config.read_before_write = read_before_write;
  config.tie_keys = tie_keys;
  config.learn_gamma_pos = learn;
  config.learn_gamma_neg = learn && rule != WriteRule::outer;
  check_model(config, 3e-6);  // the memory is strong here and the loss curved
}

TEST_CASE("gradients of the network with an answer layer, other reads and residual extractors", "[grad]") {
  const bool read_before_write = GENERATE(false, true), answer_layer = GENERATE(false, true);
  const bool read_norm = GENERATE(false, true), hop_sum = GENERATE(false, true);
  const bool more = GENERATE(false, true);
  CAPTURE(read_before_write, answer_layer, read_norm, hop_sum, more);
  HMemQa::Config config = small_config();
  config.rule = {real(0.08), real(0.05), real(1.3)};
  config.read_before_write = read_before_write;
  config.answer_layer = answer_layer;
  config.read_norm = read_norm;
  config.hop_sum = hop_sum;
  config.extractor_layers = more ? 2 : 1;
  config.separate_hops = more;
  check_model(config, 3e-6, 1e-3, 1e-6);  // the norm of a small read is steep and curved
}

TEST_CASE("gradients of the network with dropout of stories and answers", "[grad]") {
  const bool read_before_write = GENERATE(false, true);
  CAPTURE(read_before_write);
  HMemQa::Config config = small_config();
  config.rule = {real(0.08), real(0.05), real(1.3)};
  config.read_before_write = read_before_write;
  const BabiBatch batch = small_batch();
  const auto loss = [&batch](HMemQa::Config changed, double dropout, double story_dropout, Tape::Mode mode) {
    changed.dropout = dropout;
    changed.story_dropout = story_dropout;
    HMemQa model(changed, 1);
    Tape tape;
    tape.reset(mode);
    return *softmax_cross_entropy(model.forward(tape, batch), batch.answers).loss.data();
  };
  const real none = loss(config, 0, 0, Tape::Mode::training), inference = loss(config, 0, 0, Tape::Mode::inference);
  for (const auto& [dropout, story_dropout] : {std::pair(0.4, 0.0), std::pair(0.0, 0.4)}) {
    CAPTURE(dropout, story_dropout);
    CHECK(loss(config, dropout, story_dropout, Tape::Mode::training) != none);
    CHECK(loss(config, dropout, story_dropout, Tape::Mode::inference) == inference);
  }
  config.dropout = 0.3;
  config.story_dropout = 0.2;
  check_model(config, 3e-6);
}

TEST_CASE("gradients of the question answering network, every option", "[grad]") {
  const EncodingType encoding = GENERATE(EncodingType::identity, EncodingType::position, EncodingType::learned);
  const StoryNorm norm = GENERATE(StoryNorm::padded, StoryNorm::masked, StoryNorm::none);
  const int hops = GENERATE(1, 3);
  CAPTURE(static_cast<int>(encoding), static_cast<int>(norm), hops);
  HMemQa::Config config = small_config();
  config.hops = hops;
  config.rule = {real(0.08), real(0.05), real(1.3)};
  config.encoding = encoding;
  config.norm = norm;
  check_model(config, 1e-5, 0.01);
}

}  // namespace
}  // namespace hmem
