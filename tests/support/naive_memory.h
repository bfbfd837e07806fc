#pragma once
/// \file naive_memory.h
/// The associative memory of one sample, written exactly as the equations: double, every M(t) kept, nothing skipped.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "hmem/core/real.h"
#include "hmem/kernels/hebbian.h"

namespace hmem::test {

using Doubles = std::vector<double>;

inline double positive_part(double z) { return z > 0 ? z : 0; }

/// M after t = 0..steps writes of z_k, z_v [steps, d], M_0 = 0; each [d, d].
inline std::vector<Doubles> naive_write(const real* z_k, const real* z_v, int64_t steps, int64_t d,
                                        const HebbianRule& rule) {
  const double gamma_pos = rule.gamma_pos, gamma_neg = rule.gamma_neg, w_max = rule.w_max;
  std::vector<Doubles> history(1, Doubles(static_cast<size_t>(d * d), 0.0));
  for (int64_t t = 0; t < steps; ++t) {
    Doubles m = history.back();
    for (int64_t i = 0; i < d; ++i) {
      const double k = positive_part(z_k[t * d + i]);
      for (int64_t j = 0; j < d; ++j) {
        double& w = m[static_cast<size_t>(i * d + j)];
        w = w + gamma_pos * (w_max - w) * k * positive_part(z_v[t * d + j]) - gamma_neg * w * k * k;
      }
    }
    history.push_back(std::move(m));
  }
  return history;
}

/// Adds the gradients of z_k, z_v to dz_k, dz_v [steps, d]; dm [d, d] is that of the last memory.
inline void naive_write_backward(double* dz_k, double* dz_v, const real* z_k, const real* z_v, Doubles dm,
                                 const std::vector<Doubles>& history, int64_t d, const HebbianRule& rule) {
  const double gamma_pos = rule.gamma_pos, gamma_neg = rule.gamma_neg, w_max = rule.w_max;
  for (int64_t t = static_cast<int64_t>(history.size()) - 2; t >= 0; --t) {
    const Doubles& m = history[static_cast<size_t>(t)];
    for (int64_t i = 0; i < d; ++i) {
      const double k = positive_part(z_k[t * d + i]);
      for (int64_t j = 0; j < d; ++j) {
        const double v = positive_part(z_v[t * d + j]), w = m[static_cast<size_t>(i * d + j)];
        double& g = dm[static_cast<size_t>(i * d + j)];
        if (k > 0) dz_k[t * d + i] += g * (gamma_pos * (w_max - w) * v - 2 * gamma_neg * w * k);
        if (v > 0) dz_v[t * d + j] += g * gamma_pos * (w_max - w) * k;
        g *= 1 - gamma_pos * k * v - gamma_neg * k * k;
      }
    }
  }
}

/// r [d] = M^T relu(z)
inline Doubles naive_read(const Doubles& m, const Doubles& z) {
  const size_t d = z.size();
  Doubles r(d, 0.0);
  for (size_t i = 0; i < d; ++i) {
    for (size_t j = 0; j < d; ++j) r[j] += positive_part(z[i]) * m[i * d + j];
  }
  return r;
}

}  // namespace hmem::test
