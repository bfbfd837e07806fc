#pragma once
/// \file conv2d_winograd.h
/// Convolution by minimal filtering, ConvAlgorithm::winograd of conv2d.h. The functions are those of conv2d.h.

#include "hmem/kernels/elementwise.h"

namespace hmem {

struct Conv2dDims;

/// Whether it needs at most two thirds of the products of the direct form, with channels enough to fill vectors.
bool winograd_pays(const Conv2dDims& dims);

void conv2d_forward_winograd(real* out, const real* inp, const real* weight, const real* bias, Activation activation,
                             const Conv2dDims& dims);
void conv2d_backward_data_winograd(real* dinp, const real* dz, const real* weight, const Conv2dDims& dims);
int64_t conv2d_partials_winograd(const Conv2dDims& dims);
int64_t conv2d_piece_end_winograd(const Conv2dDims& dims, int64_t begin, int64_t images);
void add_conv2d_partials_winograd(real* partials, const real* dz, const real* inp, const Conv2dDims& dims,
                                  int64_t begin, int64_t end);
void sum_conv2d_partials_winograd(real* dweight, const real* partials, const Conv2dDims& dims);

}  // namespace hmem
