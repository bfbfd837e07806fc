// Minimal filtering F(4x4, 3x3) (Winograd; A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks",
// CVPR 2016, arXiv:1509.09308). A line of four outputs y = A^T ((G g) * (B^T d)) of a correlation with taps g needs six
// products in place of twelve, a tile of 4 x 4 outputs 36 in place of 144:
//
//   Y = A^T M A,   M[p] = sum over channels in of V[p] U[p] at each of the 36 points p,   V = B^T D B,   U = G g G^T
//
// with the input transform V, the weight transform U and the output transform A^T M A: a few additions for each number.
// The sums over channels are 36 matrix products, tiles x in by in x out. The adjoints have the same form:
//
//   dD: the convolution of dz with turned weights,   dg = G^T (V[p]^T Z[p]) G summed over tiles,   Z = A dY A^T
//
// B, G and A are in simd/winograd.inl; a map that is two pixels wide or high has lines of its own there.

#include <algorithm>

#include "hmem/core/parallel.h"
#include "hmem/kernels/conv2d.h"
#include "hmem/kernels/elementwise.h"
#include "kernels/conv2d_forms.h"
#include "kernels/conv2d_packing.h"
#include "kernels/scratch.h"
#include "kernels/simd/simd.h"

namespace hmem {

namespace {

constexpr int64_t kMinChannels = 16;
constexpr int64_t kMinTiles = 14, kMaxTiles = 112;     // of one task, forward; the AVX-512 product takes 14 at a time
constexpr int64_t kTaskElements = int64_t{150} << 10;  // of its V, which is read once for each block of channels
constexpr int64_t kGroupTiles = 128;                   // of one product, weights' gradient
constexpr int64_t kLeastGroupTiles = 16;               // where pieces are small: else loads and stores would dominate
constexpr int64_t kAside = 16;                         // elements: keeps rows a power of two apart out of one set
constexpr int kMaxPixels = 36;                         // of the inputs of a tile

/// The tiles along one axis of n pixels.
struct Axis {
  bool pair = false;
  int64_t n = 0, tiles = 0;

  explicit Axis(int64_t pixels) : pair(pixels == 2), n(pixels), tiles((pixels + 3) / 4) {}
  int64_t outputs() const { return pair ? 2 : 4; }
  int64_t inputs() const { return pair ? 2 : 6; }
  int64_t before() const { return pair ? 0 : 1; }  ///< inputs before the first output
  int64_t points() const { return tiles * WinogradLines::points_of(pair); }
  int64_t direct_products() const { return 3 * n - 2; }  ///< the outer taps of the border meet no pixel
};

/// The tiles of the images, numbered image by image.
struct Tiles {
  Axis y, x;
  WinogradLines lines;

  explicit Tiles(const Conv2dDims& dims) : y(dims.height), x(dims.width) { lines = {y.pair, x.pair}; }
  int64_t of_image() const { return y.tiles * x.tiles; }
  int64_t count(const Conv2dDims& dims) const { return dims.batch * of_image(); }
};

enum class Side { inputs, outputs };

/// to(i, pixel) for the inputs or outputs of a tile, row by row: its number in the batch, or -1 outside of the image.
template <typename To>
void each_pixel(const Tiles& tiles, const Conv2dDims& dims, int64_t tile, Side side, const To& to) {
  const int64_t image = tile / tiles.of_image(), in_image = tile % tiles.of_image();
  const bool inputs = side == Side::inputs;
  const int64_t first_y = in_image / tiles.x.tiles * tiles.y.outputs() - (inputs ? tiles.y.before() : 0),
                first_x = in_image % tiles.x.tiles * tiles.x.outputs() - (inputs ? tiles.x.before() : 0);
  const int64_t ny = inputs ? tiles.y.inputs() : tiles.y.outputs(), nx = inputs ? tiles.x.inputs() : tiles.x.outputs();
  int64_t i = 0;
  for (int64_t y = first_y; y < first_y + ny; ++y) {
    for (int64_t x = first_x; x < first_x + nx; ++x, ++i) {
      const bool inside = y >= 0 && y < dims.height && x >= 0 && x < dims.width;
      to(i, inside ? (image * dims.height + y) * dims.width + x : -1);
    }
  }
}

/// Pointers to channel `first` of the pixels of a tile; zeros [channels] stands for those outside.
void point_to_pixels(const real** pixels, const real* images, int64_t channels, int64_t first, const real* zeros,
                     const Tiles& tiles, const Conv2dDims& dims, int64_t tile, Side side) {
  each_pixel(tiles, dims, tile, side,
             [&](int64_t i, int64_t pixel) { pixels[i] = (pixel < 0 ? zeros : images + pixel * channels) + first; });
}

/// Rows of pixels are too short for the processor to see their pattern, so it is told what the next tile will need.
void prefetch_pixels(const real* images, int64_t channels, const Tiles& tiles, const Conv2dDims& dims, int64_t tile,
                     Side side) {
  if (tile >= tiles.count(dims)) return;
  constexpr int64_t kLine = 64 / sizeof(real);
  each_pixel(tiles, dims, tile, side, [&](int64_t, int64_t pixel) {
    if (pixel < 0) return;
    for (int64_t c = 0; c < channels; c += kLine) __builtin_prefetch(images + pixel * channels + c);
  });
}

/// Layout of V of `count` tiles: [point][tile][channel in], rows `stride` and points `step` apart.
struct InputLayout {
  int64_t stride, step;

