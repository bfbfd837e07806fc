#include "hmem/nn/layers.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "catch.h"
#include "hmem/autodiff/ops_basic.h"
#include "hmem/core/check.h"
#include "hmem/nn/init.h"
#include "hmem/nn/lstm.h"
#include "support/numbers.h"

namespace hmem {
namespace {

struct Moments {
  double lowest = 0, highest = 0, mean = 0, variance = 0;
};

Moments moments(const Tensor& x) {
  const double n = static_cast<double>(x.count());
  Moments out;
  out.lowest = *std::min_element(x.begin(), x.end());
  out.highest = *std::max_element(x.begin(), x.end());
  for (real v : x) out.mean += v / n;
  for (real v : x) out.variance += (v - out.mean) * (v - out.mean) / n;
  return out;
}

/// Uniform in +- limit: variance limit^2 / 3; 60000 values come close to both ends.
void check_uniform(const Tensor& x, double limit) {
  const Moments found = moments(x);
  CHECK(found.highest <= limit);
  CHECK(found.lowest >= -limit);
  CHECK(found.highest > 0.999 * limit);
  CHECK(found.lowest < -0.999 * limit);
  CHECK(std::abs(found.mean) < 5 * limit / std::sqrt(3.0 * static_cast<double>(x.count())));
  CHECK(found.variance == Approx(limit * limit / 3).epsilon(0.02));
}

TEST_CASE("initial weights: limits and moments", "[nn]") {
  Rng rng(1, "init");
  Tensor weight({200, 300});
  he_uniform(weight, 150, rng);
  check_uniform(weight, std::sqrt(6.0 / 150));
  glorot_uniform(weight, 200, 300, rng);
  check_uniform(weight, std::sqrt(6.0 / 500));
  CHECK_THROWS_AS(he_uniform(weight, 0, rng), Error);
  CHECK_THROWS_AS(glorot_uniform(weight, 0, 3, rng), Error);
  CHECK_THROWS_AS(glorot_uniform(weight, 3, 0, rng), Error);
}

TEST_CASE("orthogonal: the vectors of the shorter side are orthonormal, times the gain", "[nn]") {
  const auto [rows, columns] = GENERATE(table<int64_t, int64_t>({{30, 30}, {30, 120}, {120, 30}, {1, 5}, {200, 800}}));
  CAPTURE(rows, columns);
  Rng rng(3, "init");
  Tensor weight = test::nan_tensor({rows, columns});
  orthogonal(weight, 1.5, rng);
  const bool wide = rows <= columns;
  const int64_t count = std::min(rows, columns), length = std::max(rows, columns);
  const auto element = [&, stride = columns](int64_t v, int64_t i) {
    return static_cast<double>(wide ? weight[v * stride + i] : weight[i * stride + v]);
  };
  double worst = 0, diagonal = 0;
  for (int64_t u = 0; u < count; ++u) {
    for (int64_t v = 0; v < count; ++v) {
      double dot = 0;
      for (int64_t i = 0; i < length; ++i) dot += element(u, i) * element(v, i);
      const double error = std::abs(dot - (u == v ? 2.25 : 0));
      if (!(error <= worst)) worst = error;  // NaN as well
    }
    diagonal += element(u, u);
  }
  CHECK(worst < 1e-6);
  // Uniformly distributed: the trace has mean 0 and deviation 1 (times the gain).
  if (rows == columns) CHECK(std::abs(diagonal) < 6);
  Tensor flat({5});
  CHECK_THROWS_AS(orthogonal(flat, 1, rng), Error);
}

TEST_CASE("initial weights depend on the stream alone", "[nn]") {
  const auto draw = [](uint64_t seed) {
    Rng rng(seed, "init");
    Tensor weight({20, 30});
    he_uniform(weight, 20, rng);
    return weight;
  };
  CHECK(test::same_bits(draw(1), draw(1)));
  CHECK_FALSE(test::same_bits(draw(1), draw(2)));
}

TEST_CASE("dense: y = x W, W he-uniform by the input size", "[nn]") {
  Rng rng(2, "dense");
  Dense large("read", 200, 300, rng);
  CHECK(large.weight.name == "read.weight");
  CHECK(large.weight.value.shape() == Shape({200, 300}));
  check_uniform(large.weight.value, std::sqrt(6.0 / 200));

  Dense dense("small", 2, 3, rng);
  const std::vector<real> w = {1, 2, 3, 10, 20, 30};
  std::copy(w.begin(), w.end(), dense.weight.value.begin());
  Tensor x({1, 2});
  x[0] = 2;
  x[1] = -1;
  Tape tape;
  const Var y = dense.forward(tape, tape.constant(x));
  CHECK(std::vector<real>(y.data(), y.data() + 3) == std::vector<real>{-8, -16, -24});
}

TEST_CASE("dense with bias, activation and initialiser", "[nn]") {
  Rng rng(9, "dense");
  Dense large("output", 200, 300, rng, {true, Activation::none, Initialiser::glorot_uniform});
  check_uniform(large.weight.value, std::sqrt(6.0 / 500));
  CHECK(large.bias.name == "output.bias");
  for (real b : large.bias.value) CHECK(b == 0);
  Weights weights;
  large.add_to(weights, /*regularised=*/true);
  CHECK(weights.parameters == std::vector<Parameter*>{&large.weight, &large.bias});
  CHECK(weights.regularised == std::vector<Parameter*>{&large.weight});

  Dense dense("small", 1, 2, rng, {true, Activation::elu, Initialiser::he_uniform});
  dense.weight.value[0] = 2;
  dense.weight.value[1] = -3;
  dense.bias.value[0] = dense.bias.value[1] = real(0.5);
  Tensor x({1, 1});
  x[0] = 1;
  Tape tape;
  const Var y = dense.forward(tape, tape.constant(x));
  CHECK(y.data()[0] == Approx(2.5));
  CHECK(y.data()[1] == Approx(std::exp(-2.5) - 1));
  CHECK_THROWS_AS(Dense("bad", 1, 2, rng, {false, Activation::elu, Initialiser::he_uniform}), Error);
}

TEST_CASE("batch norm with Bessel's correction in the moving variance", "[nn]") {
  BatchNorm norm("norm1", 1, BatchNorm::MovingVariance::unbiased);
  Tensor x({4, 1});
  for (int64_t i = 0; i < 4; ++i) x[i] = static_cast<real>(i);  // variance 5 / 4, or 5 / 3
  Tape tape;
  const Var y = norm.forward(tape, tape.constant(x), 0);
  CHECK(y.data()[0] == Approx(-1.5 / std::sqrt(1.25 + 1e-3)));
  CHECK(norm.moving_var.value[0] == Approx(0.99 + 0.01 * 5 / 3));
  tape.reset(Tape::Mode::training);
  norm.forward(tape, tape.slice(tape.constant(x), 2, 3), 0);  // one row has no variance, and no correction
  CHECK(norm.moving_var.value[0] == Approx(0.99 * (0.99 + 0.01 * 5 / 3)));
}

TEST_CASE("dropout draws a new mask for every application in a step", "[nn]") {
  const Dropout dropout("dropout", 0.5, 3);
  Tensor x({1000});
  x.fill(1);
  Tape tape;
  const auto mask = [&](uint64_t step, int application) {
    tape.reset(Tape::Mode::training);
    tape.set_step(step);
    const Var y = dropout.forward(tape, tape.constant(x), application);
    return std::vector<real>(y.data(), y.data() + 1000);
  };
  CHECK(mask(1, 0) == mask(1, 0));
  CHECK(mask(1, 0) != mask(1, 1));
  CHECK(mask(1, 1) != mask(2, 1));
  CHECK_THROWS_AS(mask(1, 4), Error);
}

TEST_CASE("lstm layer: names, shapes, initial values", "[nn]") {
  Rng rng(10, "lstm");
  Lstm layer("lstm", 40, 50, rng);
  Weights weights;
  layer.add_to(weights);
  REQUIRE(weights.parameters.size() == 3);
  CHECK(weights.parameters[1]->name == "lstm.recurrent");
  CHECK(weights.parameters[1]->value.shape() == Shape({50, 200}));
  CHECK(weights.regularised.empty());
  check_uniform(layer.kernel.value, std::sqrt(6.0 / 240));
  for (int64_t j = 0; j < 200; ++j) CHECK(layer.bias.value[j] == (j >= 50 && j < 100 ? 1 : 0));
  const Tensor x = test::random_tensor({3, 4, 40}, rng);
  Tape tape;
  const Var last = layer.forward(tape, tape.constant(x)), all = layer.forward(tape, tape.constant(x), LstmOutput::all);
  CHECK(last.shape() == Shape({3, 50}));
  for (int64_t b = 0; b < 3; ++b) {
    CHECK(std::equal(last.data() + b * 50, last.data() + (b + 1) * 50, all.data() + (b * 4 + 3) * 50));
  }
}

TEST_CASE("position encoding by hand", "[nn]") {
  // P_wj = 1 + 4 (j - 5/2) (w - 2) / 12 for 4 columns and 3 words; the last row is 1.
  Rng rng(3, "encoder");
  const SentenceEncoder encoder(EncodingType::position, 7, 3, 4, rng);
  const std::vector<double> expected = {1.5, 1 + 1.0 / 6, 1 - 1.0 / 6, 0.5, 1, 1, 1, 1, 1, 1, 1, 1};
  CHECK(test::worst_error(encoder.encoding.value, expected) <= 1e-6);
}

TEST_CASE("other encodings start from 1", "[nn]") {
  const EncodingType type = GENERATE(EncodingType::identity, EncodingType::learned);
  Rng rng(4, "encoder");
  SentenceEncoder encoder(type, 7, 3, 4, rng);
  for (real x : encoder.encoding.value) CHECK(x == 1);
  IdTensor ids({1, 3});
  for (int32_t& id : ids) id = 2;
  Tape tape;
  tape.backward(weighted_sum(encoder.forward(tape, ids), test::random_tensor({1, 4}, rng)));
  const auto has_gradient = [](const Parameter& p) {
    return std::any_of(p.grad.begin(), p.grad.end(), [](real x) { return x != 0; });
  };
  CHECK(has_gradient(encoder.table));
  CHECK(has_gradient(encoder.encoding) == (type == EncodingType::learned));
  Weights weights;
  encoder.add_to(weights);
  CHECK(weights.parameters.size() == (type == EncodingType::learned ? 2u : 1u));
  CHECK(weights.parameters[0]->name == "embedding.weight");
}

TEST_CASE("the embedding table is he-uniform by the vocabulary", "[nn]") {
  Rng rng(5, "encoder");
  const SentenceEncoder encoder(EncodingType::learned, 300, 6, 200, rng);
  check_uniform(encoder.table.value, std::sqrt(6.0 / 300));
}

TEST_CASE("after an update only the last row of a learned encoding is set back to 1", "[nn]") {
  const EncodingType type = GENERATE(EncodingType::identity, EncodingType::position, EncodingType::learned);
  Rng rng(6, "encoder");
  SentenceEncoder encoder(type, 7, 3, 4, rng);
  for (real& x : encoder.encoding.value) x = 5;
  for (real& x : encoder.table.value) x = 7;
  encoder.after_update();
  for (int64_t i = 0; i < 12; ++i)
    CHECK(encoder.encoding.value[i] == (type == EncodingType::learned && i >= 8 ? 1 : 5));
  for (real x : encoder.table.value) CHECK(x == 7);
}

TEST_CASE("a sentence is the weighted sum of its words without nil", "[nn]") {
  Rng rng(7, "encoder");
  SentenceEncoder encoder(EncodingType::position, 3, 2, 2, rng);
  const std::vector<real> table = {100, 100, 1, 2, 10, 20};
  std::copy(table.begin(), table.end(), encoder.table.value.begin());
  IdTensor ids({3, 2});
  const std::vector<int32_t> words = {1, 2, 2, 0, 0, 0};
  std::copy(words.begin(), words.end(), ids.begin());
  Tape tape;
  const Var x = encoder.forward(tape, ids);
  // First row of P: 1 + 4 (j - 3/2)(1 - 3/2) / 4 = 1.25, 0.75.
  const std::vector<double> expected = {11.25, 21.5, 12.5, 15, 0, 0};
  CHECK(test::worst_error(x.data(), 6, expected) <= 1e-6);
}

TEST_CASE("batch norm: statistics of the batch in training, moving averages in inference", "[nn]") {
  BatchNorm norm("story_norm", 1);
  CHECK(norm.scale.name == "story_norm.scale");
  CHECK(norm.shift.name == "story_norm.shift");
  CHECK(norm.moving_mean.name == "story_norm.moving_mean");
  CHECK(norm.moving_var.name == "story_norm.moving_var");
  Tensor x({2, 1});
  x[0] = 1;
  x[1] = 5;
  norm.scale.value[0] = 2;
  norm.shift.value[0] = 10;

  Tape tape;
  const Var y = norm.forward(tape, tape.constant(x), 0);  // mean 3, variance 4
  CHECK(y.data()[0] == Approx(10 - 4 / std::sqrt(4.001)));
  CHECK(y.data()[1] == Approx(10 + 4 / std::sqrt(4.001)));
  CHECK(norm.moving_mean.value[0] == Approx(0.03));
  CHECK(norm.moving_var.value[0] == Approx(0.99 + 0.04));

  tape.reset(Tape::Mode::training);
  norm.forward(tape, tape.constant(x), 2);  // with two zero rows: mean 1.5, variance 26 / 4 - 2.25
  CHECK(norm.moving_mean.value[0] == Approx(0.99 * 0.03 + 0.015));
  CHECK(norm.moving_var.value[0] == Approx(0.99 * 1.03 + 0.01 * 4.25));

  const Tensor mean = norm.moving_mean.value.clone(), var = norm.moving_var.value.clone();
  tape.reset(Tape::Mode::inference);
  const Var z = norm.forward(tape, tape.constant(x), 2);
  for (int64_t i = 0; i < 2; ++i) {
    CHECK(z.data()[i] == Approx(10 + 2 * (x[i] - mean[0]) / std::sqrt(var[0] + 1e-3)));
  }
  CHECK(test::same_bits(norm.moving_mean.value, mean));
  CHECK(test::same_bits(norm.moving_var.value, var));
}

TEST_CASE("batch norm of pairs follows the same statistics and gives the same values", "[nn]") {
  RowPairs pairs;
  pairs.rows = 3;
  pairs.seconds_begin = 2;
  pairs.first = {0, 1, 0};
  pairs.second = {2, 2, 2};
  pairs.index_rows();
  Rng rng(8, "batch_norm");
  const Tensor rows = test::random_tensor({3, 4}, rng);
  BatchNorm of_pairs("a", 4), of_sums("b", 4);
  Tape tape;
  for (const Tape::Mode mode : {Tape::Mode::training, Tape::Mode::training, Tape::Mode::inference}) {
    tape.reset(mode);
    const Var x = tape.constant(rows);
    const Var y = pair_sum(of_pairs.forward_pairs(tape, x, pairs, 5), pairs);
    const Var expected = of_sums.forward(tape, pair_sum(x, pairs), 5);
    for (int64_t i = 0; i < y.count(); ++i) CHECK(y.data()[i] == Approx(expected.data()[i]).margin(1e-5));
  }
  CHECK(test::worst_error(of_pairs.moving_mean.value, test::doubles(of_sums.moving_mean.value)) <= 1e-5);
  CHECK(test::worst_error(of_pairs.moving_var.value, test::doubles(of_sums.moving_var.value)) <= 1e-5);
}

}  // namespace
}  // namespace hmem
