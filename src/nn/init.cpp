#include "hmem/nn/init.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "hmem/core/check.h"

namespace hmem {

namespace {

void fill_uniform(Tensor& weight, double limit, Rng& rng) {
  for (real& value : weight) value = static_cast<real>(rng.uniform(-limit, limit));
}

}  // namespace

void he_uniform(Tensor& weight, int64_t fan_in, Rng& rng) {
  HMEM_CHECK(fan_in > 0, "he_uniform: fan_in must be positive, found ", fan_in);
  fill_uniform(weight, std::sqrt(6.0 / static_cast<double>(fan_in)), rng);
}

void glorot_uniform(Tensor& weight, int64_t fan_in, int64_t fan_out, Rng& rng) {
  HMEM_CHECK(fan_in > 0 && fan_out > 0, "glorot_uniform: fan_in ", fan_in, ", fan_out ", fan_out,
             ", both must be positive");
  fill_uniform(weight, std::sqrt(6.0 / static_cast<double>(fan_in + fan_out)), rng);
}

void orthogonal(Tensor& weight, double gain, Rng& rng) {
  HMEM_CHECK(weight.shape().rank() == 2, "orthogonal: expected a matrix, found ", weight.shape());
  const int64_t rows = weight.size(0), columns = weight.size(1);
  const int64_t count = std::min(rows, columns), length = std::max(rows, columns);
  std::vector<double> vectors(static_cast<size_t>(count * length));
  for (double& x : vectors) x = rng.normal();
  const auto dot = [&](const double* a, const double* b) {
    double sum = 0;
    for (int64_t i = 0; i < length; ++i) sum += a[i] * b[i];
    return sum;
  };
  for (int64_t v = 0; v < count; ++v) {
    double* x = vectors.data() + v * length;
    for (int pass = 0; pass < 2; ++pass) {  // the second pass removes what rounding left
      for (int64_t u = 0; u < v; ++u) {
        const double* q = vectors.data() + u * length;
        const double along = dot(q, x);
        for (int64_t i = 0; i < length; ++i) x[i] -= along * q[i];
      }
    }
    const double norm = std::sqrt(dot(x, x));
    for (int64_t i = 0; i < length; ++i) x[i] /= norm;
  }
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      const double q =
          rows <= columns ? vectors[static_cast<size_t>(r * length + c)] : vectors[static_cast<size_t>(c * length + r)];
      weight[r * columns + c] = static_cast<real>(gain * q);
    }
  }
}

void initialise(Tensor& weight, Initialiser initialiser, int64_t fan_in, int64_t fan_out, Rng& rng) {
  if (initialiser == Initialiser::he_uniform) {
    he_uniform(weight, fan_in, rng);
  } else {
    glorot_uniform(weight, fan_in, fan_out, rng);
  }
}

}  // namespace hmem
