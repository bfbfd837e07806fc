// Transforms of convolution by minimal filtering (conv2d_winograd.cpp tells the algorithm), on the channels of one
// tile: each line of the tile along x, then each along y. A transform turns kFrom numbers into kTo.

/// F(4, 3): four outputs of a correlation with three taps, from six inputs by six products: interpolation at 0, a, -a,
/// b, -b and infinity. With a = sqrt(1/2) and b = sqrt(2) the rounding errors of a tile are half of those with 1 and 2.
struct WinogradF43 {
  static constexpr real kA = real(0.70710678118654752), kA3 = real(0.35355339059327376);
  static constexpr real kB = real(1.41421356237309505), kB3 = real(2.82842712474619010);
  // 1 / (2 a^2 (a^2 - b^2)) and 1 / (2 b^2 (b^2 - a^2)), and these times a and b.
  static constexpr real kMinusTwoThirds = real(-2.0 / 3), kMinusTwoThirdsA = real(-0.47140452079103168);
  static constexpr real kSixth = real(1.0 / 6), kSixthB = real(0.23570226039551584);

  /// Row p: the coefficients of the product of (x - q) over all other points q; infinity: over all points.
  struct Inputs {
    static constexpr int kFrom = 6, kTo = 6;
    HMEM_INLINE void line(vec* t, const vec* d) {
      const vec even_a = multiply_add(splat(-2), d[2], d[4]), odd_a = multiply_add(splat(kA), d[3], splat(-kB) * d[1]);
      const vec even_b = multiply_add(splat(real(-0.5)), d[2], d[4]);
      const vec odd_b = multiply_add(splat(kB), d[3], splat(-kA) * d[1]);
      t[0] = multiply_add(splat(real(-2.5)), d[2], d[0] + d[4]);
      t[1] = even_a + odd_a;
      t[2] = even_a - odd_a;
      t[3] = even_b + odd_b;
      t[4] = even_b - odd_b;
      t[5] = multiply_add(splat(real(-2.5)), d[3], d[1] + d[5]);
    }
  };
  /// Row p: the taps as a polynomial at p, divided by the product of (p - q) over the other points q.
  struct Weights {
    static constexpr int kFrom = 3, kTo = 6;
    HMEM_INLINE void line(vec* u, const vec* g) {
      const vec even_a = multiply_add(splat(real(0.5)), g[2], g[0]) * splat(kMinusTwoThirds);
      const vec odd_a = splat(kMinusTwoThirdsA) * g[1];
      const vec even_b = multiply_add(splat(2), g[2], g[0]) * splat(kSixth), odd_b = splat(kSixthB) * g[1];
      u[0] = g[0];
      u[1] = even_a + odd_a;
      u[2] = even_a - odd_a;
      u[3] = even_b + odd_b;
      u[4] = even_b - odd_b;
      u[5] = g[2];
    }
  };
  struct WeightsAdjoint {
    static constexpr int kFrom = 6, kTo = 3;
    HMEM_INLINE void line(vec* dg, const vec* du) {
      const vec sum_a = (du[1] + du[2]) * splat(kMinusTwoThirds), dif_a = (du[1] - du[2]) * splat(kMinusTwoThirdsA);
      const vec sum_b = (du[3] + du[4]) * splat(kSixth), dif_b = (du[3] - du[4]) * splat(kSixthB);
      dg[0] = du[0] + sum_a + sum_b;
      dg[1] = dif_a + dif_b;
      dg[2] = multiply_add(splat(real(0.5)), sum_a, multiply_add(splat(2), sum_b, du[5]));
    }
  };
  /// Row j: the powers j of the points; infinity counts in the last row alone.
  struct Outputs {
    static constexpr int kFrom = 6, kTo = 4;
    HMEM_INLINE void line(vec* y, const vec* m) {
      const vec sum_a = m[1] + m[2], dif_a = m[1] - m[2], sum_b = m[3] + m[4], dif_b = m[3] - m[4];
      y[0] = m[0] + sum_a + sum_b;
      y[1] = multiply_add(splat(kA), dif_a, splat(kB) * dif_b);
      y[2] = multiply_add(splat(real(0.5)), sum_a, sum_b + sum_b);
      y[3] = multiply_add(splat(kA3), dif_a, multiply_add(splat(kB3), dif_b, m[5]));
    }
  };
  struct OutputsAdjoint {
    static constexpr int kFrom = 4, kTo = 6;
    HMEM_INLINE void line(vec* dm, const vec* dy) {
      const vec even_a = multiply_add(splat(real(0.5)), dy[2], dy[0]);
      const vec odd_a = multiply_add(splat(kA3), dy[3], splat(kA) * dy[1]);
      const vec even_b = multiply_add(splat(2), dy[2], dy[0]);
      const vec odd_b = multiply_add(splat(kB3), dy[3], splat(kB) * dy[1]);
      dm[0] = dy[0];
      dm[1] = even_a + odd_a;
      dm[2] = even_a - odd_a;
      dm[3] = even_b + odd_b;
      dm[4] = even_b - odd_b;
      dm[5] = dy[3];
    }
  };
};

