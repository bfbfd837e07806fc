#pragma once
/// \file init.h
/// Initial values of weights. Values are drawn in double and rounded once.

#include <cstdint>

#include "hmem/core/rng.h"
#include "hmem/core/tensor.h"

namespace hmem {

/// Uniform in +- sqrt(6 / fan_in) (He et al., ICCV 2015). Throws Error unless fan_in > 0.
void he_uniform(Tensor& weight, int64_t fan_in, Rng& rng);

/// Uniform in +- sqrt(6 / (fan_in + fan_out)) (Glorot & Bengio, AISTATS 2010). Throws Error unless both are positive.
void glorot_uniform(Tensor& weight, int64_t fan_in, int64_t fan_out, Rng& rng);

}  // namespace hmem
