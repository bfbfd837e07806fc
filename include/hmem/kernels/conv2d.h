#pragma once
/// \file conv2d.h
/// Convolution 3 x 3, stride 1, zero padding that keeps the size ("same"), as networks use it (a correlation):
///
///   z[b, y, x, o] = bias[o] + sum over dy, dx, i of weight[dy, dx, i, o] inp[b, y + dy - 1, x + dx - 1, i]
///   out = activation(z)
///
/// Activations NHWC, weights [3, 3, in, out], bias [out]. 18 B H W in out flops in each direction.

#include <cstdint>

#include "hmem/core/real.h"
#include "hmem/kernels/elementwise.h"

namespace hmem {

struct Conv2dDims {
  int64_t batch = 0, height = 0, width = 0;
  int64_t in = 0, out = 0;  ///< channels

  int64_t pixels() const { return batch * height * width; }
  int64_t weights() const { return 9 * in * out; }
};

/// out [B, H, W, out] from inp [B, H, W, in]. Parallel over pixels.
void conv2d_forward(real* out, const real* inp, const real* weight, const real* bias, Activation activation,
                    const Conv2dDims& dims);

/// dinp += the adjoint in inp: dinp[b, y, x, i] += sum weight[dy, dx, i, o] dz[b, y - dy + 1, x - dx + 1, o], with dz
/// = dL/dz (bias_backward of elementwise.h makes it from dout). Parallel over pixels.
void conv2d_backward_data(real* dinp, const real* dz, const real* weight, const Conv2dDims& dims);

/// dweight[dy, dx, i, o] += sum over b, y, x of inp[b, y + dy - 1, x + dx - 1, i] dz[b, y, x, o]. The problem fixes the
/// order of the sums. saves: inp.
void conv2d_backward_weights(real* dweight, const real* dz, const real* inp, const Conv2dDims& dims);

/// conv2d_backward_weights for images that come in pieces, in order, with the same bits for any pieces:
/// add_conv2d_partials adds images [begin, end) of `dims`, to which dz and inp point, to partials
/// [conv2d_partials(dims)], which are zero at first and aligned to 64 bytes; sum_conv2d_partials adds these to dweight.
/// A piece ends at conv2d_piece_end(dims, begin, images): `images` images after its beginning or, on small maps, up to
/// 128 after it. add_conv2d_partials throws Error with ConvAlgorithm::gemm.
int64_t conv2d_partials(const Conv2dDims& dims);
int64_t conv2d_piece_end(const Conv2dDims& dims, int64_t begin, int64_t images);
void add_conv2d_partials(real* partials, const real* dz, const real* inp, const Conv2dDims& dims, int64_t begin,
                         int64_t end);
void sum_conv2d_partials(real* dweight, const real* partials, const Conv2dDims& dims);

/// The implementation of the functions above. They sum in different orders: equal up to rounding.
enum class ConvAlgorithm {
  winograd,  ///< minimal filtering where it saves a third of the products or more and channels are 16 or more,
             ///< elsewhere direct; the default. A pixel that is not finite spoils all 16 outputs of its tile.
  direct,    ///< sums in registers, no copy of the input; these two may fuse multiplication and addition
  gemm,      ///< matrix products of gathered pixels: slower, readable, the oracle of the tests
};
void select_conv_algorithm(ConvAlgorithm algorithm);
ConvAlgorithm conv_algorithm();

}  // namespace hmem
