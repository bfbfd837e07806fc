#pragma once
/// \file conv2d_packing.h
/// Weights in the order in which the inner loops read them: [block][tap][channel in][kConvBlock], a block being
/// kConvBlock channels out, with zeros beyond the last.

#include <cstdint>

#include "hmem/core/real.h"
#include "kernels/simd/simd.h"

namespace hmem {

struct Conv2dDims;

/// Blocks of `channels` channels.
inline int64_t conv_block_count(int64_t channels) { return (channels + kConvBlock - 1) / kConvBlock; }

/// Elements of packed weights.
inline int64_t packed_conv_weights(int64_t in, int64_t out) { return conv_block_count(out) * 9 * in * kConvBlock; }

/// weight [9, in, out] to packed [packed_conv_weights(in, out)].
void pack_conv_weights(real* packed, const real* weight, const Conv2dDims& dims);

/// Those of the adjoint, from dz to dinp: channels change places and the taps are turned by 180 degrees;
/// packed [packed_conv_weights(out, in)].
void pack_turned_conv_weights(real* packed, const real* weight, const Conv2dDims& dims);

/// `result` for one block of `channels` channels in all; `bias` holds the block's, with zeros beyond the last.
ConvResult conv_block_result(const ConvResult& result, int64_t channels, int64_t block, real (&bias)[kConvBlock]);

}  // namespace hmem
