#include "hmem/train/fit.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "catch.h"
#include "hmem/autodiff/ops_basic.h"
#include "hmem/optim/schedule.h"
#include "hmem/optim/sgd.h"
#include "support/error_text.h"

using namespace hmem;
using hmem::test::error_text;
using Part = Learner::Part;

namespace {

/// loss = strength w^2 + the mean of the examples' numbers; an example with an odd number is answered wrongly.
class CountingLearner : public Learner {
 public:
  explicit CountingLearner(int64_t train, int64_t validation = 0, int64_t test = 0)
      : w("w", {1}), counts_{train, validation, test} {
    w.value[0] = 1;
  }

  int64_t count(Part part) const override { return counts_[static_cast<size_t>(part)]; }

  BatchResult run(Tape& tape, Part part, const int64_t* examples, int64_t count) override {
    CHECK(tape.training() == (part == Part::train));
    batches.emplace_back(examples, examples + count);
    parts.push_back(part);
    BatchResult result;
    mean_[0] = 0;
    for (int64_t i = 0; i < count; ++i) {
      mean_[0] += static_cast<real>(examples[i]) / static_cast<real>(count);
      result.errors += examples[i] % 2;
    }
    if (static_cast<int64_t>(batches.size()) == nan_at_batch) mean_[0] = std::numeric_limits<real>::quiet_NaN();
    result.loss = add(weighted_sum(tape.constant(mean_), one_), l2_penalty({tape.leaf(w)}, strength));
    return result;
  }

  Weights weights() override { return {{&w}, {}, {}}; }
  void after_update() override { ++updates; }

  Parameter w;
  real strength = 0;
  int64_t nan_at_batch = -1;
  int64_t updates = 0;
  std::vector<std::vector<int64_t>> batches;
  std::vector<Part> parts;

 private:
  std::vector<int64_t> counts_;
  Tensor mean_{Shape{1}};
  Tensor one_ = [] {
    Tensor one({1});
    one[0] = 1;
    return one;
  }();
};

FitSettings settings(int64_t epochs, int64_t batch_size, uint64_t seed = 1) {
  FitSettings result;
  result.epochs = epochs;
  result.batch_size = batch_size;
  result.seed = seed;
  result.learning_rate = [](int64_t) { return 0.1; };
  return result;
}

/// The training examples in the order in which they came.
std::vector<int64_t> order_of(int64_t epochs, uint64_t seed) {
  CountingLearner learner(7);
  Sgd sgd({&learner.w}, {});
  fit(learner, sgd, settings(epochs, 3, seed));
  std::vector<int64_t> order;
  for (const auto& batch : learner.batches) order.insert(order.end(), batch.begin(), batch.end());
  return order;
}

}  // namespace

TEST_CASE("an epoch is a permutation determined by the seed alone; the short last batch is trained on", "[fit]") {
  CountingLearner learner(7);
  Sgd sgd({&learner.w}, {});
  fit(learner, sgd, settings(2, 3));
  REQUIRE(learner.batches.size() == 6);
  for (const size_t epoch : {size_t{0}, size_t{1}}) {
    std::vector<int64_t> seen;
    for (size_t i = 0; i < 3; ++i) {
      const auto& batch = learner.batches[3 * epoch + i];
      CHECK(batch.size() == (i < 2 ? 3 : 1));
      seen.insert(seen.end(), batch.begin(), batch.end());
    }
    std::sort(seen.begin(), seen.end());
    CHECK(seen == std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6});
  }
  CHECK(learner.updates == 6);
  CHECK(sgd.steps() == 6);

  const std::vector<int64_t> order = order_of(3, 1);
  CHECK(order == order_of(3, 1));
  CHECK(order != order_of(3, 2));
  CHECK(std::vector<int64_t>(order.begin(), order.begin() + 7) !=
        std::vector<int64_t>(order.begin() + 7, order.begin() + 14));
}

TEST_CASE("training metrics are means over examples, and only the training part updates weights", "[fit]") {
  CountingLearner learner(5, 4, 3);
  Sgd sgd({&learner.w}, {});
  std::vector<EpochReport> reports;
  FitSettings two = settings(2, 2);
  two.on_epoch = [&](const EpochReport& report) { reports.push_back(report); };
  fit(learner, sgd, two);
  REQUIRE(reports.size() == 2);
  for (size_t epoch = 0; epoch < 2; ++epoch) {
    CHECK(reports[epoch].epoch == static_cast<int64_t>(epoch));
    CHECK(reports[epoch].train.loss == Approx(2));  // (0 + .. + 4) / 5, whatever the batches
    CHECK(reports[epoch].train.error == Approx(40));
    CHECK(reports[epoch].validation.loss == Approx(1.5));
    CHECK(reports[epoch].validation.error == Approx(50));
    CHECK(reports[epoch].examples_per_s > 0);
    CHECK(reports[epoch].training_seconds > 0);
  }
  CHECK(learner.updates == 6);
  CHECK(learner.parts == std::vector<Part>{Part::train, Part::train, Part::train, Part::validation, Part::validation,
                                           Part::train, Part::train, Part::train, Part::validation, Part::validation});
}

