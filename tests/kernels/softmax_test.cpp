#include "hmem/kernels/softmax.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "catch.h"
#include "support/numbers.h"
#include "support/settings.h"

namespace hmem {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

float exp_of(float x) {
  real in = x, out = kNaN;
  exp_forward(&out, &in, 1);
  return out;
}

TEST_CASE("exp is within 1.1 ulp of the exact value over its whole range", "[kernel]") {
  const std::string kernels = GENERATE(from_range(available_kernel_sets()));
  CAPTURE(kernels);
  const test::UseKernels use(kernels);
  // Every 509th float from -0 to -87.3 and from 0 to 88.7, both ends included.
  std::vector<real> x;
  for (const float end : {-87.33654f, 88.72283f}) {
    uint32_t last;
    std::memcpy(&last, &end, 4);
    for (uint32_t bits = last; (bits & 0x7fffffff) >= 509; bits -= 509) {
      float value;
      std::memcpy(&value, &bits, 4);
      x.push_back(value);
    }
    x.push_back(std::copysign(0.0f, end));
  }
  std::vector<real> y(x.size(), kNaN);
  exp_forward(y.data(), x.data(), static_cast<int64_t>(x.size()));
  double worst = 0;
  float where = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double exact = std::exp(static_cast<double>(x[i]));
    const double ulp = std::ldexp(1.0, std::max(std::ilogb(exact), -126) - 23);
    const double error = std::abs(static_cast<double>(y[i]) - exact) / ulp;
    if (!(error <= worst)) {
      worst = error;
      where = x[i];
    }
  }
  CAPTURE(where);
  CHECK(worst <= 1.1);
  CHECK(x.size() > 4000000);
}

TEST_CASE("exp of special values", "[kernel]") {
  const std::string kernels = GENERATE(from_range(available_kernel_sets()));
  CAPTURE(kernels);
  const test::UseKernels use(kernels);
  CHECK(exp_of(0) == 1);
  CHECK(exp_of(-0.0f) == 1);
  CHECK(exp_of(kInfinity) == kInfinity);
  CHECK(exp_of(-kInfinity) == 0);
  CHECK(std::isnan(exp_of(kNaN)));
  CHECK(exp_of(std::nextafter(88.72283f, 100.0f)) == kInfinity);
  CHECK(std::isfinite(exp_of(88.72283f)));
  CHECK(exp_of(std::nextafter(-87.33654f, -100.0f)) == 0);
  CHECK(exp_of(-87.33654f) > 0);
  CHECK(exp_of(3e38f) == kInfinity);
  CHECK(exp_of(-3e38f) == 0);
  CHECK(exp_of(1e-40f) == 1);
}

TEST_CASE("exp: the value of an element does not depend on its place", "[kernel]") {
  for (int64_t n = 0; n < 40; ++n) {
    std::vector<real> x(static_cast<size_t>(n) + 1, real(0.5)), y(static_cast<size_t>(n) + 1, real(-3));
    for (int64_t i = 0; i < n; ++i) x[static_cast<size_t>(i)] = static_cast<real>(0.37 * static_cast<double>(i) - 5);
    exp_forward(y.data(), x.data(), n);
    CAPTURE(n);
    CHECK(y[static_cast<size_t>(n)] == -3);  // nothing is written behind the end
    for (size_t i = 0; i < static_cast<size_t>(n); ++i) CHECK(y[i] == exp_of(x[i]));
  }
}

struct Losses {
  double loss;
  Tensor p;
  std::vector<int32_t> argmax;
};

Losses forward(const Tensor& logits, const std::vector<int32_t>& labels) {
  const int64_t rows = logits.size(0), n = logits.size(1);
  Losses out = {0, test::nan_tensor({rows, n}), std::vector<int32_t>(static_cast<size_t>(rows), -7)};
  out.loss = softmax_cross_entropy_forward(out.p.data(), out.argmax.data(), logits.data(), labels.data(), rows, n);
  return out;
}

TEST_CASE("softmax cross entropy and its adjoint against a loop in double", "[kernel]") {
  const int64_t rows = GENERATE(1, 5, 16, 17, 40), n = GENERATE(1, 2, 15, 16, 33, 181);
  const double spread = GENERATE(1.0, 30.0);
  CAPTURE(rows, n, spread);
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
      if (label >= 0) expected[static_cast<size_t>(i * n + j)] += scale * (p.back() - (j == label));
    }
    if (label >= 0) loss += std::log(sum) - logits[i * n + label];
  }
  const Losses found = forward(logits, labels);
  CHECK(test::worst_error(found.p, p) <= 1e-6);
  CHECK(found.loss == Approx(loss).epsilon(2e-6).margin(1e-5));
  for (int64_t i = 0; i < rows; ++i) {
    const auto row = p.begin() + i * n;
    CHECK(found.argmax[static_cast<size_t>(i)] == std::max_element(row, row + n) - row);
  }
  softmax_cross_entropy_backward(dlogits.data(), found.p.data(), labels.data(), scale, rows, n);
  CHECK(test::worst_error(dlogits, expected) <= 2e-6);
}

TEST_CASE("softmax of huge, equal and infinite logits", "[kernel]") {
  Tensor logits({4, 3});
  const std::vector<real> values = {1e30f, 0, -1e30f, 5e4f, 5e4f, 5e4f, -kInfinity, 2, 2, 100, 0, -300};
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
  logits[at] = kNaN;
  const Losses found = forward(logits, {7});
  CAPTURE(at);
  CHECK(std::isnan(found.loss));
}

}  // namespace
}  // namespace hmem
