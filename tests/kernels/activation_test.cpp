// Exponential, ELU, biases and max-pool.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "catch.h"
#include "hmem/kernels/elementwise.h"
#include "hmem/kernels/pool.h"
#include "support/numbers.h"
#include "support/settings.h"

namespace hmem {
namespace {

using test::doubles;
using test::nan_tensor;
using test::random_tensor;
using test::worst_error;

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

TEST_CASE("exp: the value of an element does not depend on its position", "[kernel]") {
  for (int64_t n = 0; n < 40; ++n) {
    std::vector<real> x(static_cast<size_t>(n) + 1, real(0.5)), y(static_cast<size_t>(n) + 1, real(-3));
    for (int64_t i = 0; i < n; ++i) x[static_cast<size_t>(i)] = static_cast<real>(0.37 * static_cast<double>(i) - 5);
    exp_forward(y.data(), x.data(), n);
    CAPTURE(n);
    CHECK(y[static_cast<size_t>(n)] == -3);  // nothing is written past the end
    for (size_t i = 0; i < static_cast<size_t>(n); ++i) CHECK(y[i] == exp_of(x[i]));
  }
}

TEST_CASE("elu: error below 3 ulp over all sizes", "[kernel]") {
  std::vector<real> x;
  for (double size = 1e-37; size < 200; size *= 1.0007) {
    x.push_back(static_cast<real>(-size));
    x.push_back(static_cast<real>(size));
  }
  std::vector<real> y(x.size(), kNaN);
  elu_forward(y.data(), x.data(), static_cast<int64_t>(x.size()));
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double expected = x[i] > 0 ? x[i] : std::expm1(static_cast<double>(x[i]));
    const float size = std::abs(static_cast<float>(expected));
    const double ulp = std::nextafter(size, INFINITY) - size;
    const double error = std::abs(y[i] - expected) / ulp;
    if (!(error <= worst)) worst = error;  // NaN as well
  }
  CAPTURE(worst);
  CHECK(worst < 3);
}

TEST_CASE("elu of special numbers; its gradient", "[kernel]") {
  const std::vector<real> x = {0, kInfinity, -kInfinity, -1000, kNaN, -1, 2};
  std::vector<real> y(x.size()), dx(x.size(), 10);
  const std::vector<real> dy = {1, 2, 3, 4, 5, 6, 7};
  elu_forward(y.data(), x.data(), 7);
  CHECK(y[0] == 0);
  CHECK(y[1] == kInfinity);
  CHECK(y[2] == -1);
  CHECK(y[3] == -1);
  CHECK(std::isnan(y[4]));
  elu_backward(dx.data(), y.data(), dy.data(), 7);
  CHECK(dx[0] == 11);
  CHECK(dx[1] == 12);
  CHECK(dx[2] == 10);
  CHECK(dx[5] == Approx(10 + 6 * std::exp(-1.0)));
  CHECK(dx[6] == 17);
}

TEST_CASE("bias, with and without elu, against a loop", "[kernel]") {
  const int64_t rows = GENERATE(0, 1, 7, 3000), n = GENERATE(1, 16, 20, 45);
  const Activation activation = GENERATE(Activation::none, Activation::elu);
  CAPTURE(rows, n, static_cast<int>(activation));
  Rng rng(static_cast<uint64_t>(rows + n), "bias");
  const Tensor x = random_tensor({rows, n}, rng), bias = random_tensor({n}, rng), dout = random_tensor({rows, n}, rng);
  Tensor out = nan_tensor({rows, n}), dz = nan_tensor({rows, n}), dbias = random_tensor({n}, rng);
  std::vector<double> expected, expected_dz, expected_dbias = doubles(dbias);
  for (int64_t i = 0; i < rows * n; ++i) {
    const double z = static_cast<double>(x[i]) + bias[i % n];
    const bool curved = activation == Activation::elu && z <= 0;
    expected.push_back(curved ? std::expm1(z) : z);
    expected_dz.push_back(curved ? dout[i] * std::exp(z) : dout[i]);
    expected_dbias[static_cast<size_t>(i % n)] += expected_dz.back();
  }
  bias_forward(out.data(), x.data(), bias.data(), activation, rows, n);
  CHECK(worst_error(out, expected) <= 1e-6);
  const Tensor before = dbias.clone();
  bias_backward(dz.data(), dbias.data(), dout.data(), out.data(), activation, rows, n);
  CHECK(worst_error(dz, expected_dz) <= 1e-6);
  CHECK(worst_error(dbias, expected_dbias) <= 1e-5);

  Tensor alone = before.clone(), in_place = dout.clone();
  bias_backward(nullptr, alone.data(), dout.data(), out.data(), activation, rows, n);
  CHECK(test::same_bits(alone, dbias));
  bias_backward(in_place.data(), nullptr, in_place.data(), out.data(), activation, rows, n);
  CHECK(test::same_bits(in_place, dz));
}

TEST_CASE("max-pool and its adjoint against a loop", "[kernel]") {
  const int64_t height = GENERATE(2, 5, 8), width = GENERATE(2, 7), channels = GENERATE(1, 16, 37);
  const ImageDims d = {3, height, width, channels};
  CAPTURE(height, width, channels);
  Rng rng(static_cast<uint64_t>(height * width * channels), "pool");
  Tensor inp = random_tensor({3, height, width, channels}, rng);
  for (real& x : inp) x = std::round(2 * x) / 2;  // many equal ones
  const Shape pooled = {3, height / 2, width / 2, channels};
  Tensor out = nan_tensor(pooled), dinp = random_tensor(inp.shape(), rng);
  const Tensor dout = random_tensor(pooled, rng);
  std::vector<uint8_t> argmax(static_cast<size_t>(out.count()), 9);
  std::vector<double> expected, expected_dinp = doubles(dinp);
  for (int64_t b = 0; b < 3; ++b)
    for (int64_t y = 0; y < height / 2; ++y)
      for (int64_t x = 0; x < width / 2; ++x)
        for (int64_t c = 0; c < channels; ++c) {
          int64_t best = -1;
          for (int64_t dy = 0; dy < 2; ++dy)
            for (int64_t dx = 0; dx < 2; ++dx) {
              const int64_t at = ((b * height + 2 * y + dy) * width + 2 * x + dx) * channels + c;
              if (best < 0 || inp[at] > inp[best]) best = at;
            }
          expected_dinp[static_cast<size_t>(best)] += dout[static_cast<int64_t>(expected.size())];
          expected.push_back(inp[best]);
        }
  max_pool_forward(out.data(), argmax.data(), inp.data(), d);
  max_pool_backward(dinp.data(), dout.data(), argmax.data(), d);
  CHECK(worst_error(out, expected) == 0);
  CHECK(worst_error(dinp, expected_dinp) <= 1e-7);
}

TEST_CASE("max-pool keeps NaN at every position", "[kernel]") {
  for (int64_t at = 0; at < 4; ++at) {
    Tensor inp({1, 2, 2, 1});
    for (int64_t i = 0; i < 4; ++i) inp[i] = static_cast<real>(i);
    inp[at] = kNaN;
    real out = 0;
    uint8_t argmax = 9;
    max_pool_forward(&out, &argmax, inp.data(), {1, 2, 2, 1});
    CHECK(std::isnan(out));
    CHECK(argmax == at);
  }
}

}  // namespace
}  // namespace hmem
