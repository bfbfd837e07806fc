#pragma once
/// \file conv2d_direct.h
/// Convolution without gathering, ConvAlgorithm::direct of conv2d.h. Inner loops: simd/conv.inl.

#include "hmem/kernels/elementwise.h"

namespace hmem {

struct Conv2dDims;

void conv2d_forward_direct(real* out, const real* inp, const real* weight, const real* bias, Activation activation,
                           const Conv2dDims& dims);
void conv2d_backward_data_direct(real* dinp, const real* dz, const real* weight, const Conv2dDims& dims);
void conv2d_backward_weights_direct(real* dweight, const real* dz, const real* inp, const Conv2dDims& dims);

}  // namespace hmem
