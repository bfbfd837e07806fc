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

/// out = max(inp, 0); NaN stays NaN, so a broken run is noticed.
void relu_forward(real* out, const real* inp, int64_t n);
/// dinp += [inp > 0] dout. saves: inp.
void relu_backward(real* dinp, const real* inp, const real* dout, int64_t n);

/// out = exp(inp); own implementation, error below 2 ulp in float. NaN stays NaN.
void exp_forward(real* out, const real* inp, int64_t n);

/// out = inp > 0 ? inp : exp(inp) - 1 (Clevert et al., ICLR 2016, alpha = 1); error below 3 ulp; NaN stays NaN. out may
/// be inp.
void elu_forward(real* out, const real* inp, int64_t n);
/// dinp += [out > 0] dout + [out <= 0] (out + 1) dout, from the output alone. saves: out.
void elu_backward(real* dinp, const real* out, const real* dout, int64_t n);

/// The activation after a product or a convolution, applied in the same pass.
enum class Activation {
  none,
  elu,
};

/// out [rows, n] = activation(inp + bias), bias [n]; out may be inp.
void bias_forward(real* out, const real* inp, const real* bias, Activation activation, int64_t rows, int64_t n);
/// Number of rows in one partial sum of bias_backward.
int64_t bias_rows(int64_t n);
/// dz [rows, n] = activation'(.) dout (set, not added; may be dout; null: not wanted), dbias [n] += column sums of it
/// (null: not wanted). saves: out (for elu).
void bias_backward(real* dz, real* dbias, const real* dout, const real* out, Activation activation, int64_t rows,
                   int64_t n);

/// sum of a^2: partial sums over pieces of fixed size, joined in double.
double sum_of_squares(const real* a, int64_t n);

/// y [rows, e] = s x, the gate s = 1 / (1 + exp(-g)) of each row from g [rows]. Parallel over rows.
void gate_rows_forward(real* y, real* s, const real* x, const real* g, int64_t rows, int64_t e);
/// dx += s dy,  dg += s (1 - s) (dy . x); each may be null. saves: x, s.
void gate_rows_backward(real* dx, real* dg, const real* dy, const real* x, const real* s, int64_t rows, int64_t e);

}  // namespace hmem
