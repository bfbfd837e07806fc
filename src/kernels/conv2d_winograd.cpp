// Minimal filtering (Winograd; A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", 2016,
// arXiv:1509.09308). A line of four outputs y = A^T ((G g) * (B^T d)) of a correlation with taps g needs six products
// in place of twelve, a tile of 4 x 4 outputs 36 in place of 144:
//
//   Y = A^T M A,   M[p] = sum over channels in of V[p] U[p] for each of the 36 products p,   V = B^T D B,  U = G g G^T
//
// The sums over channels are 36 matrix products, tiles x in by in x out; everything else is a few additions for each
// number. The adjoints have the same form:
//
//   dD: the convolution of dz with turned weights,   dg = G^T (V[p]^T Z[p]) G summed over tiles,   Z = A dY A^T
//
// B, G and A are in simd/winograd.inl; a map that is two pixels wide has lines of its own.

#include "kernels/conv2d_winograd.h"

#include <algorithm>

#include "hmem/core/parallel.h"
#include "hmem/kernels/conv2d.h"
#include "kernels/conv2d_packing.h"
#include "kernels/scratch.h"
#include "kernels/simd/simd.h"

namespace hmem {

namespace {

constexpr int64_t kMinChannels = 16;
constexpr int64_t kMinTiles = 14, kMaxTiles = 112;     // of one task, forward
constexpr int64_t kTaskElements = int64_t{150} << 10;  // of its inputs' factors: these stay in the cache
constexpr int64_t kGroupTiles = 128;                   // of one product, weights' gradient
constexpr int64_t kAside = 16;                         // elements: keeps rows a power of two apart out of one set

/// Outputs and inputs of the tiles along one axis of n pixels.
struct Axis {
  bool pair = false;
  int64_t n = 0, tiles = 0;

  explicit Axis(int64_t pixels) : pair(pixels == 2), n(pixels), tiles((pixels + 3) / 4) {}
  int64_t outputs() const { return pair ? 2 : 4; }
  int64_t inputs() const { return pair ? 2 : 6; }
  int64_t products() const { return tiles * (pair ? 3 : 6); }
  int64_t direct_products() const { return 3 * n - 2; }  // the outer taps of the border meet no pixel
};

/// The tiles of the images, numbered image by image.
struct Tiles {
  Axis y, x;
  WinogradLines lines;

  explicit Tiles(const Conv2dDims& dims) : y(dims.height), x(dims.width) { lines = {y.pair, x.pair}; }
  int64_t of_image() const { return y.tiles * x.tiles; }
  int64_t count(const Conv2dDims& dims) const { return dims.batch * of_image(); }
};

/// to(i, offset): pixel i of the ny x nx pixels of a tile that begin `before` its first output, as the number of the
/// pixel in `dims`; -1 outside of the image.
template <typename To>
void each_pixel(const Tiles& tiles, const Conv2dDims& dims, int64_t tile, bool inputs, const To& to) {
  const int64_t image = tile / tiles.of_image(), in_image = tile % tiles.of_image();
  const int64_t first_y = in_image / tiles.x.tiles * 4 - (inputs && !tiles.y.pair),
                first_x = in_image % tiles.x.tiles * 4 - (inputs && !tiles.x.pair);
  const int64_t ny = inputs ? tiles.y.inputs() : tiles.y.outputs(), nx = inputs ? tiles.x.inputs() : tiles.x.outputs();
  int64_t i = 0;
  for (int64_t y = first_y; y < first_y + ny; ++y) {
    for (int64_t x = first_x; x < first_x + nx; ++x, ++i) {
      const bool inside = y >= 0 && y < dims.height && x >= 0 && x < dims.width;
      to(i, inside ? (image * dims.height + y) * dims.width + x : -1);
    }
  }
}

/// Pointers to the pixels of a tile; zeros [channels] stands for those outside.
void point_to_pixels(const real** pixels, const real* images, int64_t channels, const real* zeros, const Tiles& tiles,
                     const Conv2dDims& dims, int64_t tile, bool inputs) {
  each_pixel(tiles, dims, tile, inputs,
             [&](int64_t i, int64_t pixel) { pixels[i] = pixel < 0 ? zeros : images + pixel * channels; });
}

/// Rows of pixels are too short for the processor to see their pattern, so it is told what the next tile will need.
void prefetch_pixels(const real* images, int64_t channels, const Tiles& tiles, const Conv2dDims& dims, int64_t tile,
                     bool inputs) {
  if (tile >= tiles.count(dims)) return;
  constexpr int64_t kLine = 64 / sizeof(real);
  each_pixel(tiles, dims, tile, inputs, [&](int64_t, int64_t pixel) {
    if (pixel < 0) return;
    for (int64_t c = 0; c < channels; c += kLine) __builtin_prefetch(images + pixel * channels + c);
  });
}

/// The inputs' factors of `count` tiles: V [product][tile][stride].
struct Factors {
  int64_t stride, step;

