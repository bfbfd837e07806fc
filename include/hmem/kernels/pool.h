#pragma once
/// \file pool.h
/// Max-pool 2 x 2 with stride 2, activations NHWC.

#include <cstdint>

#include "hmem/core/real.h"

namespace hmem {

/// Sizes of an NHWC array.
struct ImageDims {
  int64_t batch = 0, height = 0, width = 0, channels = 0;
};

/// out [B, H/2, W/2, C] = maximum of each window of inp [B, H, W, C]; argmax (same shape as out) is the index of its
/// maximum, 0 1 / 2 3, the first among equal ones. An odd last row or column is left out, as in Keras ("valid"). NaN
/// stays NaN. Parallel over rows of windows.
void max_pool_forward(real* out, uint8_t* argmax, const real* inp, const ImageDims& dims);

/// dinp += dout at the maxima. saves: argmax.
void max_pool_backward(real* dinp, const real* dout, const uint8_t* argmax, const ImageDims& dims);

}  // namespace hmem
