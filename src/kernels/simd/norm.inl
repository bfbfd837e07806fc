// Column statistics, the affine map of normalisation layers, and layer norm.

#ifdef HMEM_REAL_DOUBLE
#define HMEM_SQRT __builtin_sqrt
#else
#define HMEM_SQRT __builtin_sqrtf
#endif

static void column_moments(real* __restrict sum, real* __restrict square, const real* __restrict x,
                           const real* __restrict shift, int64_t rows, int64_t n) {
  for (int64_t i = 0; i < rows; ++i) {
    const real* __restrict row = x + i * n;
    if (square) {
      for (int64_t j = 0; j < n; ++j) {
        const real difference = row[j] - shift[j];
        sum[j] += difference;
        square[j] += difference * difference;
      }
    } else {
      for (int64_t j = 0; j < n; ++j) sum[j] += row[j] - shift[j];
    }
  }
}

static void affine(real* __restrict out, const real* __restrict x, const real* __restrict scale,
                   const real* __restrict shift, int64_t rows, int64_t n) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < n; ++j) out[i * n + j] = x[i * n + j] * scale[j] + shift[j];
  }
}

static void norm_backward_sums(real* __restrict sum, const real* __restrict dy, const real* __restrict x,
                               const real* __restrict mean, int64_t rows, int64_t n) {
  real* __restrict dslope = sum;
  real* __restrict dy_sum = sum + n;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      dslope[j] += dy[i * n + j] * (x[i * n + j] - mean[j]);
      dy_sum[j] += dy[i * n + j];
    }
  }
}

static void norm_backward(real* __restrict dx, const real* __restrict dy, const real* __restrict x,
                          const real* __restrict mean, const real* __restrict slope, const real* __restrict dmean_n,
                          const real* __restrict dvar_2n, int64_t rows, int64_t n) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      dx[i * n + j] += slope[j] * dy[i * n + j] + dmean_n[j] + dvar_2n[j] * (x[i * n + j] - mean[j]);
    }
  }
}

// Layer norm of one padded row, x [ld] with zeros beyond d:  xhat = (x - mean) rstd,  rstd = 1 / sqrt(var + epsilon).

/// The sum over a padded row of a[j] b[j] (b null: of a[j]).
HMEM_INLINE real row_dot(const real* a, const real* b, int64_t ld) {
  LaneSum sum = zero_lanes();
  for (int64_t j = 0; j < ld; j += kSumLanes) {
    HMEM_UNROLL
    for (int s = 0; s < kSumVecs; ++s) {
      const vec x = load(a + j + s * kLanes);
      sum.part[s] += b ? x * load(b + j + s * kLanes) : x;
    }
  }
  return tree_sum(sum);
}

/// Sets xhat [ld], zero beyond d, and returns rstd.
static real layer_norm_row(real* xhat, const real* x, int64_t d, real epsilon) {
  const int64_t ld = padded(d);
  const real n = static_cast<real>(d), mean = row_dot(x, nullptr, ld) / n;
  for (int64_t j = 0; j < d; ++j) xhat[j] = x[j] - mean;
  for (int64_t j = d; j < ld; ++j) xhat[j] = 0;
  const real rstd = 1 / HMEM_SQRT(row_dot(xhat, xhat, ld) / n + epsilon);
  for (int64_t j = 0; j < ld; ++j) xhat[j] *= rstd;
  return rstd;
}

/// With g = dL/dxhat [ld], zero beyond d:  dx = rstd (g - mean(g) - xhat mean(g xhat)); zero beyond d.
static void layer_norm_row_backward(real* dx, const real* g, const real* xhat, real rstd, int64_t d) {
  const int64_t ld = padded(d);
  const real n = static_cast<real>(d), mean = row_dot(g, nullptr, ld) / n, along = row_dot(g, xhat, ld) / n;
  for (int64_t j = 0; j < d; ++j) dx[j] = rstd * (g[j] - mean - xhat[j] * along);
  for (int64_t j = d; j < ld; ++j) dx[j] = 0;
}
