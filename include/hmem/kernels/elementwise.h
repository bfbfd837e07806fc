#pragma once
/// \file elementwise.h
/// Element-by-element kernels over whole arrays. Parallel over pieces of fixed size.

#include <cstdint>

#include "hmem/core/real.h"

namespace hmem {

/// out = 0
void zero(real* out, int64_t n);
/// out = a + b; out may be a or b.
void add_forward(real* out, const real* a, const real* b, int64_t n);
/// out += a; the adjoint of a sum, and of a copy.
void accumulate(real* out, const real* a, int64_t n);
/// out += scale a
void axpy(real* out, real scale, const real* a, int64_t n);

/// out = max(inp, 0); NaN stays NaN, so that a broken run is seen.
void relu_forward(real* out, const real* inp, int64_t n);
/// dinp += [inp > 0] dout. saves: inp.
void relu_backward(real* dinp, const real* inp, const real* dout, int64_t n);

/// sum of a^2: partial sums over pieces of fixed size, joined in double.
double sum_of_squares(const real* a, int64_t n);

}  // namespace hmem
