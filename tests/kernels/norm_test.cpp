#include "hmem/kernels/norm.h"

#include <cmath>
#include <string>
#include <vector>

#include "catch.h"
#include "hmem/core/check.h"
#include "support/error_text.h"
#include "support/numbers.h"
#include "support/pairs.h"

namespace hmem {
namespace {

using test::doubles;
using test::nan_tensor;
using test::random_tensor;
using test::worst_error;
using Doubles = std::vector<double>;

constexpr double kEpsilon = 1e-3;

/// Textbook batch norm, on a matrix that contains the padded rows.
struct NaiveNorm {
  int64_t rows, e, n;
  Doubles x, mean, variance;

  NaiveNorm(const Doubles& real_rows, int64_t e_in, int64_t padded)
      : rows(static_cast<int64_t>(real_rows.size()) / e_in), e(e_in), n(rows + padded), x(real_rows) {
    x.resize(static_cast<size_t>(n * e), 0.0);
    for (int64_t j = 0; j < e; ++j) {
      double sum = 0, squares = 0;
      for (int64_t i = 0; i < n; ++i) sum += at(i, j);
      for (int64_t i = 0; i < n; ++i) squares += std::pow(at(i, j) - sum / static_cast<double>(n), 2);
      mean.push_back(sum / static_cast<double>(n));
      variance.push_back(squares / static_cast<double>(n));
    }
  }
  double at(int64_t i, int64_t j) const { return x[static_cast<size_t>(i * e + j)]; }
  double inv(int64_t j) const { return 1 / std::sqrt(variance[static_cast<size_t>(j)] + kEpsilon); }
  double hat(int64_t i, int64_t j) const { return (at(i, j) - mean[static_cast<size_t>(j)]) * inv(j); }

  Doubles forward(const Tensor& scale, const Tensor& shift) const {
    Doubles y;
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < e; ++j) y.push_back(scale[j] * hat(i, j) + shift[j]);
    }
    return y;
  }
  /// Adds; dx may be empty. `constant`: the statistics do not depend on x.
  void backward(Doubles& dx, Doubles& dscale, Doubles& dshift, const Tensor& dy, const Tensor& scale,
                bool constant) const {
    for (int64_t j = 0; j < e; ++j) {
      double sum = 0, product = 0;
      for (int64_t i = 0; i < rows; ++i) {
        sum += dy[i * e + j];
        product += dy[i * e + j] * hat(i, j);
      }
      dscale[static_cast<size_t>(j)] += product;
      dshift[static_cast<size_t>(j)] += sum;
      const double count = static_cast<double>(n);
      for (int64_t i = 0; i < rows && !dx.empty(); ++i) {
        const double through_statistics = constant ? 0 : (sum + hat(i, j) * product) / count;
        dx[static_cast<size_t>(i * e + j)] += scale[j] * inv(j) * (dy[i * e + j] - through_statistics);
      }
    }
  }
};

TEST_CASE("batch norm and its adjoint against the textbook, padded rows written out", "[kernel]") {
  const int64_t rows = GENERATE(1, 5, 127, 128, 300), e = GENERATE(1, 16, 33, 80), padded = GENERATE(0, 3, 1000);
  CAPTURE(rows, e, padded);
  Rng rng(static_cast<uint64_t>(rows * 1000 + e), "norm");
  Tensor x = random_tensor({rows, e}, rng, 2);
  for (real& value : x) value += real(0.7);
  const Tensor scale = random_tensor({e}, rng), shift = random_tensor({e}, rng), dy = random_tensor({rows, e}, rng);
  const NaiveNorm naive(doubles(x), e, padded);

  Tensor mean = nan_tensor({e}), variance = nan_tensor({e}), y = nan_tensor({rows, e});
  NormStatistics statistics = {mean.data(), variance.data()};
  batch_statistics(statistics, x.data(), rows, e, padded);
  CHECK(worst_error(mean, naive.mean) <= 1e-5);
  CHECK(worst_error(variance, naive.variance) <= 1e-5);
  batch_norm_forward(y.data(), x.data(), scale.data(), shift.data(), statistics, rows, e, real(kEpsilon));
  CHECK(worst_error(y, naive.forward(scale, shift)) <= 2e-5);

  for (const bool constant : {false, true}) {
    CAPTURE(constant);
    Tensor dx = random_tensor({rows, e}, rng), dscale = random_tensor({e}, rng), dshift = random_tensor({e}, rng);
    const Tensor before = dx.clone();
    Doubles expected = doubles(dx), expected_scale = doubles(dscale), expected_shift = doubles(dshift);
    naive.backward(expected, expected_scale, expected_shift, dy, scale, constant);
    const auto backward = [&](real* to_x, real* to_scale, real* to_shift) {
      batch_norm_backward(to_x, to_scale, to_shift, dy.data(), x.data(), scale.data(),
                          constant ? NormStatistics{mean.data(), variance.data()} : statistics, rows, e,
                          real(kEpsilon));
    };
    backward(dx.data(), dscale.data(), dshift.data());
    CHECK(worst_error(dx, expected) <= 2e-5);
    CHECK(worst_error(dscale, expected_scale) <= 2e-5);
    CHECK(worst_error(dshift, expected_shift) <= 2e-5);
    Tensor again = before.clone();
    backward(again.data(), nullptr, nullptr);
    CHECK(test::same_bits(again, dx));
    backward(nullptr, nullptr, nullptr);
  }
}

