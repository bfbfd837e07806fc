// Direct convolution, and the matrix products of minimal filtering: sums of a tile of pixels by 2 vectors of output
// channels stay in registers while all taps and input channels pass. Unlike the kernels of the memory these may fuse
// multiplication and addition.

#if HMEM_VEC_BYTES == 64
constexpr int kConvPixels = 14;  // 28 sums, 2 weights; the input is a broadcast operand
#else
constexpr int kConvPixels = 6;
#endif
constexpr int kConvVecs = 2;

HMEM_INLINE vec multiply_add(vec a, vec b, vec c) {
#if HMEM_VEC_BYTES == 64 && !defined(HMEM_REAL_DOUBLE)
  return _mm512_fmadd_ps(a, b, c);
#elif HMEM_VEC_BYTES == 32 && !defined(HMEM_REAL_DOUBLE) && defined(__FMA__)
  return _mm256_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}

/// Calls f(Size<n>), 1 <= n <= kConvPixels.
template <typename F>
HMEM_INLINE void with_pixels(int64_t n, const F& f) {
  switch (n) {
    case 1:
      return f(Size<1>{});
    case 2:
      return f(Size<2>{});
    case 3:
      return f(Size<3>{});
    case 4:
      return f(Size<4>{});
    case 5:
      return f(Size<5>{});
#if HMEM_VEC_BYTES == 64
    case 6:
      return f(Size<6>{});
    case 7:
      return f(Size<7>{});
    case 8:
      return f(Size<8>{});
    case 9:
      return f(Size<9>{});
    case 10:
      return f(Size<10>{});
    case 11:
      return f(Size<11>{});
    case 12:
      return f(Size<12>{});
    case 13:
      return f(Size<13>{});
#endif
    default:
      return f(Size<kConvPixels>{});
  }
}

/// Cuts n into pieces of nearly equal size, at most kConvPixels: f(first, size).
template <typename F>
HMEM_INLINE void over_tiles(int64_t n, const F& f) {
  const int64_t pieces = (n + kConvPixels - 1) / kConvPixels;
  for (int64_t t = 0; t < pieces; ++t) f(n * t / pieces, n * (t + 1) / pieces - n * t / pieces);
}

/// R pixels, `step` apart in inp, by 2 vectors of channels: sum over all runs.
template <int R>
static __attribute__((noinline)) void conv_tile(real* out, int64_t out_step, const real* inp, int64_t step,
                                                const real* weight, const ConvRegion& region, const ConvResult& result,
                                                int64_t first) {
  vec sum[R][kConvVecs];
  HMEM_UNROLL
  for (int r = 0; r < R; ++r) {
    HMEM_UNROLL
    for (int q = 0; q < kConvVecs; ++q) sum[r][q] = vec{};
  }
  for (int run = 0; run < region.run_count; ++run) {
    const real* x = inp + region.runs[run].inp;
    const real* w = weight + region.runs[run].row * kConvBlock;
    const int64_t length = region.runs[run].length;
    for (int64_t i = 0; i < length; ++i, w += kConvBlock) {
      const vec w0 = load(w), w1 = load(w + kLanes);
      HMEM_UNROLL
      for (int r = 0; r < R; ++r) {
        const vec x_r = splat(x[r * step + i]);
        sum[r][0] = multiply_add(x_r, w0, sum[r][0]);
        sum[r][1] = multiply_add(x_r, w1, sum[r][1]);
      }
    }
  }
  HMEM_UNROLL
  for (int q = 0; q < kConvVecs; ++q) {
    const int64_t left = result.channels - first - q * kLanes;
    if (left <= 0) break;
    const vec bias_q = result.bias ? load_unaligned(result.bias + first + q * kLanes) : vec{};
    HMEM_UNROLL
    for (int r = 0; r < R; ++r) {
      real* to = out + r * out_step + q * kLanes;
      const vec z = sum[r][q] + bias_q;
      store_up_to(to, result.accumulate ? load_up_to(to, left) + z : z, left);
    }
  }
  if (!result.elu) return;
  for (int r = 0; r < R; ++r) {
    const int64_t left = result.channels - first;
    elu(out + r * out_step, out + r * out_step, left < kConvVecs * kLanes ? left : kConvVecs * kLanes);
  }
}

static void conv_forward(real* out, int64_t out_stride, const real* inp, int64_t inp_stride, const real* weight,
                         const ConvRegion& region, const ConvResult& result) {
  for (int64_t y = 0; y < region.rows; ++y) {
    const int64_t row = region.pixel + y * region.row_step;
    over_tiles(region.cols, [&](int64_t x, int64_t size) {
      const int64_t pixel = row + x * region.col_step;
      for (int64_t first = 0; first < result.channels; first += kConvVecs * kLanes) {
        with_pixels(size, [&](auto count) {
          conv_tile<decltype(count)::value>(out + pixel * out_stride + first, region.col_step * out_stride,
                                            inp + pixel * inp_stride, region.col_step * inp_stride, weight + first,
                                            region, result, first);
        });
      }
    });
  }
}

/// R input channels by 2 vectors of output channels: sum over all pixels of the region.
template <int R>
static __attribute__((noinline)) void conv_weights_tile(real* dweight, const real* dz, int64_t dz_stride,
                                                        const real* inp, int64_t inp_stride, const ConvRegion& region) {
  vec sum[R][kConvVecs];
  HMEM_UNROLL
  for (int r = 0; r < R; ++r) {
    HMEM_UNROLL
    for (int q = 0; q < kConvVecs; ++q) sum[r][q] = load(dweight + r * kConvBlock + q * kLanes);
  }
  for (int64_t y = 0; y < region.rows; ++y) {
    const int64_t pixel = region.pixel + y * region.row_step;
    const real* d = dz + pixel * dz_stride;
    const real* x = inp + pixel * inp_stride;
    for (int64_t p = 0; p < region.cols; ++p, d += region.col_step * dz_stride, x += region.col_step * inp_stride) {
      const vec d0 = load_unaligned(d), d1 = load_unaligned(d + kLanes);
      HMEM_UNROLL
      for (int r = 0; r < R; ++r) {
        const vec x_r = splat(x[r]);
        sum[r][0] = multiply_add(x_r, d0, sum[r][0]);
        sum[r][1] = multiply_add(x_r, d1, sum[r][1]);
      }
    }
  }
  HMEM_UNROLL
  for (int r = 0; r < R; ++r) {
    HMEM_UNROLL
    for (int q = 0; q < kConvVecs; ++q) store(dweight + r * kConvBlock + q * kLanes, sum[r][q]);
  }
}

static void conv_weights(real* dweight, const real* dz, int64_t dz_stride, const real* inp, const ConvTiles& tiles,
                         const ConvRegion& region) {
  for (int run = 0; run < region.run_count; ++run) {
    const ConvRun& part = region.runs[run];
    for (int64_t i = 0; i < part.length; i += tiles.tile) {
      const int64_t length = part.length - i < tiles.tile ? part.length - i : tiles.tile;
      const real* tile = inp + part.inp + i / tiles.tile * tiles.tile_step;
      over_tiles(length, [&](int64_t first, int64_t size) {
        for (int64_t column = 0; column < kConvBlock; column += kConvVecs * kLanes) {
          with_pixels(size, [&](auto count) {
            conv_weights_tile<decltype(count)::value>(dweight + (part.row + i + first) * kConvBlock + column,
                                                      dz + column, dz_stride, tile + first, tiles.stride, region);
          });
        }
      });
    }
  }
}
