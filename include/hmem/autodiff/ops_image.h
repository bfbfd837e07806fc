#pragma once
/// \file ops_image.h
/// Convolution and pooling on a tape. Formulas, shapes and source: kernels/conv2d.h, kernels/pool.h.

#include "hmem/autodiff/tape.h"
#include "hmem/kernels/elementwise.h"

namespace hmem {

/// out [B, H, W, out] = activation(conv 3 x 3 "same" of inp [B, H, W, in] with weight [3, 3, in, out] + bias [out]).
Var conv2d(Var inp, Var weight, Var bias, Activation activation = Activation::none);

/// out [B, H/2, W/2, C] = maxima of 2 x 2 windows of inp [B, H, W, C].
Var max_pool(Var inp);

}  // namespace hmem
