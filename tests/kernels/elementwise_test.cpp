#include "hmem/kernels/elementwise.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

#include "catch.h"
#include "hmem/kernels/optim.h"
#include "kernels/scratch.h"
#include "support/numbers.h"

namespace hmem {
namespace {

using test::doubles;
using test::nan_tensor;
using test::random_tensor;
using test::worst_error;

TEST_CASE("sums of arrays against a loop", "[kernel]") {
  const int64_t n = GENERATE(0, 1, 15, 16, 17, 1000, 8192, 20001);
  CAPTURE(n);
  Rng rng(static_cast<uint64_t>(n), "elementwise");
  const Tensor a = random_tensor({n}, rng), b = random_tensor({n}, rng);
  Tensor sum = nan_tensor({n}), added = random_tensor({n}, rng), scaled = added.clone();
  std::vector<double> expected_sum, expected_added, expected_scaled;
  double squares = 0;
  for (int64_t i = 0; i < n; ++i) {
    expected_sum.push_back(static_cast<double>(a[i]) + b[i]);
    expected_added.push_back(static_cast<double>(added[i]) + a[i]);
    expected_scaled.push_back(scaled[i] - 1.5 * a[i]);
    squares += static_cast<double>(a[i]) * a[i];
  }
  add_forward(sum.data(), a.data(), b.data(), n);
  accumulate(added.data(), a.data(), n);
  axpy(scaled.data(), real(-1.5), a.data(), n);
  CHECK(worst_error(sum, expected_sum) <= 1e-7);
  CHECK(worst_error(added, expected_added) <= 1e-7);
  CHECK(worst_error(scaled, expected_scaled) <= 1e-7);
  CHECK(sum_of_squares(a.data(), n) == Approx(squares).epsilon(1e-6));
  Tensor in_place = a.clone();
  add_forward(in_place.data(), in_place.data(), b.data(), n);
  CHECK(test::same_bits(in_place, sum));
}

TEST_CASE("relu keeps NaN, and its gradient stops at zero", "[kernel]") {
  const real nan = std::numeric_limits<real>::quiet_NaN(), infinity = std::numeric_limits<real>::infinity();
  const std::vector<real> x = {-1, real(-0.0), 0, real(1e-38), 2, infinity, -infinity, nan};
  const int64_t n = static_cast<int64_t>(x.size());
  std::vector<real> y(x.size(), nan), dx(x.size(), real(10));
  const std::vector<real> dy = {1, 2, 3, 4, 5, 6, 7, 8};
  relu_forward(y.data(), x.data(), n);
  relu_backward(dx.data(), x.data(), dy.data(), n);
  const std::vector<real> expected = {0, 0, 0, real(1e-38), 2, infinity, 0};
  CHECK(std::vector<real>(y.begin(), y.end() - 1) == expected);
  CHECK(std::isnan(y.back()));
  CHECK(dx == std::vector<real>{10, 10, 10, 14, 15, 16, 10, 10});
}

TEST_CASE("relu over pieces of fixed size", "[kernel]") {
  const int64_t n = 20001;
  Rng rng(1, "relu");
  const Tensor x = random_tensor({n}, rng), dy = random_tensor({n}, rng);
  Tensor y = nan_tensor({n}), dx = random_tensor({n}, rng);
  std::vector<double> expected_y, expected_dx = doubles(dx);
  for (int64_t i = 0; i < n; ++i) {
    expected_y.push_back(x[i] > 0 ? x[i] : 0);
    if (x[i] > 0) expected_dx[static_cast<size_t>(i)] += dy[i];
  }
  relu_forward(y.data(), x.data(), n);
  relu_backward(dx.data(), x.data(), dy.data(), n);
  CHECK(worst_error(y, expected_y) == 0);
  CHECK(worst_error(dx, expected_dx) <= 1e-7);
}

TEST_CASE("parameter updates against their formulas in double", "[kernel]") {
  const int64_t n = GENERATE(1, 16, 37);
  const double decay = GENERATE(0.0, 0.3);
  const bool nesterov = GENERATE(false, true);
  CAPTURE(n, decay, nesterov);
  Rng rng(static_cast<uint64_t>(n), "updates");
  const Tensor g = random_tensor({n}, rng), p = random_tensor({n}, rng), u = random_tensor({n}, rng);
  Tensor v = random_tensor({n}, rng);
  for (real& value : v) value *= value;
  const double scale = 0.6, rate = 0.02, beta1 = 0.8, beta2 = 0.95, epsilon = 1e-3, momentum = 0.7;
  std::vector<double> m_new, v_new, p_adam, u_new, p_sgd;
  for (int64_t i = 0; i < n; ++i) {
    const double gradient = scale * g[i];
    m_new.push_back(beta1 * u[i] + (1 - beta1) * gradient);
    v_new.push_back(beta2 * v[i] + (1 - beta2) * gradient * gradient);
    p_adam.push_back(p[i] - rate * m_new.back() / (std::sqrt(v_new.back()) + epsilon) - decay * p[i]);
    u_new.push_back(momentum * u[i] - rate * gradient);
    p_sgd.push_back(p[i] - decay * p[i] + (nesterov ? momentum * u_new.back() - rate * gradient : u_new.back()));
  }
  Tensor p_found = p.clone(), m_found = u.clone(), v_found = v.clone();
  adam_update(p_found.data(), m_found.data(), v_found.data(), g.data(), real(scale), real(rate), real(beta1),
              real(beta2), real(epsilon), real(decay), n);
  CHECK(worst_error(m_found, m_new) <= 1e-6);
  CHECK(worst_error(v_found, v_new) <= 1e-6);
  CHECK(worst_error(p_found, p_adam) <= 1e-6);
  Tensor p_moved = p.clone(), u_found = u.clone();
  sgd_update(p_moved.data(), u_found.data(), g.data(), real(scale), real(rate), real(momentum), nesterov, real(decay),
             n);
  CHECK(worst_error(u_found, u_new) <= 1e-6);
  CHECK(worst_error(p_moved, p_sgd) <= 1e-6);
}

TEST_CASE("scratch memory is aligned, disjoint, and stays where it is when more is taken", "[kernel]") {
  Scratch outer;
  std::vector<real*> taken;
  std::vector<int64_t> sizes;
  for (int i = 0; i < 40; ++i) {  // far more than the first block
    sizes.push_back(i % 2 == 0 ? 17 : 1 + 3001 * i);
    taken.push_back(outer.take(sizes.back()));
    CHECK(reinterpret_cast<uintptr_t>(taken.back()) % 64 == 0);
    std::fill_n(taken.back(), sizes.back(), static_cast<real>(i));
  }
  for (size_t i = 0; i < taken.size(); ++i) {
    CAPTURE(i);
    CHECK(std::count(taken[i], taken[i] + sizes[i], static_cast<real>(i)) == sizes[i]);
  }
}

TEST_CASE("scratch memory is given back in reverse order", "[kernel]") {
  Scratch outer;
  real* kept = outer.take(100);
  std::fill_n(kept, 100, real(3));
  real *first, *second;
  {
    Scratch inner;
    first = inner.take(1 << 20);  // into another block
    first[0] = 1;
  }
  {
    Scratch inner;
    second = inner.take(1 << 20);
    std::fill_n(second, 1 << 20, real(-1));
  }
  CHECK(first == second);
  CHECK(std::count(kept, kept + 100, real(3)) == 100);
  real* next = outer.take(16);
  std::fill_n(next, 16, real(4));
  CHECK(std::count(kept, kept + 100, real(3)) == 100);
}

TEST_CASE("every thread has its own scratch memory", "[kernel]") {
  Scratch scratch;
  real* here = scratch.take(64);
  std::fill_n(here, 64, real(1));
  real* there = nullptr;
  std::thread([&there] {
    Scratch other;
    there = other.take(64);
    std::fill_n(there, 64, real(2));
  }).join();
  CHECK(there != here);
  CHECK(std::count(here, here + 64, real(1)) == 64);
}

}  // namespace
}  // namespace hmem
