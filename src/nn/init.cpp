#include "hmem/nn/init.h"

#include <cmath>

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

}  // namespace hmem
