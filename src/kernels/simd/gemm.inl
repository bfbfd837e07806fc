// The built-in matrix product. Every element is summed over p = 0, 1, .. in order, whatever the tiling: the same bits
// on every instruction set. It serves builds without a BLAS, the pinned signature, and the small products inside the
// memory recall, where the packing of a general BLAS would cost as much as the product.

/// R rows by NV vectors of c, all of k.
template <int R, int NV>
HMEM_INLINE void gemm_tile(real* c, int64_t ldc, const real* a, int64_t a_row, int64_t a_col, const real* b,
                           int64_t ldb, int64_t k) {
  vec sum[R][NV];
  HMEM_UNROLL
  for (int i = 0; i < R; ++i) {
    HMEM_UNROLL
    for (int q = 0; q < NV; ++q) sum[i][q] = load(c + i * ldc + q * kLanes);
  }
  for (int64_t p = 0; p < k; ++p) {
    vec b_p[NV];
    HMEM_UNROLL
    for (int q = 0; q < NV; ++q) b_p[q] = load(b + p * ldb + q * kLanes);
    HMEM_UNROLL
    for (int i = 0; i < R; ++i) {
      const vec a_ip = splat(a[i * a_row + p * a_col]);
      HMEM_UNROLL
      for (int q = 0; q < NV; ++q) sum[i][q] += a_ip * b_p[q];
    }
  }
  HMEM_UNROLL
  for (int i = 0; i < R; ++i) {
    HMEM_UNROLL
    for (int q = 0; q < NV; ++q) store(c + i * ldc + q * kLanes, sum[i][q]);
  }
}

/// kTileDepth rows of b at a time: the tile's columns of them and the rows of a transposed a stay in a first-level
/// cache of 32 KiB while the tiles go down a. c keeps the sums between two blocks, which changes no bit.
#if HMEM_VEC_BYTES == 64
constexpr int kTileRows = 4, kTileVecs = 4, kTileDepth = 64;
#else
constexpr int kTileRows = 4, kTileVecs = 2, kTileDepth = 128;
#endif

template <int NV>
HMEM_INLINE void gemm_column(real* c, int64_t ldc, const real* a, int64_t a_row, int64_t a_col, const real* b,
                             int64_t ldb, int64_t m, int64_t k) {
  int64_t i = 0;
  for (; i + kTileRows <= m; i += kTileRows) {
    gemm_tile<kTileRows, NV>(c + i * ldc, ldc, a + i * a_row, a_row, a_col, b, ldb, k);
  }
  for (; i < m; ++i) gemm_tile<1, NV>(c + i * ldc, ldc, a + i * a_row, a_row, a_col, b, ldb, k);
}

static void gemm_padded(real* c, int64_t ldc, const real* a, int64_t a_row, int64_t a_col, const real* b, int64_t ldb,
                        int64_t m, int64_t n, int64_t k) {
  const int64_t vecs = n / kLanes;
  for (int64_t p = 0; p < k; p += kTileDepth) {
    const int64_t depth = k - p < kTileDepth ? k - p : kTileDepth;
    for (int64_t first = 0; first < vecs; first += kTileVecs) {
      const int64_t count = vecs - first < kTileVecs ? vecs - first : kTileVecs;
      with_size(static_cast<int>(count), [&](auto size) {
        constexpr int NV = decltype(size)::value <= kTileVecs ? decltype(size)::value : kTileVecs;
        gemm_column<NV>(c + first * kLanes, ldc, a + p * a_col, a_row, a_col, b + p * ldb + first * kLanes, ldb, m,
                        depth);
      });
    }
  }
}
