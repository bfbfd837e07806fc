// Max-pool 2 x 2, stride 2, of one row of windows; channels are adjacent. A window's elements are numbered 0 1 / 2 3;
// the first of equal ones wins, and NaN wins over numbers, so that a broken run is seen.

HMEM_INLINE bool larger(real value, real best) { return (value > best) | (value != value); }

static void max_pool_row(real* __restrict out, uint8_t* __restrict argmax, const real* __restrict top,
                         const real* __restrict bottom, int64_t width, int64_t n) {
  for (int64_t x = 0; x < width / 2; ++x) {
    const real* __restrict t = top + 2 * x * n;
    const real* __restrict b = bottom + 2 * x * n;
    for (int64_t j = 0; j < n; ++j) {
      const real v0 = t[j], v1 = t[n + j], v2 = b[j], v3 = b[n + j];
      real best = v0;
      int where = 0;
      const bool take_1 = larger(v1, best);
      where = take_1 ? 1 : where;
      best = take_1 ? v1 : best;
      const bool take_2 = larger(v2, best);
      where = take_2 ? 2 : where;
      best = take_2 ? v2 : best;
      const bool take_3 = larger(v3, best);
      where = take_3 ? 3 : where;
      best = take_3 ? v3 : best;
      out[x * n + j] = best;
      argmax[x * n + j] = static_cast<uint8_t>(where);
    }
  }
}

static void max_pool_row_backward(real* __restrict dtop, real* __restrict dbottom, const real* __restrict dout,
                                  const uint8_t* __restrict argmax, int64_t width, int64_t n) {
  for (int64_t x = 0; x < width / 2; ++x) {
    real* __restrict t = dtop + 2 * x * n;
    real* __restrict b = dbottom + 2 * x * n;
    for (int64_t j = 0; j < n; ++j) {
      const real d = dout[x * n + j];
      const int where = argmax[x * n + j];
      t[j] += where == 0 ? d : real(0);
      t[n + j] += where == 1 ? d : real(0);
      b[j] += where == 2 ? d : real(0);
      b[n + j] += where == 3 ? d : real(0);
    }
  }
}
