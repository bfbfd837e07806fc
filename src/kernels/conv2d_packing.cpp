#include "kernels/conv2d_packing.h"

#include <algorithm>

#include "hmem/core/parallel.h"
#include "hmem/kernels/conv2d.h"

namespace hmem {

namespace {

void pack_block(real* packed, const real* weight, int64_t rows, int64_t out, int64_t block) {
  const int64_t first = block * kConvBlock, count = std::min(kConvBlock, out - first);
  for (int64_t row = 0; row < rows; ++row) {
    real* to = packed + row * kConvBlock;
    std::copy(weight + row * out + first, weight + row * out + first + count, to);
    std::fill(to + count, to + kConvBlock, real(0));
  }
}

void pack_turned_block(real* packed, const real* weight, int64_t in, int64_t out, int64_t block) {
  constexpr int64_t kRows = 16;
  const int64_t first = block * kConvBlock, count = std::min(kConvBlock, in - first);
  for (int64_t tap = 0; tap < 9; ++tap) {
    const real* from = weight + ((8 - tap) * in + first) * out;
    for (int64_t begin = 0; begin < out; begin += kRows) {
      const int64_t end = std::min(out, begin + kRows);
      real* to = packed + tap * out * kConvBlock;
      for (int64_t i = 0; i < kConvBlock; ++i) {
        for (int64_t o = begin; o < end; ++o) to[o * kConvBlock + i] = i < count ? from[i * out + o] : real(0);
      }
    }
  }
}

}  // namespace

void pack_conv_weights(real* packed, const real* weight, const Conv2dDims& dims) {
  const int64_t rows = 9 * dims.in;
  parallel_for(conv_block_count(dims.out), 4,
               [&](int64_t block) { pack_block(packed + block * rows * kConvBlock, weight, rows, dims.out, block); });
}

void pack_turned_conv_weights(real* packed, const real* weight, const Conv2dDims& dims) {
  const int64_t rows = 9 * dims.out;
  parallel_for(conv_block_count(dims.in), 2, [&](int64_t block) {
    pack_turned_block(packed + block * rows * kConvBlock, weight, dims.in, dims.out, block);
  });
}

ConvResult conv_block_result(const ConvResult& result, int64_t channels, int64_t block, real (&bias)[kConvBlock]) {
  const int64_t first = block * kConvBlock;
  ConvResult part = result;
  part.channels = std::min(kConvBlock, channels - first);
  if (result.bias) {
    std::copy(result.bias + first, result.bias + first + part.channels, bias);
    std::fill(bias + part.channels, bias + kConvBlock, real(0));
    part.bias = bias;
  }
  return part;
}

}  // namespace hmem
