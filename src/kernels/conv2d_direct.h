#pragma once
/// \file conv2d_direct.h
/// Convolution without gathering: see simd/conv.inl for the inner loops.

#include "hmem/kernels/conv2d.h"

namespace hmem {

void conv2d_forward_direct(real* out, const real* inp, const real* weight, const real* bias, Activation activation,
                           const Conv2dDims& dims);
void conv2d_backward_data_direct(real* dinp, const real* dz, const real* weight, const Conv2dDims& dims);
void conv2d_backward_weights_direct(real* dweight, const real* dz, const real* inp, const Conv2dDims& dims);

}  // namespace hmem