/// A line of two pixels with zeros around it, by three products instead of four:
/// y0 = g1 (d0 + d1) + (g2 - g1) d1, y1 = g1 (d0 + d1) + (g0 - g1) d0.
struct WinogradPair {
  struct Inputs {
    static constexpr int kFrom = 2, kTo = 3;
    HMEM_INLINE void line(vec* t, const vec* d) {
      t[0] = d[0] + d[1];
      t[1] = d[1];
      t[2] = d[0];
    }
  };
  struct Weights {
    static constexpr int kFrom = 3, kTo = 3;
    HMEM_INLINE void line(vec* u, const vec* g) {
      u[0] = g[1];
      u[1] = g[2] - g[1];
      u[2] = g[0] - g[1];
    }
  };
  struct WeightsAdjoint {
    static constexpr int kFrom = 3, kTo = 3;
    HMEM_INLINE void line(vec* dg, const vec* du) {
      dg[0] = du[2];
      dg[1] = du[0] - du[1] - du[2];
      dg[2] = du[1];
    }
  };
  struct Outputs {
    static constexpr int kFrom = 3, kTo = 2;
    HMEM_INLINE void line(vec* y, const vec* m) {
      y[0] = m[0] + m[1];
      y[1] = m[0] + m[2];
    }
  };
  struct OutputsAdjoint {
    static constexpr int kFrom = 2, kTo = 3;
    HMEM_INLINE void line(vec* dm, const vec* dy) {
      dm[0] = dy[0] + dy[1];
      dm[1] = dy[0];
      dm[2] = dy[1];
    }
  };
};

static_assert(WinogradF43::Inputs::kTo == WinogradLines::points_of(false));
static_assert(WinogradPair::Inputs::kTo == WinogradLines::points_of(true));

/// Calls f(line along y, line along x).
template <typename F>
HMEM_INLINE void with_lines(WinogradLines lines, const F& f) {
  if (lines.pair_y && lines.pair_x) return f(WinogradPair{}, WinogradPair{});
  if (lines.pair_y) return f(WinogradPair{}, WinogradF43{});
  if (lines.pair_x) return f(WinogradF43{}, WinogradPair{});
  f(WinogradF43{}, WinogradF43{});
}

/// from(i): number i = y X::kFrom + x of the tile; to(i, result): the same of the transformed one.
template <typename Y, typename X, typename From, typename To>
HMEM_INLINE void transform_tile(const From& from, const To& to) {
  vec half[Y::kFrom][X::kTo];
  HMEM_UNROLL
  for (int y = 0; y < Y::kFrom; ++y) {
    vec line[X::kFrom];
    HMEM_UNROLL
    for (int x = 0; x < X::kFrom; ++x) line[x] = from(y * X::kFrom + x);
    X::line(half[y], line);
  }
  HMEM_UNROLL
  for (int x = 0; x < X::kTo; ++x) {
    vec line[Y::kFrom], result[Y::kTo];
    HMEM_UNROLL
    for (int y = 0; y < Y::kFrom; ++y) line[y] = half[y][x];
    Y::line(result, line);
    HMEM_UNROLL
    for (int y = 0; y < Y::kTo; ++y) to(y * X::kTo + x, result[y]);
  }
}

