#pragma once
/// \file ops_image.h
/// Convolution and pooling on a tape. Formulas, shapes and source: kernels/conv2d.h, kernels/pool.h.

#include "hmem/autodiff/ops_nn.h"
#include "hmem/kernels/conv_block.h"

namespace hmem {

/// out [B, H, W, out] = activation(conv 3 x 3 "same" of inp [B, H, W, in] with weight [3, 3, in, out] + bias [out]).
Var conv2d(Var inp, Var weight, Var bias, Activation activation = Activation::none);

/// out [B, H/2, W/2, C] = maxima of 2 x 2 windows of inp [B, H, W, C].
Var max_pool(Var inp);

/// conv2d with ELU and the batch norm of its pixels, see ops_nn.h.
struct ConvStageVars {
  Var weight, bias, scale, shift;
  const NormStatistics* fixed = nullptr;  ///< as in NormSource
};

/// out [B, H/2, W/2, out] = dropout(max_pool(stage(stage(inp)))), `piece` images at a time: the same bits as from the
/// separate operations, but the tape keeps only inp and out (see kernels/conv_block.h). `used` receives the statistics.
Var conv_block(Var inp, const ConvStageVars (&stages)[2], real epsilon, const DropoutMask& mask, int64_t piece,
               NormStatistics (&used)[2]);

}  // namespace hmem
