#include "hmem/kernels/softmax.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "catch.h"
#include "support/numbers.h"

namespace hmem {
namespace {

struct Losses {
  double loss;
  Tensor p;
  std::vector<int32_t> argmax;
};

Losses forward(const Tensor& logits, const std::vector<int32_t>& labels, real smoothing = 0) {
  const int64_t rows = logits.size(0), n = logits.size(1);
  Losses out = {0, test::nan_tensor({rows, n}), std::vector<int32_t>(static_cast<size_t>(rows), -7)};
  out.loss =
      softmax_cross_entropy_forward(out.p.data(), out.argmax.data(), logits.data(), labels.data(), rows, n, smoothing);
  return out;
}

TEST_CASE("softmax cross entropy and its adjoint against a loop in double", "[kernel]") {
  const int64_t rows = GENERATE(1, 5, 16, 17, 40), n = GENERATE(1, 2, 15, 16, 33, 181);
  const double spread = GENERATE(1.0, 30.0);
  const real smoothing = GENERATE(real(0), real(0.1));
  CAPTURE(rows, n, spread, smoothing);
  Rng rng(static_cast<uint64_t>(rows * 1000 + n), "softmax");
  const Tensor logits = test::random_tensor({rows, n}, rng, spread);
  std::vector<int32_t> labels;
  for (int64_t i = 0; i < rows; ++i) {
    labels.push_back(i % 4 == 3 ? -1 : static_cast<int32_t>(rng.below(static_cast<uint32_t>(n))));
  }
  const real scale = real(-0.7);
  Tensor dlogits = test::random_tensor({rows, n}, rng);
  std::vector<double> p, expected = test::doubles(dlogits);
  double loss = 0;
  for (int64_t i = 0; i < rows; ++i) {
    double sum = 0;
    for (int64_t j = 0; j < n; ++j) sum += std::exp(static_cast<double>(logits[i * n + j]));
    const int32_t label = labels[static_cast<size_t>(i)];
    for (int64_t j = 0; j < n; ++j) {
      p.push_back(std::exp(static_cast<double>(logits[i * n + j])) / sum);
      const double target = (1 - smoothing) * (j == label) + smoothing / static_cast<double>(n);
      if (label < 0) continue;
      expected[static_cast<size_t>(i * n + j)] += scale * (p.back() - target);
      loss += target * (std::log(sum) - logits[i * n + j]);
    }
  }
  const Losses found = forward(logits, labels, smoothing);
  CHECK(test::worst_error(found.p, p) <= 1e-6);
  CHECK(found.loss == Approx(loss).epsilon(2e-6).margin(1e-5));
  for (int64_t i = 0; i < rows; ++i) {
    const auto row = p.begin() + i * n;
    CHECK(found.argmax[static_cast<size_t>(i)] == std::max_element(row, row + n) - row);
  }
  softmax_cross_entropy_backward(dlogits.data(), found.p.data(), labels.data(), scale, rows, n, smoothing);
  CHECK(test::worst_error(dlogits, expected) <= 2e-6);
}

TEST_CASE("softmax of huge, equal and infinite logits", "[kernel]") {
  Tensor logits({4, 3});
  const std::vector<real> values = {1e30f, 0, -1e30f, 5e4f, 5e4f, 5e4f, -INFINITY, 2, 2, 100, 0, -300};
  std::copy(values.begin(), values.end(), logits.begin());
  const Losses found = forward(logits, {0, 1, 2, 2});
  CHECK(found.loss == Approx(std::log(3.0) + std::log(2.0) + 400).epsilon(1e-6));
  const std::vector<double> expected = {1, 0, 0, 1.0 / 3, 1.0 / 3, 1.0 / 3, 0, 0.5, 0.5, 1, 0, 0};
  CHECK(test::worst_error(found.p, expected) <= 1e-6);
  CHECK(found.argmax == std::vector<int32_t>{0, 0, 1, 0});  // the first of equals
}

TEST_CASE("softmax: a NaN among the logits makes the loss NaN", "[kernel]") {
  const int64_t at = GENERATE(0, 3, 20);
  Tensor logits({1, 21});
  logits[at] = NAN;
  const Losses found = forward(logits, {7});
  CAPTURE(at);
  CHECK(std::isnan(found.loss));
}

}  // namespace
}  // namespace hmem
