// Column statistics and the affine map of normalisation layers.

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
                   const real* __restrict shift, int64_t n) {
  for (int64_t j = 0; j < n; ++j) out[j] = x[j] * scale[j] + shift[j];
}
