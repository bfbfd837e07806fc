#pragma once
/// \file conv2d_direct.h
/// Convolution without gathering, ConvAlgorithm::direct of conv2d.h, whose functions these are. Inner loops:
/// simd/conv.inl.

#include "hmem/kernels/elementwise.h"

namespace hmem {

struct Conv2dDims;

void conv2d_forward_direct(real* out, const real* inp, const real* weight, const real* bias, Activation activation,
                           const Conv2dDims& dims);
void conv2d_backward_data_direct(real* dinp, const real* dz, const real* weight, const Conv2dDims& dims);
int64_t conv2d_partials_direct(const Conv2dDims& dims);
int64_t conv2d_piece_end_direct(const Conv2dDims& dims, int64_t begin, int64_t images);
void add_conv2d_partials_direct(real* partials, const real* dz, const real* inp, const Conv2dDims& dims, int64_t begin,
                                int64_t end);
void sum_conv2d_partials_direct(real* dweight, const real* partials, const Conv2dDims& dims);

}  // namespace hmem