  InputLayout(int64_t channels, int64_t count) : stride(padded(channels) + kAside), step(count * stride + kAside) {}
};

/// U [block][point][rows][kConvBlock] from packed weights.
void transform_weights(real* u, const real* packed, int64_t rows, int64_t blocks, WinogradLines lines) {
  const int64_t step = rows * kConvBlock;
  parallel_for(blocks * rows, 16, [&](int64_t i) {
    const int64_t block = i / rows, row = i % rows * kConvBlock;
    simd().winograd_weights(u + block * lines.points() * step + row, step, packed + block * 9 * step + row, step,
                            kConvBlock, lines);
  });
}

/// A matrix product as a convolution: pixels are tiles, the only tap has all channels.
ConvRegion tiles_region(int64_t count, int64_t channels) {
  ConvRegion region;
  region.rows = region.col_step = 1;
  region.cols = count;
  region.run_count = 1;
  region.runs[0] = {0, 0, channels};
  return region;
}

/// out = or += the convolution of inp, for tiles [begin, begin + n) at a time.
struct WinogradConvolution {
  const Conv2dDims& dims;
  const Tiles tiles;
  const real* inp;
  int64_t in;
  const real *u, *zeros;  ///< zeros [padded(in)]
  real* out;
  int64_t out_channels;
  const ConvResult& result;

  int64_t points() const { return tiles.lines.points(); }

