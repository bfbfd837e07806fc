#include "hmem/train/replicas.h"

#include <cmath>

#include "catch.h"
#include "data/babi/dense_babi.h"
#include "hmem/autodiff/ops_basic.h"
#include "hmem/autodiff/ops_nn.h"
#include "hmem/core/check.h"
#include "hmem/optim/adam.h"
#include "hmem/tasks/babi/learner.h"
#include "support/error_text.h"
#include "support/numbers.h"
#include "support/qa_files.h"

using namespace hmem;
using Part = Learner::Part;

namespace {

/// H-Mem with batch norm and questions of task 1, 20 of them for training.
struct Replicated {
  BabiTask task = vectorise_babi(generate_babi_epoch(1, 20, 1, {}, 0), generate_babi_epoch(1, 20, 1, {}, 1));
  HMemQa model = test::make_qa(task, 8, 9);
  BabiLearner learner{model, task, split_babi(task.train.count(), 0.25)};
  std::vector<int64_t> examples = {3, 1, 4, 0, 5, 9, 2, 6, 8, 7, 11};

  BatchSums run(BatchRunner& runner, uint64_t step = 0) {
    return runner.run(learner, step, examples.data(), static_cast<int64_t>(examples.size()));
  }
};

/// What a batch leaves behind: loss, gradients, moving averages.
struct Outcome {
  explicit Outcome(int64_t part_size) {
    Replicated of;
    const auto n = static_cast<int64_t>(of.examples.size());
    Replicas replicas(n, part_size, of.learner.weights());
    sums = of.run(replicas);
    for (Parameter* parameter : of.learner.weights().parameters) tensors.push_back(parameter->grad.clone());
    for (Buffer* buffer : of.learner.weights().buffers) tensors.push_back(buffer->value.clone());
  }
  BatchSums sums;
  std::vector<Tensor> tensors;
};

/// Its batch has a norm of which one part knows nothing: it fails before, while the others wait.
class FailingLearner final : public Learner {
 public:
  explicit FailingLearner(int64_t bad) : bad_(bad) {}
  int64_t count(Part) const override { return 9; }
  BatchResult run(Tape& tape, Part, const int64_t* examples, int64_t count) override {
    for (int64_t i = 0; i < count; ++i) HMEM_CHECK(examples[i] != bad_, "example ", bad_, " is damaged");
    x_.push_back(std::make_unique<Tensor>(Shape{count, 1}));
    for (int64_t i = 0; i < count; ++i) (*x_.back())[i] = static_cast<real>(examples[i]);
    const Var y = batch_norm(tape.constant(*x_.back()), tape.leaf(scale), tape.leaf(shift), real(1e-3), {});
    return {l2_penalty({y}, 1), 0};
  }
  Weights weights() override { return {{&scale, &shift}, {}, {}}; }

  Parameter scale{"scale", {1}}, shift{"shift", {1}};

 private:
  int64_t bad_;
  std::vector<std::unique_ptr<Tensor>> x_;
};

}  // namespace

TEST_CASE("the plan of a batch: parts one after the other, spread evenly over the ranks", "[replicas]") {
  const int64_t examples = GENERATE(1, 7, 128, 129, 900), part_size = GENERATE(1, 32, 128);
  const int ranks = GENERATE(1, 2, 3, 8);
  CAPTURE(examples, part_size, ranks);
  const BatchPlan plan(examples, part_size, ranks);
  CHECK(plan.begin(0) == 0);
  CHECK(plan.begin(plan.parts) == examples);
  CHECK(plan.begin(plan.parts - 1) < examples);
  CHECK(plan.first_part(0) == 0);
  CHECK(plan.first_part(ranks) == plan.parts);
  for (int r = 0; r < ranks; ++r) {
    const int64_t parts = plan.first_part(r + 1) - plan.first_part(r);
    CHECK(parts >= plan.parts / ranks);
    CHECK(parts <= plan.first_part(1));
    CHECK(plan.first_part(1) <= plan.parts / ranks + 1);
  }
  CHECK_THROWS_AS(BatchPlan(0, part_size, ranks), Error);
  CHECK_THROWS_AS(BatchPlan(examples, 0, ranks), Error);
}

