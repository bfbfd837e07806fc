// The image is cut into regions on which the same taps meet pixels (inside, edges, corners), so that padding costs
// nothing. On small maps a region is one position in many images: then even 2 x 2 maps fill the tiles.

#include <algorithm>
#include <vector>

#include "hmem/core/parallel.h"
#include "hmem/kernels/conv2d.h"
#include "kernels/conv2d_forms.h"
#include "kernels/conv2d_packing.h"
#include "kernels/scratch.h"
#include "kernels/simd/simd.h"

namespace hmem {

namespace {

constexpr int64_t kSmallWidth = 8;                      // maps that are worked on across images
constexpr int64_t kImages = 28;                         // of one region across images, forward
constexpr int64_t kWeightImages = 128;                  // the same for the weights' gradient
constexpr int64_t kChunkImages = 64;                    // of one chunk across images, at least
constexpr int64_t kRegionRows = 4;                      // of one region inside an image, weights' gradient
constexpr int64_t kMaxChunks = 8;                       // partial sums of the weights' gradient
constexpr int64_t kPartialElements = int64_t{1} << 22;  // of all partial sums
constexpr int64_t kTile = 8;                            // channels of one tile of the packed input

bool across_images(const Conv2dDims& dims) { return dims.width <= kSmallWidth; }

/// Number of partial sums of the weights' gradient. Each is over many pixels: else loads and stores would dominate.
int64_t chunk_count(const Conv2dDims& dims) {
  const int64_t most = std::min(kMaxChunks, across_images(dims) ? dims.batch / kChunkImages : dims.batch);
  const int64_t of_weights = packed_conv_weights(dims.in, dims.out);
  return std::max<int64_t>(1, std::min(most, kPartialElements / of_weights));
}

/// First and last position of a stretch of n on which the same taps -1, 0, 1 stay inside: beginning, middle, end.
struct Stretch {
  int64_t begin, count;
  int first_tap, last_tap;
};

std::vector<Stretch> stretches(int64_t n) {
  if (n == 1) return {{0, 1, 0, 0}};
  if (n == 2) return {{0, 1, 0, 1}, {1, 1, -1, 0}};
  return {{0, 1, 0, 1}, {1, n - 2, -1, 1}, {n - 1, 1, -1, 0}};
}

/// Runs of weight rows for taps dy in [y.first_tap, y.last_tap], dx likewise: adjacent taps of one image row are
/// adjacent in memory and in the weights.
void add_runs(ConvRegion& region, const Stretch& y, const Stretch& x, int64_t in, int64_t width) {
  for (int dy = y.first_tap; dy <= y.last_tap; ++dy) {
    const int taps = x.last_tap - x.first_tap + 1;
    region.runs[region.run_count++] = {(dy * width + x.first_tap) * in, ((dy + 1) * 3 + x.first_tap + 1) * in,
                                       taps * in};
  }
}

/// The regions of one image, at most max_rows rows each; long columns are turned into rows.
std::vector<ConvRegion> image_regions(const Conv2dDims& dims, int64_t in, int64_t max_rows) {
  std::vector<ConvRegion> all;
  for (const Stretch& y : stretches(dims.height)) {
    for (const Stretch& x : stretches(dims.width)) {
      for (int64_t row = 0; row < y.count; row += max_rows) {
        ConvRegion region;
        region.pixel = (y.begin + row) * dims.width + x.begin;
        region.rows = std::min(max_rows, y.count - row);
        region.cols = x.count;
        region.row_step = dims.width;
        region.col_step = 1;
        if (x.count == 1) {
          std::swap(region.rows, region.cols);
          std::swap(region.row_step, region.col_step);
        }
        add_runs(region, y, x, in, dims.width);
        all.push_back(region);
      }
    }
  }
  return all;
}

/// One position each, in the first image.
std::vector<ConvRegion> position_regions(const Conv2dDims& dims, int64_t in) {
  std::vector<ConvRegion> all;
  for (const Stretch& y : stretches(dims.height)) {
    for (const Stretch& x : stretches(dims.width)) {
      for (int64_t p = 0; p < y.count * x.count; ++p) {
        ConvRegion region;
        region.pixel = (y.begin + p / x.count) * dims.width + x.begin + p % x.count;
        region.rows = region.cols = 1;
        region.col_step = dims.height * dims.width;
        add_runs(region, y, x, in, dims.width);
        all.push_back(region);
      }
    }
  }
  return all;
}

void convolve(real* out, int64_t out_channels, const real* inp, int64_t in, const real* packed,
              const ConvResult& result, const Conv2dDims& dims) {
  const int64_t blocks = conv_block_count(out_channels), image = dims.height * dims.width;
  const bool across = across_images(dims);
  const std::vector<ConvRegion> regions = across ? position_regions(dims, in) : image_regions(dims, in, dims.height);
  const int64_t images = across ? kImages : 1, groups = (dims.batch + images - 1) / images;
  // Neighbours share a block's weights, which are the larger part on small maps.
  parallel_for(groups * blocks, 1, [&](int64_t task) {
    const int64_t block = across ? task / groups : task % blocks, group = across ? task % groups : task / blocks;
    const int64_t begin = group * images;
    real bias[kConvBlock];
    const ConvResult part = conv_block_result(result, out_channels, block, bias);
    for (ConvRegion region : regions) {
      region.pixel += begin * image;
      if (across) region.cols = std::min(images, dims.batch - begin);
      simd().conv_forward(out + block * kConvBlock, out_channels, inp, in, packed + block * 9 * in * kConvBlock, region,
                          part);
    }
  });
}

/// dz as [block of channels][pixel][kConvBlock], zeros beyond the last channel; across images position comes first.
void pack_dz(real* packed, const real* dz, const Conv2dDims& dims, bool across) {
  const int64_t pixels = dims.pixels(), image = dims.height * dims.width;
  parallel_for(pixels, 256, [&](int64_t pixel) {
    const int64_t to_pixel = across ? pixel % image * dims.batch + pixel / image : pixel;
    for (int64_t first = 0; first < dims.out; first += kConvBlock) {
      const real* from = dz + pixel * dims.out + first;
      real* to = packed + (first / kConvBlock * pixels + to_pixel) * kConvBlock;
      const int64_t count = std::min(kConvBlock, dims.out - first);
      std::copy(from, from + count, to);
      std::fill(to + count, to + kConvBlock, real(0));
    }
  });
}

/// inp as [tile of channels][position][image][kTile].
void pack_inp(real* packed, const real* inp, const Conv2dDims& dims) {
  const int64_t pixels = dims.pixels(), image = dims.height * dims.width;
  parallel_for(pixels, 256, [&](int64_t pixel) {
    const int64_t to_pixel = pixel % image * dims.batch + pixel / image;
    for (int64_t first = 0; first < dims.in; first += kTile) {
      const real* from = inp + pixel * dims.in + first;
      std::copy(from, from + std::min(kTile, dims.in - first), packed + (first / kTile * pixels + to_pixel) * kTile);
    }
  });
}

/// Regions of packed pixels: one position, many images; taps one by one.
std::vector<ConvRegion> packed_regions(const Conv2dDims& dims) {
  std::vector<ConvRegion> all;
  for (const Stretch& y : stretches(dims.height)) {
    for (const Stretch& x : stretches(dims.width)) {
      for (int64_t p = 0; p < y.count * x.count; ++p) {
        ConvRegion region;
        region.pixel = ((y.begin + p / x.count) * dims.width + x.begin + p % x.count) * dims.batch;
        region.rows = region.col_step = 1;
        for (int dy = y.first_tap; dy <= y.last_tap; ++dy) {
          for (int dx = x.first_tap; dx <= x.last_tap; ++dx) {
            region.runs[region.run_count++] = {(dy * dims.width + dx) * dims.batch * kTile,
                                               ((dy + 1) * 3 + dx + 1) * dims.in, dims.in};
          }
        }
        all.push_back(region);
      }
    }
  }
  return all;
}

int64_t partials(const Conv2dDims& dims) { return chunk_count(dims) * packed_conv_weights(dims.in, dims.out); }

int64_t piece_end(const Conv2dDims& dims, int64_t begin, int64_t images) {
  if (!across_images(dims)) return std::min(dims.batch, begin + images);
  const int64_t chunks = chunk_count(dims);
  int64_t chunk = 0;
  while (dims.batch * (chunk + 1) / chunks <= begin) ++chunk;
  return std::min(dims.batch * (chunk + 1) / chunks, begin + kWeightImages);
}

void add_partials(real* partials, const real* dz, const real* inp, const Conv2dDims& dims, int64_t begin, int64_t end) {
  Conv2dDims piece = dims;
  piece.batch = end - begin;
  const int64_t rows = 9 * dims.in, blocks = conv_block_count(dims.out), pixels = piece.pixels();
  const int64_t chunks = chunk_count(dims);
  const bool across = across_images(dims);
  Scratch scratch;

  // Pixels of all channels lie a power of two apart on small maps, which a cache can hold few of: packed, they do not.
  int64_t dz_stride = dims.out, dz_block = kConvBlock;
  if (across || dims.out % kConvBlock != 0) {
    real* packed = scratch.take(blocks * pixels * kConvBlock);
    pack_dz(packed, dz, piece, across);
    dz = packed;
    dz_stride = kConvBlock;
    dz_block = pixels * kConvBlock;
  }
  ConvTiles tiles = {dims.in, rows, 0};
  if (across) {
    real* packed = scratch.take((dims.in + kTile - 1) / kTile * kTile * pixels);
    pack_inp(packed, inp, piece);
    inp = packed;
    tiles = {kTile, kTile, pixels * kTile};
  }
  const std::vector<ConvRegion> regions = across ? packed_regions(piece) : image_regions(dims, dims.in, kRegionRows);

  parallel_for(chunks * blocks, 1, [&](int64_t task) {
    const int64_t chunk = task / blocks, block = task % blocks;
    real* partial = partials + task * rows * kConvBlock;
    const int64_t last = std::min(end, dims.batch * (chunk + 1) / chunks), images = across ? kWeightImages : 1;
    for (int64_t b = std::max(begin, dims.batch * chunk / chunks); b < last; b += images) {
      for (ConvRegion region : regions) {
        if (across) region.cols = std::min(images, last - b);
        region.pixel += (b - begin) * (across ? 1 : dims.height * dims.width);
        simd().conv_weights(partial, dz + block * dz_block, dz_stride, inp, tiles, region);
      }
    }
  });
}

void sum_partials(real* dweight, const real* partials, const Conv2dDims& dims) {
  const int64_t rows = 9 * dims.in, blocks = conv_block_count(dims.out), tasks = chunk_count(dims) * blocks;
  parallel_for(rows, 64, [&](int64_t row) {
    for (int64_t task = 0; task < tasks; ++task) {
      const int64_t first = task % blocks * kConvBlock, count = std::min(kConvBlock, dims.out - first);
      simd().accumulate(dweight + row * dims.out + first, partials + (task * rows + row) * kConvBlock, count);
    }
  });
}

}  // namespace

const ConvForm direct_form = {convolve, partials, piece_end, add_partials, sum_partials};

}  // namespace hmem
