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

/// An orthogonal matrix times `gain` (Saxe et al., ICLR 2014): the shorter side's vectors are orthonormal. Normal
/// numbers, orthonormalised by Gram-Schmidt in double, which leaves the diagonal of R positive, so that the result is
/// uniformly distributed. Throws Error unless weight is a matrix.
void orthogonal(Tensor& weight, double gain, Rng& rng);

/// The initialisers from which a layer can choose.
enum class Initialiser { he_uniform, glorot_uniform };
void initialise(Tensor& weight, Initialiser initialiser, int64_t fan_in, int64_t fan_out, Rng& rng);

}  // namespace hmem