TEST_CASE("a batch in parts has the loss, gradient and statistics of the batch", "[replicas]") {
  const Outcome whole(11);
  const int64_t part_size = GENERATE(1, 2, 4, 5, 10);
  CAPTURE(part_size);
  const Outcome parts(part_size);
  CHECK(parts.sums.errors == whole.sums.errors);
  CHECK(std::abs(parts.sums.loss - whole.sums.loss) <= 1e-5 * whole.sums.loss);
  REQUIRE(parts.tensors.size() == whole.tensors.size());
  for (size_t i = 0; i < whole.tensors.size(); ++i) {
    CAPTURE(i);
    double scale = 1e-3;
    for (const real value : whole.tensors[i]) scale = std::max(scale, std::abs(static_cast<double>(value)));
    for (int64_t j = 0; j < whole.tensors[i].count(); ++j) {
      REQUIRE(std::abs(static_cast<double>(parts.tensors[i][j]) - static_cast<double>(whole.tensors[i][j])) <=
              2e-5 * scale);
    }
  }
}

TEST_CASE("one part is the batch, bit for bit", "[replicas]") {
  Replicated of, other;
  const auto n = static_cast<int64_t>(of.examples.size());
  Replicas replicas(n, n, of.learner.weights());
  of.run(replicas, 3);
  Tape tape;
  tape.set_step(3);
  zero_gradients(other.learner.weights().parameters);
  tape.backward(other.learner.run(tape, Part::train, other.examples.data(), n).loss);
  const Weights a = of.learner.weights(), b = other.learner.weights();
  for (size_t i = 0; i < a.parameters.size(); ++i) {
    CHECK(test::same_bits(a.parameters[i]->grad, b.parameters[i]->grad));
  }
  for (size_t i = 0; i < a.buffers.size(); ++i) CHECK(test::same_bits(a.buffers[i]->value, b.buffers[i]->value));
}

TEST_CASE("a part that fails ends the batch with its reason, and the next batch is computed", "[replicas]") {
  const int64_t bad = GENERATE(0, 4, 8);
  CAPTURE(bad);
  FailingLearner learner(bad);
  learner.scale.value.fill(1);
  Replicas replicas(9, 3, learner.weights());
  std::vector<int64_t> examples = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  CHECK(test::error_text([&] { replicas.run(learner, 0, examples.data(), 9); }) ==
        "example " + std::to_string(bad) + " is damaged");
  for (int64_t& example : examples) example += 10;
  // Nine normalised numbers: the sum of their squares is nine times var / (var + epsilon), each part has a third of it.
  CHECK(std::abs(replicas.run(learner, 1, examples.data(), 9).loss - 3 * (60.0 / 9) / (60.0 / 9 + 1e-3)) < 1e-4);
}

TEST_CASE("evaluation and training through replicas", "[replicas]") {
  Replicated of;
  Replicas replicas(8, 3, of.learner.weights());
  const Evaluation a = replicas.evaluate(of.learner, Part::validation, 2);
  const Evaluation b = evaluate(of.learner, Part::validation, 2);
  CHECK(a.loss == b.loss);
  CHECK(a.error == b.error);
  CHECK_FALSE(replicas.stops(false));
  CHECK(replicas.stops(true));
  // As on one tape, up to roundings.
  const auto train = [](Replicated& trained, BatchRunner* runner) {
    Adam adam(trained.learner.weights().parameters, {});
    FitSettings settings;
    settings.epochs = 4;
    settings.batch_size = 8;
    settings.runner = runner;
    settings.learning_rate = [](int64_t) { return 0.01; };
    FitState state;
    fit(trained.learner, adam, settings, state);
    return state.last;
  };
  Replicated other;
  const FitState::Metrics found = train(of, &replicas), expected = train(other, nullptr);
  CHECK(found.train.loss < a.loss);
  CHECK(std::abs(found.train.loss - expected.train.loss) < 1e-3);
  CHECK(std::abs(found.validation.loss - expected.validation.loss) < 1e-3);
}
