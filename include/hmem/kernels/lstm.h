#pragma once
/// \file lstm.h
/// LSTM over a whole sequence (Hochreiter & Schmidhuber 1997, with forget gate: Gers et al. 2000), h_0 = c_0 = 0:
///
///   z_t = x_t kernel + h_{t-1} recurrent + bias,   i, f, o = sigmoid(z_i, z_f, z_o),   g = tanh(z_g)
///   c_t = f c_{t-1} + i g,   h_t = o tanh(c_t)
///
/// x [B, T, in], kernel [in, 4h], recurrent [h, 4h], bias [4h], columns in the order i f g o. One product for the
/// inputs of all steps, one per step for the recurrent part: 8 B T h (in + h) flops forward, twice that backward.
/// Parallel over samples. sigmoid and tanh have errors below 4 ulp and the same bits on every instruction set.

#include <cstdint>

#include "hmem/core/real.h"

namespace hmem {

struct LstmDims {
  int64_t batch = 0, steps = 0, in = 0, hidden = 0;
};

/// Results of the forward pass that the backward pass reads.
struct LstmSaved {
  real* gates = nullptr;  ///< [B, T, 4h] activated
  real* c = nullptr;      ///< [B, T, h]
  real* h = nullptr;      ///< [B, T, h]: the result
};

/// Writes all of saved.
void lstm_forward(const LstmSaved& saved, const real* x, const real* kernel, const real* recurrent, const real* bias,
                  const LstmDims& dims);

/// The states on which the loss depends.
enum class LstmOutput {
  last,  ///< h_T: dout [B, h]
  all,   ///< h_1 .. h_T: dout [B, T, h]
};

/// Gradients to add to; null: not wanted.
struct LstmGrads {
  real *dx = nullptr, *dkernel = nullptr, *drecurrent = nullptr, *dbias = nullptr;
};

/// Backpropagation through time. saves: gates, c, h; reads x and the weights.
void lstm_backward(const LstmGrads& grads, const real* dout, LstmOutput output, const real* x, const real* kernel,
                   const real* recurrent, const LstmSaved& saved, const LstmDims& dims);

}  // namespace hmem
