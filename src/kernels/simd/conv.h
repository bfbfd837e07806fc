#pragma once
/// \file conv.h
/// What the direct convolution kernels work on: parts of the image on which the same taps meet pixels.

#include <cstdint>

#include "hmem/core/real.h"

namespace hmem {

/// Output channels of one block: rows of packed weights have this length, zeros beyond the last channel.
constexpr int64_t kConvBlock = 32;

/// Weight rows [row, row + length) meet the `length` numbers that start `inp` after a pixel's own.
struct ConvRun {
  int64_t inp = 0, row = 0, length = 0;
};

/// rows x cols pixels, from number `pixel` on, with steps in pixels.
struct ConvRegion {
  int64_t pixel = 0, rows = 0, cols = 0, row_step = 0, col_step = 0;
  int run_count = 0;
  ConvRun runs[9];
};

/// What is done with the sums of one block of channels.
struct ConvResult {
  const real* bias = nullptr;  ///< [kConvBlock], or null
  bool elu = false;
  bool accumulate = false;  ///< added to out, else written
  int64_t channels = 0;     ///< of the block that exist
};

/// Where the weights' gradient finds its input: tiles of `tile` channels, `tile_step` apart; pixels of a tile are
/// `stride` apart.
struct ConvTiles {
  int64_t stride = 0, tile = 0, tile_step = 0;
};

}  // namespace hmem