TEST_CASE("batch norm of pairs is batch norm of their sums", "[kernel]") {
  const int64_t e = GENERATE(1, 16, 33, 80), count = GENERATE(1, 40, 700), padded = GENERATE(0, 5, 2000);
  CAPTURE(e, count, padded);
  Rng rng(static_cast<uint64_t>(e * 1000 + count), "norm_pairs");
  // More than 128 rows, so that sums over rows are made of several pieces.
  const RowPairs pairs = test::random_pairs(150, 30, count, rng);
  const int64_t n = pairs.rows;
  const Tensor rows = random_tensor({n, e}, rng), scale = random_tensor({e}, rng), shift = random_tensor({e}, rng);
  const Tensor dy = random_tensor({count, e}, rng);
  Doubles sums;
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    for (int64_t j = 0; j < e; ++j) {
      sums.push_back(static_cast<double>(rows[pairs.first[i] * e + j]) + rows[pairs.second[i] * e + j]);
    }
  }
  const NaiveNorm naive(sums, e, padded);

  Tensor mean = nan_tensor({e}), variance = nan_tensor({e}), centred = nan_tensor({n, e}), out = nan_tensor({n, e});
  NormStatistics statistics = {mean.data(), variance.data()};
  batch_statistics_pairs(statistics, centred.data(), rows.data(), pairs, e, padded);
  CHECK(worst_error(mean, naive.mean) <= 1e-5);
  // A single instance has no variance at all: then the error is compared with the size of the values.
  for (int64_t j = 0; j < e; ++j) {
    CHECK(std::abs(variance[j] - naive.variance[static_cast<size_t>(j)]) <=
          2e-6 * (1 + naive.variance[static_cast<size_t>(j)] +
                  naive.mean[static_cast<size_t>(j)] * naive.mean[static_cast<size_t>(j)]));
  }
  batch_norm_pairs_forward(out.data(), rows.data(), scale.data(), shift.data(), statistics, pairs, e, real(kEpsilon));
  Tensor y = nan_tensor({count, e});
  pair_sum_forward(y.data(), out.data(), pairs, e);
  const double tolerance = count == 1 ? 2e-3 : 2e-5;  // one instance: x - mean is all cancellation, times 1/sqrt(1e-3)
  CHECK(worst_error(y, naive.forward(scale, shift)) <= tolerance);

  for (const bool constant : {false, true}) {
    CAPTURE(constant);
    Tensor dout({n, e}), drows = random_tensor({n, e}, rng), dscale = random_tensor({e}, rng),
                         dshift = random_tensor({e}, rng);
    const Tensor before = drows.clone();
    pair_sum_backward(dout.data(), dy.data(), pairs, e);
    Doubles dx(static_cast<size_t>(count * e), 0.0), expected = doubles(drows), expected_scale = doubles(dscale),
                                                     expected_shift = doubles(dshift);
    naive.backward(dx, expected_scale, expected_shift, dy, scale, constant);
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t j = 0; j < e; ++j) {
        const double g = dx[static_cast<size_t>(i * e + j)];
        expected[static_cast<size_t>(pairs.first[static_cast<size_t>(i)] * e + j)] += g;
        expected[static_cast<size_t>(pairs.second[static_cast<size_t>(i)] * e + j)] += g;
      }
    }
    const auto backward = [&](real* to_rows, real* to_scale, real* to_shift) {
      batch_norm_pairs_backward(
          to_rows, to_scale, to_shift, dout.data(), rows.data(), constant ? nullptr : centred.data(), scale.data(),
          constant ? NormStatistics{mean.data(), variance.data()} : statistics, pairs, e, real(kEpsilon));
    };
    backward(drows.data(), dscale.data(), dshift.data());
    CHECK(worst_error(drows, expected) <= tolerance);
    CHECK(worst_error(dscale, expected_scale) <= tolerance);
    CHECK(worst_error(dshift, expected_shift) <= 2e-5);
    Tensor again = before.clone();
    backward(again.data(), nullptr, nullptr);
    CHECK(test::same_bits(again, drows));
    backward(nullptr, nullptr, nullptr);
  }
}

TEST_CASE("batch statistics of no rows", "[kernel]") {
  real mean = 5, variance = 5, centred = 0;
  NormStatistics statistics = {&mean, &variance};
  CHECK_THROWS_AS(batch_statistics(statistics, nullptr, 0, 1, 0), Error);
  RowPairs none;
  none.index_rows();
  CHECK_THROWS_AS(batch_statistics_pairs(statistics, &centred, nullptr, none, 1, 0), Error);
  batch_statistics(statistics, nullptr, 0, 1, 4);  // nothing but padding
  CHECK(mean == 0);
  CHECK(variance == 0);
}

}  // namespace
}  // namespace hmem
