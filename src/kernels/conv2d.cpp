// The choice between the three forms, and the readable one: matrix products. (The others: conv2d_direct.cpp and
// conv2d_winograd.cpp.)
//
// With gathered[p, (dy, dx, i)] = inp at pixel p + (dy - 1, dx - 1), zero outside the image ("im2col"):
//   z = gathered weight,  dweight = gathered^T dz,  and dinp is the same convolution of dz with the weights turned:
//   turned[dy, dx, o, i] = weight[2 - dy, 2 - dx, i, o].
// Blocks of pixels are gathered into scratch memory of the thread; the products inside a block use one thread.

#include "hmem/kernels/conv2d.h"

#include <algorithm>

#include "hmem/core/parallel.h"
#include "hmem/kernels/blas.h"
#include "kernels/conv2d_direct.h"
#include "kernels/conv2d_winograd.h"
#include "kernels/scratch.h"

namespace hmem {

namespace {

ConvAlgorithm g_algorithm = ConvAlgorithm::winograd;

bool uses_products() { return g_algorithm == ConvAlgorithm::gemm; }
bool uses_winograd(const Conv2dDims& dims) { return g_algorithm == ConvAlgorithm::winograd && winograd_pays(dims); }

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
  if (uses_winograd(dims)) return conv2d_forward_winograd(out, inp, weight, bias, activation, dims);
  if (!uses_products()) return conv2d_forward_direct(out, inp, weight, bias, activation, dims);
  convolve(out, inp, weight, dims.in, dims.out, false, dims, [&](int64_t begin, int64_t count) {
    real* block = out + begin * dims.out;
    bias_forward(block, block, bias, activation, count, dims.out);
  });
}

void conv2d_backward_data(real* dinp, const real* dz, const real* weight, const Conv2dDims& dims) {
  if (uses_winograd(dims)) return conv2d_backward_data_winograd(dinp, dz, weight, dims);
  if (!uses_products()) return conv2d_backward_data_direct(dinp, dz, weight, dims);
  Scratch scratch;
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
  if (!uses_products()) {
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

int64_t conv2d_partials(const Conv2dDims& dims) {
  return uses_winograd(dims) ? conv2d_partials_winograd(dims) : conv2d_partials_direct(dims);
}

int64_t conv2d_piece_end(const Conv2dDims& dims, int64_t begin, int64_t images) {
  return uses_winograd(dims) ? conv2d_piece_end_winograd(dims, begin, images)
                             : conv2d_piece_end_direct(dims, begin, images);
}

void add_conv2d_partials(real* partials, const real* dz, const real* inp, const Conv2dDims& dims, int64_t begin,
                         int64_t end) {
  (uses_winograd(dims) ? add_conv2d_partials_winograd : add_conv2d_partials_direct)(partials, dz, inp, dims, begin,
                                                                                    end);
}

void sum_conv2d_partials(real* dweight, const real* partials, const Conv2dDims& dims) {
  (uses_winograd(dims) ? sum_conv2d_partials_winograd : sum_conv2d_partials_direct)(dweight, partials, dims);
}

}  // namespace hmem