TEST_CASE("evaluation goes through a part in order, the short batch included", "[fit]") {
  CountingLearner learner(5, 0, 4);
  std::vector<std::pair<int64_t, int64_t>> shown;
  const auto show = [&shown](int64_t done, int64_t total) { shown.emplace_back(done, total); };
  const Evaluation test = evaluate(learner, Part::test, 3, show);
  CHECK(shown == std::vector<std::pair<int64_t, int64_t>>{{0, 4}, {3, 4}, {4, 4}});
  CHECK(learner.batches == std::vector<std::vector<int64_t>>{{0, 1, 2}, {3}});
  CHECK(test.loss == Approx(1.5));
  CHECK(test.error == Approx(50));
  CHECK(learner.w.grad[0] == 0);
  CHECK(learner.updates == 0);
  const Evaluation nothing = evaluate(learner, Part::validation, 3);
  CHECK(std::isnan(nothing.loss));
  CHECK(std::isnan(nothing.error));
  CHECK_THROWS_AS(evaluate(learner, Part::test, 0), Error);
}

TEST_CASE("every epoch trains with its own learning rate", "[fit]") {
  CountingLearner learner(4);
  learner.strength = real(0.5);  // gradient w: a step multiplies w by 1 - rate
  Sgd sgd({&learner.w}, {});
  FitSettings three = settings(3, 2);
  three.learning_rate = [](int64_t epoch) { return step_decay(0.4, epoch, 0.5, 1); };
  std::vector<double> rates, norms;
  three.on_epoch = [&](const EpochReport& report) {
    rates.push_back(report.learning_rate);
    norms.push_back(report.largest_norm);
  };
  fit(learner, sgd, three);
  CHECK(rates == std::vector<double>{0.4, 0.2, 0.1});
  CHECK(learner.w.value[0] == Approx(0.6 * 0.6 * 0.8 * 0.8 * 0.9 * 0.9));
  REQUIRE(norms.size() == 3);
  CHECK(norms[0] == Approx(1));  // the first step's
  CHECK(norms[1] == Approx(0.36));
}

TEST_CASE("a loss or gradient that is not finite stops the run and changes nothing", "[fit][bad]") {
  CountingLearner learner(4);
  Sgd sgd({&learner.w}, {});
  learner.strength = real(0.5);
  learner.nan_at_batch = 4;
  const std::string text = error_text([&] { fit(learner, sgd, settings(3, 2)); });
  CHECK(text == "epoch 1, step 1: the loss is nan; try a smaller --learning_rate or a --max_grad_norm");
  CHECK(learner.updates == 3);
  CHECK(learner.w.value[0] == Approx(0.9 * 0.9 * 0.9));

  CountingLearner last(4, 2, 2);  // the update of the last step is seen by the validation
  Sgd third({&last.w}, {});
  last.nan_at_batch = 3;
  CHECK(error_text([&] { fit(last, third, settings(1, 2)); }) ==
        "epoch 0: the loss of validation examples is nan: the model is unusable; try a smaller --learning_rate");
  last.nan_at_batch = 4;
  CHECK_THAT(error_text([&] { evaluate(last, Part::test, 2); }), Contains("the loss of test examples is nan"));

  CountingLearner steep(4);
  steep.strength = std::numeric_limits<real>::max();
  steep.w.value[0] = real(1e-30);  // its square vanishes, so that the loss is finite
  Sgd other({&steep.w}, {});
  CHECK(error_text([&] { fit(steep, other, settings(1, 2)); }) ==
        "epoch 0, step 0: the gradient of w is not finite; try a smaller --learning_rate");
  CHECK(steep.w.value[0] == real(1e-30));
}

TEST_CASE("timing: warm-up, full batches only, a part that is too small", "[fit]") {
  CountingLearner learner(5);
  Sgd sgd({&learner.w}, {});
  const StepTimes times = time_steps(learner, sgd, settings(0, 2), 3);
  CHECK(learner.batches.size() == 5 + 3);
  for (const auto& batch : learner.batches) CHECK(batch.size() == 2);
  CHECK(times.min_ms > 0);
  CHECK(times.median_ms >= times.min_ms);
  CHECK(times.examples_per_s == Approx(2 / times.median_ms * 1e3));
  CHECK_THROWS_AS(time_steps(learner, sgd, settings(0, 6), 3), Error);
}

TEST_CASE("training ends when its validation part has been solved for some epochs", "[fit]") {
  const auto epochs_of = [](int64_t validation, int64_t stop_when_solved) {
    CountingLearner learner(4, validation);  // the second validation example is always wrong
    Sgd sgd({&learner.w}, {});
    FitSettings six = settings(6, 2);
    six.stop_when_solved = stop_when_solved;
    FitState state;
    CHECK(fit(learner, sgd, six, state));
    CHECK(is_finished(six, state));
    return state.epoch;
  };
  CHECK(epochs_of(1, 0) == 6);
  CHECK(epochs_of(1, 2) == 2);
  CHECK(epochs_of(1, 7) == 6);
  CHECK(epochs_of(2, 2) == 6);
  CHECK(epochs_of(0, 2) == 6);  // without validation nothing is known to be solved
}