/// Columns [0, n) of pixels to columns [0, width) of the points, zeros beyond n.
template <typename Y, typename X>
HMEM_INLINE void transform_pixels(real* to, int64_t step, int64_t width, const real* const* pixels, int64_t n) {
  int64_t c = 0;
  for (; c + kLanes <= n; c += kLanes) {
    transform_tile<Y, X>([&](int i) HMEM_INLINE_LAMBDA { return load_unaligned(pixels[i] + c); },
                         [&](int i, vec x) HMEM_INLINE_LAMBDA { store(to + i * step + c, x); });
  }
  if (c < n) {
    transform_tile<Y, X>([&](int i) HMEM_INLINE_LAMBDA { return load_some(pixels[i] + c, n - c); },
                         [&](int i, vec x) HMEM_INLINE_LAMBDA { store(to + i * step + c, x); });
    c += kLanes;
  }
  for (; c < width; c += kLanes) {
    for (int i = 0; i < Y::kTo * X::kTo; ++i) store(to + i * step + c, vec{});
  }
}

static void winograd_inputs(real* to, int64_t step, int64_t width, const real* const* pixels, int64_t n,
                            WinogradLines lines) {
  with_lines(lines, [&](auto y, auto x) {
    transform_pixels<typename decltype(y)::Inputs, typename decltype(x)::Inputs>(to, step, width, pixels, n);
  });
}

static void winograd_outputs_adjoint(real* to, int64_t step, int64_t width, const real* const* pixels, int64_t n,
                                     WinogradLines lines) {
  with_lines(lines, [&](auto y, auto x) {
    transform_pixels<typename decltype(y)::OutputsAdjoint, typename decltype(x)::OutputsAdjoint>(to, step, width,
                                                                                                 pixels, n);
  });
}

static void winograd_outputs(real* const* pixels, const real* from, int64_t step, const ConvResult& result,
                             WinogradLines lines) {
  with_lines(lines, [&](auto y, auto x) {
    for (int64_t c = 0; c < result.channels; c += kLanes) {
      const int64_t left = result.channels - c;
      const vec bias = result.bias ? load_unaligned(result.bias + c) : vec{};
      transform_tile<typename decltype(y)::Outputs, typename decltype(x)::Outputs>(
          [&](int i) HMEM_INLINE_LAMBDA { return load(from + i * step + c); },
          [&](int i, vec sum) HMEM_INLINE_LAMBDA {
            if (!pixels[i]) return;
            real* to = pixels[i] + c;
            const vec z = sum + bias;
            store_up_to(to, result.accumulate ? load_up_to(to, left) + z : z, left);
          });
    }
    if (!result.elu) return;
    constexpr int kPixels = decltype(y)::Outputs::kTo * decltype(x)::Outputs::kTo;
    for (int i = 0; i < kPixels; ++i) {
      if (pixels[i]) elu(pixels[i], pixels[i], result.channels);
    }
  });
}

static void winograd_weights(real* to, int64_t step, const real* packed, int64_t tap_step, int64_t n,
                             WinogradLines lines) {
  with_lines(lines, [&](auto y, auto x) {
    for (int64_t j = 0; j < n; j += kLanes) {
      transform_tile<typename decltype(y)::Weights, typename decltype(x)::Weights>(
          [&](int i) HMEM_INLINE_LAMBDA { return load(packed + i * tap_step + j); },
          [&](int i, vec u) HMEM_INLINE_LAMBDA { store(to + i * step + j, u); });
    }
  });
}

static void winograd_weights_adjoint(real* dweight, int64_t tap_step, const real* from, int64_t step, int64_t n,
                                     WinogradLines lines) {
  with_lines(lines, [&](auto y, auto x) {
    for (int64_t j = 0; j < n; j += kLanes) {
      const int64_t left = n - j;
      transform_tile<typename decltype(y)::WeightsAdjoint, typename decltype(x)::WeightsAdjoint>(
          [&](int i) HMEM_INLINE_LAMBDA { return load(from + i * step + j); },
          [&](int i, vec g) HMEM_INLINE_LAMBDA {
            real* to = dweight + i * tap_step + j;
            store_up_to(to, load_up_to(to, left) + g, left);
          });
    }
  });
}
