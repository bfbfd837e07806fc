#include "catch.h"
#include "hmem/autodiff/ops_basic.h"
#include "support/golden_qa.h"

using namespace hmem;
using hmem::test::Duplicates;
using hmem::test::GoldenQa;
using hmem::test::relative_error;

namespace {

struct Outcome {
  double loss = 0;
  Tensor logits;
  std::vector<std::pair<std::string, Tensor>> gradients, averages;
};

Tensor copy_of(Var var) {
  Tensor copy(var.shape());
  std::copy_n(var.data(), var.count(), copy.data());
  return copy;
}

/// Backward pass; collects what the step left in the model.
Outcome outcome_of(Tape& tape, Var loss, Var logits, const Weights& weights) {
  Outcome outcome;
  tape.backward(loss);
  outcome.loss = static_cast<double>(*loss.data());
  outcome.logits = copy_of(logits);
  for (Parameter* parameter : weights.parameters) {
    outcome.gradients.emplace_back(parameter->name, parameter->grad.clone());
  }
  for (Buffer* buffer : weights.buffers) outcome.averages.emplace_back(buffer->name, buffer->value.clone());
  return outcome;
}

Outcome packed_step(GoldenQa& golden, Duplicates duplicates) {
  Tape tape;
  const BabiBatch batch = golden.batch(duplicates);
  zero_gradients(golden.weights().parameters);
  const Var logits = golden.model().forward(tape, batch);
  const Var loss = classification_loss(logits, batch.answers, golden.weights(), hmem::test::kGoldenL2).loss;
  return outcome_of(tape, loss, logits, golden.weights());
}

/// The equations one after the other with the plain operations: every sentence encoded with its time word, normalised,
/// mapped, written and read by itself. The moving averages are left out.
Outcome composed_step(GoldenQa& golden) {
  const HMemQa::Config& config = golden.model().config();
  const BabiBatch batch = golden.batch();
  const int64_t e = config.embeddings_size, d = config.memory_size;
  const int64_t width = config.words_per_sentence;
  IdTensor sentences({batch.pairs.count(), width});
  for (int64_t i = 0; i < batch.pairs.count(); ++i) {
    for (int64_t w = 0; w < width; ++w) {
      sentences[i * width + w] = batch.rows[batch.pairs.first[static_cast<size_t>(i)] * width + w] +
                                 batch.rows[batch.pairs.second[static_cast<size_t>(i)] * width + w];
    }
  }

  zero_gradients(golden.weights().parameters);
  Tape tape;
  const auto leaf = [&](const std::string& name) {
    for (Parameter* parameter : golden.weights().parameters) {
      if (parameter->name == name) return tape.leaf(*parameter);
    }
    FAIL("no parameter " << name);
    return Var();
  };
  const Var table = leaf("embedding.weight"), encoding = leaf("encoding.weight");
  Var x = sentence_encoding(table, encoding, sentences), q = sentence_encoding(table, encoding, batch.questions);
  if (config.norm != StoryNorm::none) {
    const int64_t padded = config.norm == StoryNorm::padded ? batch.padded : 0;
    x = batch_norm(x, leaf("story_norm.scale"), leaf("story_norm.shift"), BatchNorm::kEpsilon, {padded, nullptr});
    q = batch_norm(q, leaf("query_norm.scale"), leaf("query_norm.shift"), BatchNorm::kEpsilon, {0, nullptr});
  }
  const Var w_k = leaf("extract.key.weight"), w_v = leaf("extract.value.weight"), w_r = leaf("read.weight");
  const Memory memory = hebbian_write(matmul(x, w_k), matmul(x, w_v), batch.offsets, config.rule);
  const Var from_question = matmul(q, tape.slice(w_r, 0, e));
  Var r = memory_read(memory, from_question);
  for (int hop = 1; hop < config.hops; ++hop) {
    r = memory_read(memory, add(from_question, matmul(r, tape.slice(w_r, e, e + d))));
  }
  const Var logits = matmul(r, leaf("output.weight"));
  const Var loss = add(softmax_cross_entropy(logits, batch.answers).loss,
                       l2_penalty({w_k, w_v, w_r}, static_cast<real>(hmem::test::kGoldenL2)));
  return outcome_of(tape, loss, logits, golden.weights());
}

void check_equal(const Outcome& found, const Outcome& expected) {
  CHECK(found.loss == Approx(expected.loss).epsilon(1e-6));
  CHECK(relative_error(found.logits.view(), expected.logits) <= 1e-5);
  REQUIRE(found.gradients.size() == expected.gradients.size());
  for (size_t i = 0; i < found.gradients.size(); ++i) {
    INFO("gradient of " << found.gradients[i].first);
    CHECK(relative_error(found.gradients[i].second.view(), expected.gradients[i].second) <= 2e-5);
  }
}

}  // namespace

TEST_CASE("the packed batch computes what the plain operations do one after the other", "[equiv]") {
  for (const char* name :
       {"plain", "batch_norm_masked", "batch_norm_none", "one_hop", "short_stories", "w_assoc_max"}) {
    DYNAMIC_SECTION(name) {
      GoldenQa packed(name), composed(name);
      check_equal(packed_step(packed, Duplicates::shared), composed_step(composed));
    }
  }
}

TEST_CASE("a sentence that several stories share counts as often as it is told", "[equiv]") {
  for (const char* name : {"plain", "batch_norm_masked", "short_stories"}) {
    DYNAMIC_SECTION(name) {
      GoldenQa shared(name), repeated(name);
      REQUIRE(shared.batch(Duplicates::shared).rows.size(0) < shared.batch(Duplicates::repeated).rows.size(0));
      const Outcome found = packed_step(shared, Duplicates::shared);
      const Outcome expected = packed_step(repeated, Duplicates::repeated);
      check_equal(found, expected);
      for (size_t i = 0; i < found.averages.size(); ++i) {
        INFO(found.averages[i].first);
        CHECK(relative_error(found.averages[i].second.view(), expected.averages[i].second) <= 1e-6);
      }
    }
  }
}
