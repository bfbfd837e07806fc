#include "hmem/train/snapshot.h"

#include <algorithm>

#include "catch.h"
#include "hmem/autodiff/ops_basic.h"
#include "hmem/core/check.h"
#include "hmem/optim/sgd.h"
#include "hmem/train/fit.h"

namespace hmem {

namespace {

/// One weight, whose gradient is 1: every step of plain SGD subtracts the learning rate.
class Falling : public Learner {
 public:
  Falling() : w("w", {1, 1}), x({1, 1}) { w.value[0] = 1, x[0] = 1; }

  int64_t count(Part /*part*/) const override { return 1; }
  BatchResult run(Tape& tape, Part part, const int64_t* /*examples*/, int64_t /*count*/) override {
    if (part == Part::validation) seen.push_back(w.value[0]);
    return {matmul(tape.constant(x), tape.leaf(w)), 0};
  }
  Weights weights() override { return {{&w}, {}, {}}; }

  Parameter w;
  Tensor x;
  std::vector<real> seen;
};

}  // namespace

TEST_CASE("a snapshot is a copy that can be restored", "[train]") {
  Parameter w("w", {2});
  Buffer average("average", {1});
  w.value[0] = 1;
  Snapshot best({{&w}, {&average}, {}}, "best.");
  w.value.fill(7);
  best.restore();  // what it started as
  CHECK(w.value[0] == 1);
  CHECK(w.value[1] == 0);
  w.value[0] = 2;
  average.value[0] = 3;
  best.take();
  w.value.fill(7);
  average.value.fill(7);
  best.restore();
  CHECK(w.value[0] == 2);
  CHECK(w.value[1] == 0);
  CHECK(average.value[0] == 3);
  REQUIRE(best.state().size() == 2);
  CHECK(best.state()[0]->name == "best.w");
  CHECK(best.state()[1]->name == "best.average");
}

TEST_CASE("an average follows the weights with a decay that grows to its limit", "[train]") {
  Parameter w("w", {2});
  Buffer b("b", {1});
  w.value[0] = 1, w.value[1] = -2, b.value[0] = 3;
  Snapshot average({{&w}, {&b}, {}}, "average.");
  w.value[0] = 2, b.value[0] = 5;
  average.update_average(1, 0.25);  // (1 + 1) / (10 + 1) is below 0.25
  CHECK(average.state()[0]->value[0] == Approx(1 + 9.0 / 11));
  CHECK(average.state()[0]->value[1] == -2);
  CHECK(average.state()[1]->value[0] == Approx(3 + 2 * 9.0 / 11));
  average.update_average(1000, 0.25);
  CHECK(average.state()[0]->value[0] == Approx((1 + 9.0 / 11) * 0.25 + 2 * 0.75));
  CHECK(average.state()[0]->name == "average.w");

  const real mean = average.state()[1]->value[0];
  average.exchange();
  CHECK(b.value[0] == mean);
  CHECK(average.state()[1]->value[0] == 5);
  average.exchange();
  CHECK(b.value[0] == 5);
}

TEST_CASE("an average needs a decay between 0 and 1", "[train][bad]") {
  Parameter w("w", {1});
  Snapshot average({{&w}, {}, {}}, "average.");
  for (const double decay : {0.0, 1.0, -0.5}) CHECK_THROWS_AS(average.update_average(1, decay), Error);
}

TEST_CASE("validation sees the average, training continues with the weights", "[train]") {
  Falling plain, averaged;
  Snapshot average(averaged.weights(), "average.");
  for (Falling* learner : {&plain, &averaged}) {
    Sgd sgd({&learner->w}, {});
    FitSettings settings;
    settings.epochs = 3;
    settings.batch_size = 1;
    settings.learning_rate = [](int64_t) { return 0.125; };
    if (learner == &averaged) settings.average = &average;
    settings.average_decay = 0.5;
    fit(*learner, sgd, settings);
  }
  CHECK(averaged.w.value[0] == plain.w.value[0]);
  REQUIRE(plain.seen.size() == 3);
  CHECK(plain.seen[2] == real(1 - 3 * 0.125));
  double a = 1, w = 1;
  for (int t = 1; t <= 3; ++t) {
    const double decay = std::min(0.5, (1.0 + t) / (10 + t));
    w -= 0.125;
    a = decay * a + (1 - decay) * w;
    CHECK(averaged.seen[static_cast<size_t>(t - 1)] == Approx(a));
  }
}

}  // namespace hmem