  Factors(int64_t channels, int64_t count) : stride(padded(channels) + kAside), step(count * stride + kAside) {}
};

/// Factors of the weights, [block][product][rows][kConvBlock], from packed ones.
void transform_weights(real* to, const real* packed, int64_t rows, int64_t blocks, WinogradLines lines) {
  const int64_t step = rows * kConvBlock;
  parallel_for(blocks * rows, 16, [&](int64_t i) {
    const int64_t block = i / rows, row = i % rows * kConvBlock;
    simd().winograd_weights(to + block * lines.products() * step + row, step, packed + block * 9 * step + row, step,
                            kConvBlock, lines);
  });
}

/// One product as a region: pixels are tiles, the only tap is the channels.
ConvRegion tiles_region(int64_t count, int64_t channels) {
  ConvRegion region;
  region.rows = region.col_step = 1;
  region.cols = count;
  region.run_count = 1;
  region.runs[0] = {0, 0, channels};
  return region;
}

/// out (+)= convolution of inp [pixels, in], tiles [begin, begin + n) at a time.
struct Convolution {
  const Conv2dDims& dims;
  const Tiles tiles;
  const real* inp;
  int64_t in;
  const real *weights, *zeros;  ///< transformed; [in]
  real* out;
  int64_t out_channels;
  const ConvResult& result;

  int64_t products() const { return tiles.lines.products(); }

