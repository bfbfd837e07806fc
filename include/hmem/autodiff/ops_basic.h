#pragma once
/// \file ops_basic.h
/// Sums, products and activations on a tape. Every function throws Error with both shapes when they do not fit.

#include <vector>

#include "hmem/autodiff/tape.h"
#include "hmem/kernels/elementwise.h"

namespace hmem {

/// out = a + b, the same shape.
Var add(Var a, Var b);

/// out [m, n] = x [m, k] w [k, n].  dx += dout w^T,  dw += x^T dout.
Var matmul(Var x, Var w);

/// out = max(inp, 0).
Var relu(Var inp);

/// out = inp > 0 ? inp : exp(inp) - 1.
Var elu(Var inp);

/// out [rows, n] = sigmoid(g) x, a gate for each row: x [rows, n], g [rows, 1].
Var gate_rows(Var x, Var g);

/// out [rows, n] = activation(x + bias), bias [n].
Var add_bias(Var x, Var bias, Activation activation = Activation::none);

/// Scalar lambda * sum over all given values of x^2 (no factor 1/2): the L2 penalty.  dx += 2 lambda x dout.
Var l2_penalty(const std::vector<Var>& values, real lambda);

/// Scalar sum of weight (*) x: turns any value into a loss for gradient checks. weight has x's element count.
Var weighted_sum(Var x, const Tensor& weight);

}  // namespace hmem
