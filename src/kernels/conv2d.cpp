// The choice between the three forms, and the readable one: matrix products. (The others: conv2d_direct.cpp and
// conv2d_winograd.cpp.)
//
// With gathered[p, (dy, dx, i)] = inp at pixel p + (dy - 1, dx - 1), zero outside the image ("im2col"):
//   z = gathered weight,  dweight = gathered^T dz,  and dinp is the same convolution of dz with the weights turned:
//   turned[dy, dx, o, i] = weight[2 - dy, 2 - dx, i, o].
// Blocks of pixels are gathered into scratch memory of the thread; the products inside a block use one thread.

#include "hmem/kernels/conv2d.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/kernels/blas.h"
#include "kernels/conv2d_forms.h"
#include "kernels/conv2d_packing.h"
#include "kernels/scratch.h"

namespace hmem {

namespace {

ConvAlgorithm g_algorithm = ConvAlgorithm::winograd;

const ConvForm& form(const Conv2dDims& dims) {
  return g_algorithm == ConvAlgorithm::winograd && winograd_pays(dims) ? winograd_form : direct_form;
}

constexpr int64_t kPixels = 256;                        // of one block
constexpr int64_t kMaxChunks = 8;                       // partial sums of the weights' gradient
constexpr int64_t kPartialElements = int64_t{1} << 22;  // of all partial sums

/// Taps [first, end) of 9 for pixels [begin, begin + count): rows of (end - first) channels elements.
void gather(real* out, const real* inp, int64_t begin, int64_t count, int64_t first, int64_t end, int64_t channels,
            const Conv2dDims& dims) {
  for (int64_t p = begin; p < begin + count; ++p) {
    const int64_t x = p % dims.width, y = p / dims.width % dims.height;
    for (int64_t tap = first; tap < end; ++tap, out += channels) {
      const int64_t to_y = tap / 3 - 1, to_x = tap % 3 - 1;
      if (y + to_y < 0 || y + to_y >= dims.height || x + to_x < 0 || x + to_x >= dims.width) {
        std::fill(out, out + channels, real(0));
      } else {
        const real* from = inp + (p + to_y * dims.width + to_x) * channels;
        std::copy(from, from + channels, out);
      }
    }
  }
}

/// out [pixels, out_channels] (+)= gathered inp [pixels, 9 in_channels] weight; done(first pixel, count) after a block.
template <typename Done>
void convolve(real* out, const real* inp, const real* weight, int64_t in_channels, int64_t out_channels,
              bool accumulate, const Conv2dDims& dims, const Done& done) {
  const int64_t pixels = dims.pixels(), k = 9 * in_channels;
  parallel_for((pixels + kPixels - 1) / kPixels, 1, [&](int64_t block) {
    const int64_t begin = block * kPixels, count = std::min(kPixels, pixels - begin);
    Scratch scratch;
    real* gathered = scratch.take(count * k);
    gather(gathered, inp, begin, count, 0, 9, in_channels, dims);
    gemm(out + begin * out_channels, out_channels, matrix(gathered, k), matrix(weight, out_channels), count,
         out_channels, k, accumulate);
    done(begin, count);
  });
}

}  // namespace

void select_conv_algorithm(ConvAlgorithm algorithm) { g_algorithm = algorithm; }

ConvAlgorithm conv_algorithm() { return g_algorithm; }

void conv2d_forward(real* out, const real* inp, const real* weight, const real* bias, Activation activation,
                    const Conv2dDims& dims) {
  if (g_algorithm != ConvAlgorithm::gemm) {
    Scratch scratch;
    real* packed = scratch.take(packed_conv_weights(dims.in, dims.out));
    pack_conv_weights(packed, weight, dims);
    ConvResult result;
    result.bias = bias;
    result.elu = activation == Activation::elu;
    return form(dims).convolve(out, dims.out, inp, dims.in, packed, result, dims);
  }
  convolve(out, inp, weight, dims.in, dims.out, false, dims, [&](int64_t begin, int64_t count) {
    real* block = out + begin * dims.out;
    bias_forward(block, block, bias, activation, count, dims.out);
  });
}

void conv2d_backward_data(real* dinp, const real* dz, const real* weight, const Conv2dDims& dims) {
  Scratch scratch;
  if (g_algorithm != ConvAlgorithm::gemm) {
    real* packed = scratch.take(packed_conv_weights(dims.out, dims.in));
    pack_turned_conv_weights(packed, weight, dims);
    ConvResult result;
    result.accumulate = true;
    return form(dims).convolve(dinp, dims.in, dz, dims.out, packed, result, dims);
  }
  real* turned = scratch.take(dims.weights());
  for (int64_t tap = 0; tap < 9; ++tap) {
    const real* from = weight + (8 - tap) * dims.in * dims.out;
    real* to = turned + tap * dims.in * dims.out;
    for (int64_t i = 0; i < dims.in; ++i) {
      for (int64_t o = 0; o < dims.out; ++o) to[o * dims.in + i] = from[i * dims.out + o];
    }
  }
  convolve(dinp, dz, turned, dims.out, dims.in, true, dims, [](int64_t, int64_t) {});
}

void conv2d_backward_weights(real* dweight, const real* dz, const real* inp, const Conv2dDims& dims) {
  if (g_algorithm != ConvAlgorithm::gemm) {
    if (dims.pixels() == 0) return;
    Scratch scratch;
    real* partials = scratch.take(conv2d_partials(dims));
    zero(partials, conv2d_partials(dims));
    add_conv2d_partials(partials, dz, inp, dims, 0, dims.batch);
    return sum_conv2d_partials(dweight, partials, dims);
  }
  const int64_t pixels = dims.pixels(), tap_weights = dims.in * dims.out;
  const int64_t blocks = (pixels + kPixels - 1) / kPixels;
  const int64_t chunks = std::max<int64_t>(1, std::min({kMaxChunks, blocks, kPartialElements / dims.weights()}));
  Scratch shared;
  real* partials = shared.take(chunks * dims.weights());
  parallel_for(chunks * 9, 1, [&](int64_t task) {
    const int64_t chunk = task / 9, tap = task % 9;
    real* partial = partials + task * tap_weights;
    std::fill(partial, partial + tap_weights, real(0));
    Scratch scratch;
    real* gathered = scratch.take(kPixels * dims.in);
    for (int64_t block = blocks * chunk / chunks; block < blocks * (chunk + 1) / chunks; ++block) {
      const int64_t begin = block * kPixels, count = std::min(kPixels, pixels - begin);
      gather(gathered, inp, begin, count, tap, tap + 1, dims.in, dims);
      gemm(partial, dims.out, transposed(gathered, dims.in), matrix(dz + begin * dims.out, dims.out), dims.in, dims.out,
           count, true);
    }
  });
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    accumulate(dweight, partials + chunk * dims.weights(), dims.weights());
  }
}

int64_t conv2d_partials(const Conv2dDims& dims) { return form(dims).partials(dims); }

int64_t conv2d_piece_end(const Conv2dDims& dims, int64_t begin, int64_t images) {
  return form(dims).piece_end(dims, begin, images);
}

void add_conv2d_partials(real* partials, const real* dz, const real* inp, const Conv2dDims& dims, int64_t begin,
                         int64_t end) {
  HMEM_CHECK(g_algorithm != ConvAlgorithm::gemm,
             "add_conv2d_partials: found ConvAlgorithm::gemm, expected winograd or direct, which sum in pieces");
  form(dims).add_partials(partials, dz, inp, dims, begin, end);
}

void sum_conv2d_partials(real* dweight, const real* partials, const Conv2dDims& dims) {
  form(dims).sum_partials(dweight, partials, dims);
}

}  // namespace hmem