  void transform_inputs(real* v, const Factors& factors, int64_t begin, int64_t n) const {
    const real* pixels[36];
    for (int64_t t = 0; t < n; ++t) {
      prefetch_pixels(inp, in, tiles, dims, begin + t + 1, true);
      point_to_pixels(pixels, inp, in, zeros, tiles, dims, begin + t, true);
      simd().winograd_inputs(v + t * factors.stride, factors.step, padded(in), pixels, in, tiles.lines);
    }
  }
  void write_block(int64_t block, const real* sums, int64_t sum_step, int64_t begin, int64_t n) const {
    const int64_t first = block * kConvBlock;
    ConvResult part = result;
    part.channels = std::min(kConvBlock, out_channels - first);
    real bias[kConvBlock] = {};
    if (result.bias) {
      std::copy(result.bias + first, result.bias + first + part.channels, bias);
      part.bias = bias;
    }
    real* pixels[16];
    for (int64_t t = 0; t < n; ++t) {
      each_pixel(tiles, dims, begin + t, false, [&](int64_t i, int64_t pixel) {
        pixels[i] = pixel < 0 ? nullptr : out + pixel * out_channels + first;
      });
      simd().winograd_outputs(pixels, sums + t * kConvBlock, sum_step, part, tiles.lines);
    }
  }
  void run(int64_t begin, int64_t n) const {
    const Factors factors(in, n);
    const int64_t sum_step = n * kConvBlock + kAside;
    Scratch scratch;
    real* v = scratch.take(products() * factors.step);
    real* sums = scratch.take(products() * sum_step);
    transform_inputs(v, factors, begin, n);
    const ConvRegion region = tiles_region(n, in);
    ConvResult plain;
    plain.channels = kConvBlock;
    for (int64_t block = 0; block < conv_block_count(out_channels); ++block) {
      for (int64_t p = 0; p < products(); ++p) {
        simd().conv_forward(sums + p * sum_step, kConvBlock, v + p * factors.step, factors.stride,
                            weights + (block * products() + p) * in * kConvBlock, region, plain);
      }
      write_block(block, sums, sum_step, begin, n);
    }
  }
};

void convolve(real* out, int64_t out_channels, const real* inp, int64_t in, const real* packed,
              const ConvResult& result, const Conv2dDims& dims) {
  const Tiles tiles(dims);
  const int64_t products = tiles.lines.products(), blocks = conv_block_count(out_channels), count = tiles.count(dims);
  Scratch scratch;
  real* weights = scratch.take(blocks * products * in * kConvBlock);
  transform_weights(weights, packed, in, blocks, tiles.lines);
  real* zeros = scratch.take(padded(in));
  zero(zeros, padded(in));
  const Convolution convolution = {dims, tiles, inp, in, weights, zeros, out, out_channels, result};

  // A tile is computed alike in any task: how many there are may depend on the threads.
  const int64_t in_cache = std::min(kMaxTiles, kTaskElements / (products * padded(in)));
  const int64_t of_task = std::max(kMinTiles, std::min(in_cache, count / (4 * num_threads())));
  const int64_t tasks = (count + of_task - 1) / of_task;
  parallel_for(tasks, 1, [&](int64_t task) {
    const int64_t begin = count * task / tasks;
    convolution.run(begin, count * (task + 1) / tasks - begin);
  });
}

/// Images whose tiles are one group, or which have several groups each.
int64_t group_images(const Tiles& tiles) { return std::max<int64_t>(1, kGroupTiles / tiles.of_image()); }

}  // namespace

bool winograd_pays(const Conv2dDims& dims) {
  if (std::min(dims.in, dims.out) < kMinChannels || std::min(dims.height, dims.width) < 2) return false;
  const Tiles tiles(dims);
  return 3 * tiles.y.products() * tiles.x.products() <= 2 * tiles.y.direct_products() * tiles.x.direct_products();
}

void conv2d_forward_winograd(real* out, const real* inp, const real* weight, const real* bias, Activation activation,
                             const Conv2dDims& dims) {
  Scratch scratch;
  real* packed = scratch.take(conv_block_count(dims.out) * 9 * dims.in * kConvBlock);
  pack_conv_weights(packed, weight, dims);
  ConvResult result;
  result.bias = bias;
  result.elu = activation == Activation::elu;
  convolve(out, dims.out, inp, dims.in, packed, result, dims);
}

void conv2d_backward_data_winograd(real* dinp, const real* dz, const real* weight, const Conv2dDims& dims) {
  Scratch scratch;
  real* packed = scratch.take(conv_block_count(dims.in) * 9 * dims.out * kConvBlock);
  pack_turned_conv_weights(packed, weight, dims);
  ConvResult result;
  result.accumulate = true;
  convolve(dinp, dims.in, dz, dims.out, packed, result, dims);
}

int64_t conv2d_partials_winograd(const Conv2dDims& dims) {
  return conv_block_count(dims.out) * Tiles(dims).lines.products() * dims.in * kConvBlock;
}

int64_t conv2d_piece_end_winograd(const Conv2dDims& dims, int64_t begin, int64_t images) {
  const int64_t group = group_images(Tiles(dims));
  return std::min(dims.batch, begin + std::max(group, images / group * group));
}

void add_conv2d_partials_winograd(real* partials, const real* dz, const real* inp, const Conv2dDims& dims,
                                  int64_t begin, int64_t end) {
  Conv2dDims piece = dims;
  piece.batch = end - begin;
  const Tiles tiles(dims);
  const int64_t products = tiles.lines.products(), blocks = conv_block_count(dims.out);
  const int64_t of_group = std::min(kGroupTiles, tiles.count(piece));
  const Factors factors(dims.in, of_group);
  const int64_t z_step = of_group * kConvBlock + kAside;
  Scratch scratch;
  real* v = scratch.take(products * factors.step);
  real* z = scratch.take(blocks * products * z_step);
  real* zeros = scratch.take(padded(std::max(dims.in, dims.out)));
  zero(zeros, padded(std::max(dims.in, dims.out)));
  ConvTiles layout;
  layout.stride = factors.stride;
  layout.tile = dims.in;

  const int64_t group = group_images(tiles) * tiles.of_image();
  for (int64_t first = 0; first < tiles.count(piece); first += group) {
    const int64_t last = std::min(tiles.count(piece), first + group);
    for (int64_t tile = first; tile < last; tile += kGroupTiles) {
      const int64_t n = std::min(kGroupTiles, last - tile);
      parallel_for(n, 4, [&](int64_t t) {
        const real* pixels[36];
        prefetch_pixels(inp, dims.in, tiles, piece, tile + t + 1, true);
        prefetch_pixels(dz, dims.out, tiles, piece, tile + t + 1, false);
        point_to_pixels(pixels, inp, dims.in, zeros, tiles, piece, tile + t, true);
        simd().winograd_inputs(v + t * factors.stride, factors.step, padded(dims.in), pixels, dims.in, tiles.lines);
        point_to_pixels(pixels, dz, dims.out, zeros, tiles, piece, tile + t, false);
        for (int64_t block = 0; block < blocks; ++block) {
          simd().winograd_outputs_adjoint(z + block * products * z_step + t * kConvBlock, z_step, kConvBlock, pixels,
                                          std::min(kConvBlock, dims.out - block * kConvBlock), tiles.lines);
          for (int64_t i = 0; i < tiles.y.outputs() * tiles.x.outputs(); ++i) {
            if (pixels[i] != zeros) pixels[i] += kConvBlock;
          }
        }
      });
      const ConvRegion region = tiles_region(n, dims.in);
      parallel_for(blocks * products, 1, [&](int64_t i) {
        const int64_t p = i % products;
        simd().conv_weights(partials + i * dims.in * kConvBlock, z + i * z_step, kConvBlock, v + p * factors.step,
                            layout, region);
      });
    }
  }
}

void sum_conv2d_partials_winograd(real* dweight, const real* partials, const Conv2dDims& dims) {
  const WinogradLines lines = Tiles(dims).lines;
  const int64_t rows = dims.in, step = rows * kConvBlock;
  parallel_for(conv_block_count(dims.out) * rows, 16, [&](int64_t i) {
    const int64_t block = i / rows, row = i % rows, first = block * kConvBlock;
    simd().winograd_weights_adjoint(dweight + row * dims.out + first, rows * dims.out,
                                    partials + block * lines.products() * step + row * kConvBlock, step,
                                    std::min(kConvBlock, dims.out - first), lines);
  });
}

}  // namespace hmem
