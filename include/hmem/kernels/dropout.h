#pragma once
/// \file dropout.h
/// Inverted dropout with masks that are a function of (stream, position): nothing is stored, and the same elements are
/// dropped for any number of threads and after a resume.
///
/// Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014).

#include <cstdint>

#include "hmem/core/real.h"

namespace hmem {

/// The elements that one application drops: element i takes the 32-bit word of number `first + i` of the stream
/// Rng(seed, name) that `key` stands for.
struct DropoutMask {
  uint32_t key[2] = {0, 0};
  uint64_t first = 0;  ///< a multiple of 4
  double rate = 0;     ///< probability to be dropped, in [0, 1)
};

/// out[i] = keep_i ? x[i] / (1 - rate) : 0
void dropout_forward(real* out, const real* x, const DropoutMask& mask, int64_t n);

/// dx[i] += keep_i ? dout[i] / (1 - rate) : 0. saves: nothing.
void dropout_backward(real* dx, const real* dout, const DropoutMask& mask, int64_t n);

}  // namespace hmem
