#pragma once
/// \file conv2d_forms.h
/// The two fast forms of a convolution behind conv2d.h. Both get packed weights (conv2d_packing.h).

#include <cstdint>

#include "hmem/core/real.h"
#include "kernels/simd/simd.h"

namespace hmem {

struct Conv2dDims;

struct ConvForm {
  /// out [pixels, out_channels] = or += convolution of inp [pixels, in] with the packed weights of all blocks. `dims`
  /// has the images; its channels are not read, since the adjoint exchanges them.
  void (*convolve)(real* out, int64_t out_channels, const real* inp, int64_t in, const real* packed,
                   const ConvResult& result, const Conv2dDims& dims);
  /// As in conv2d.h.
  int64_t (*partials)(const Conv2dDims& dims);
  int64_t (*piece_end)(const Conv2dDims& dims, int64_t begin, int64_t images);
  void (*add_partials)(real* partials, const real* dz, const real* inp, const Conv2dDims& dims, int64_t begin,
                       int64_t end);
  void (*sum_partials)(real* dweight, const real* partials, const Conv2dDims& dims);
};

extern const ConvForm direct_form;    ///< conv2d_direct.cpp
extern const ConvForm winograd_form;  ///< conv2d_winograd.cpp

/// Whether minimal filtering needs at most two thirds of the products of the direct form, which leaves out taps outside
/// of the image, and has channels enough to fill vectors. Depends on height, width and channels alone: the pieces of a
/// batch must choose alike.
bool winograd_pays(const Conv2dDims& dims);

}  // namespace hmem
