#pragma once
/// \file numbers.h
/// Random numbers for tests, and the error of results against what was expected in double.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "hmem/core/rng.h"
#include "hmem/core/tensor.h"

namespace hmem::test {

/// Normal numbers with mean 0.
inline Tensor random_tensor(const Shape& shape, Rng& rng, double deviation = 1) {
  Tensor out(shape);
  for (real& x : out) x = static_cast<real>(deviation * rng.normal());
  return out;
}

/// What outputs hold before a kernel writes them.
inline Tensor nan_tensor(const Shape& shape) {
  Tensor out(shape);
  out.fill(std::numeric_limits<real>::quiet_NaN());
  return out;
}

inline std::vector<double> doubles(const Tensor& x) { return {x.begin(), x.end()}; }

/// Largest |found - expected| over the largest |expected|; infinite when anything is not finite or the counts differ.
inline double worst_error(const real* found, int64_t count, const std::vector<double>& expected) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (count != static_cast<int64_t>(expected.size())) return kInfinity;
  double difference = 0, size = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double e = expected[static_cast<size_t>(i)], d = std::abs(static_cast<double>(found[i]) - e);
    if (!std::isfinite(d)) return kInfinity;
    difference = std::max(difference, d);
    size = std::max(size, std::abs(e));
  }
  return difference == 0 ? 0 : difference / size;
}

inline double worst_error(const Tensor& found, const std::vector<double>& expected) {
  return worst_error(found.data(), found.count(), expected);
}

inline bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() &&
         (a.empty() || std::memcmp(a.data(), b.data(), static_cast<size_t>(a.count()) * sizeof(real)) == 0);
}

}  // namespace hmem::test
