#pragma once
/// \file conv2d_gemm.h
/// Convolution by matrix products of gathered pixels: the readable form, the same for every size.

#include "hmem/kernels/conv2d.h"

namespace hmem {

void conv2d_forward_gemm(real* out, const real* inp, const real* weight, const real* bias, Activation activation,
                         const Conv2dDims& dims);
void conv2d_backward_data_gemm(real* dinp, const real* dz, const real* weight, const Conv2dDims& dims);
void conv2d_backward_weights_gemm(real* dweight, const real* dz, const real* inp, const Conv2dDims& dims);

}  // namespace hmem