  void transform_inputs(real* v, const InputLayout& layout, int64_t begin, int64_t n) const {
    const real* pixels[kMaxPixels];
    for (int64_t t = 0; t < n; ++t) {
      prefetch_pixels(inp, in, tiles, dims, begin + t + 1, Side::inputs);
      point_to_pixels(pixels, inp, in, 0, zeros, tiles, dims, begin + t, Side::inputs);
      simd().winograd_inputs(v + t * layout.stride, layout.step, padded(in), pixels, in, tiles.lines);
    }
  }
  void transform_outputs(int64_t block, const real* m, int64_t step, int64_t begin, int64_t n) const {
    real bias[kConvBlock];
    const ConvResult part = conv_block_result(result, out_channels, block, bias);
    real* pixels[kMaxPixels];
    for (int64_t t = 0; t < n; ++t) {
      each_pixel(tiles, dims, begin + t, Side::outputs, [&](int64_t i, int64_t pixel) {
        pixels[i] = pixel < 0 ? nullptr : out + pixel * out_channels + block * kConvBlock;
      });
      simd().winograd_outputs(pixels, m + t * kConvBlock, step, part, tiles.lines);
    }
  }
  void run(int64_t begin, int64_t n) const {
    const InputLayout layout(in, n);
    const int64_t step = n * kConvBlock + kAside;
    Scratch scratch;
    real* v = scratch.take(points() * layout.step);
    real* m = scratch.take(points() * step);
    transform_inputs(v, layout, begin, n);
    const ConvRegion region = tiles_region(n, in);
    ConvResult plain;
    plain.channels = kConvBlock;
    for (int64_t block = 0; block < conv_block_count(out_channels); ++block) {
      for (int64_t p = 0; p < points(); ++p) {
        simd().conv_forward(m + p * step, kConvBlock, v + p * layout.step, layout.stride,
                            u + (block * points() + p) * in * kConvBlock, region, plain);
      }
      transform_outputs(block, m, step, begin, n);
    }
  }
};

void convolve(real* out, int64_t out_channels, const real* inp, int64_t in, const real* packed,
              const ConvResult& result, const Conv2dDims& dims) {
  const Tiles tiles(dims);
  const int64_t points = tiles.lines.points(), blocks = conv_block_count(out_channels), count = tiles.count(dims);
  Scratch scratch;
  real* u = scratch.take(blocks * points * in * kConvBlock);
  transform_weights(u, packed, in, blocks, tiles.lines);
  real* zeros = scratch.take(padded(in));
  zero(zeros, padded(in));
  const WinogradConvolution convolution = {dims, tiles, inp, in, u, zeros, out, out_channels, result};

  // A tile is computed alike in any task: how many there are may depend on the threads.
  const int64_t in_cache = std::min(kMaxTiles, kTaskElements / (points * padded(in)));
  const int64_t of_task = std::max(kMinTiles, std::min(in_cache, count / (4 * num_threads())));
  const int64_t tasks = (count + of_task - 1) / of_task;
  parallel_for(tasks, 1, [&](int64_t task) {
    const int64_t begin = count * task / tasks;
    convolution.run(begin, count * (task + 1) / tasks - begin);
  });
}

// The sums of the weights' gradient run over the tiles one after the other, so that neither groups nor pieces change
// their bits. Partials are V^T Z, [block][point][in][kConvBlock].

int64_t partials(const Conv2dDims& dims) {
  return conv_block_count(dims.out) * Tiles(dims).lines.points() * dims.in * kConvBlock;
}

int64_t piece_end(const Conv2dDims& dims, int64_t begin, int64_t images) {
  return std::min(dims.batch, begin + std::max(images, kLeastGroupTiles / Tiles(dims).of_image()));
}

void add_partials(real* partials, const real* dz, const real* inp, const Conv2dDims& dims, int64_t begin, int64_t end) {
  Conv2dDims piece = dims;
  piece.batch = end - begin;
  const Tiles tiles(dims);
  const int64_t points = tiles.lines.points(), blocks = conv_block_count(dims.out), count = tiles.count(piece);
  const int64_t of_group = std::min(kGroupTiles, count);
  const InputLayout layout(dims.in, of_group);
  const int64_t z_step = of_group * kConvBlock + kAside;
  Scratch scratch;
  real* v = scratch.take(points * layout.step);
  real* z = scratch.take(blocks * points * z_step);
  const int64_t zero_count = padded(std::max(dims.in, dims.out));
  real* zeros = scratch.take(zero_count);
  zero(zeros, zero_count);
  ConvTiles channels;
  channels.stride = layout.stride;
  channels.tile = dims.in;

  for (int64_t first = 0; first < count; first += kGroupTiles) {
    const int64_t n = std::min(kGroupTiles, count - first);
    parallel_for(n, 4, [&](int64_t t) {
      const int64_t tile = first + t;
      const real* pixels[kMaxPixels];
      prefetch_pixels(inp, dims.in, tiles, piece, tile + 1, Side::inputs);
      prefetch_pixels(dz, dims.out, tiles, piece, tile + 1, Side::outputs);
      point_to_pixels(pixels, inp, dims.in, 0, zeros, tiles, piece, tile, Side::inputs);
      simd().winograd_inputs(v + t * layout.stride, layout.step, padded(dims.in), pixels, dims.in, tiles.lines);
      for (int64_t block = 0; block < blocks; ++block) {
        const int64_t channel = block * kConvBlock;
        point_to_pixels(pixels, dz, dims.out, channel, zeros, tiles, piece, tile, Side::outputs);
        simd().winograd_outputs_adjoint(z + block * points * z_step + t * kConvBlock, z_step, kConvBlock, pixels,
                                        std::min(kConvBlock, dims.out - channel), tiles.lines);
      }
    });
    const ConvRegion region = tiles_region(n, dims.in);
    parallel_for(blocks * points, 1, [&](int64_t i) {
      simd().conv_weights(partials + i * dims.in * kConvBlock, z + i * z_step, kConvBlock, v + i % points * layout.step,
                          channels, region);
    });
  }
}

void sum_partials(real* dweight, const real* partials, const Conv2dDims& dims) {
  const WinogradLines lines = Tiles(dims).lines;
  const int64_t rows = dims.in, step = rows * kConvBlock;
  parallel_for(conv_block_count(dims.out) * rows, 16, [&](int64_t i) {
    const int64_t block = i / rows, row = i % rows, first = block * kConvBlock;
    simd().winograd_weights_adjoint(dweight + row * dims.out + first, rows * dims.out,
                                    partials + block * lines.points() * step + row * kConvBlock, step,
                                    std::min(kConvBlock, dims.out - first), lines);
  });
}

}  // namespace

const ConvForm winograd_form = {convolve, partials, piece_end, add_partials, sum_partials};

bool winograd_pays(const Conv2dDims& dims) {
  if (std::min(dims.in, dims.out) < kMinChannels || std::min(dims.height, dims.width) < 2) return false;
  const Tiles tiles(dims);
  return 3 * tiles.y.points() * tiles.x.points() <= 2 * tiles.y.direct_products() * tiles.x.direct_products();
}

}  // namespace hmem
