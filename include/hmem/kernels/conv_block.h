#pragma once
/// \file conv_block.h
/// [convolution with bias, ELU, batch norm] twice, max-pool 2, dropout, on images that come in pieces: bit for bit what
/// the kernels of conv2d.h, norm.h, pool.h and dropout.h compute one after the other for all images, but only inp and
/// out are stored for all of them. Statistics are those of all images, so each needs passes of its own over the pieces:
/// forward computes a convolution up to five times (sums, squares, both for the next norm, result) instead of once,
/// backward computes the forward pass three more times (sums of the second norm, of the first one, gradients).
///
/// Source of the idea: Chen et al., "Training deep nets with sublinear memory cost", arXiv 1604.06174 (2016).

#include <array>
#include <cstdint>

#include "hmem/kernels/conv2d.h"
#include "hmem/kernels/dropout.h"
#include "hmem/kernels/norm.h"

namespace hmem {

/// Convolution, ELU, batch norm.
struct ConvStage {
  const real *weight, *bias, *scale, *shift;
  NormStatistics statistics;  ///< [out] each
};

using ConvStages = std::array<ConvStage, 2>;

struct ConvStageGrads {
  real *weight, *bias, *scale, *shift;  ///< null: not wanted
};

struct ConvBlockDims {
  Conv2dDims images;    ///< inp [B, H, W, in], H and W even; out [B, H/2, W/2, out]
  int64_t piece = 1;    ///< images of a piece
  real epsilon = 0;     ///< of the norms
  DropoutMask dropout;  ///< rate 0: none
};

/// out from inp; also sets the statistics unless `fixed`.
void conv_block_forward(real* out, const real* inp, ConvStages& stages, const ConvBlockDims& dims, bool fixed,
                        const SumOverParts& parts = {});

/// Adds to the gradients; dinp may be null. saves: inp, statistics (of the batch).
void conv_block_backward(real* dinp, const std::array<ConvStageGrads, 2>& grads, const real* dout, const real* inp,
                         const ConvStages& stages, const ConvBlockDims& dims, const SumOverParts& parts = {});

}  // namespace hmem
