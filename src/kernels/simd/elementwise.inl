// Plain loops over rows. Pointers need no alignment. The compiler vectorises them for the instruction set at hand;
// element by element there is nothing to reorder, so the bits do not depend on it.

static void add(real* __restrict out, const real* a, const real* b, int64_t n) {
  for (int64_t j = 0; j < n; ++j) out[j] = a[j] + b[j];
}

static void accumulate(real* __restrict out, const real* a, int64_t n) {
  for (int64_t j = 0; j < n; ++j) out[j] += a[j];
}

static void axpy(real* __restrict out, real scale, const real* a, int64_t n) {
  for (int64_t j = 0; j < n; ++j) out[j] += scale * a[j];
}

static void multiply_accumulate(real* __restrict out, const real* a, const real* b, int64_t n) {
  for (int64_t j = 0; j < n; ++j) out[j] += a[j] * b[j];
}

static void relu(real* __restrict out, const real* a, int64_t n) {
  for (int64_t j = 0; j < n; ++j) out[j] = a[j] < 0 ? real(0) : a[j];
}

static void relu_backward(real* __restrict dinp, const real* inp, const real* dout, int64_t n) {
  for (int64_t j = 0; j < n; ++j) dinp[j] += inp[j] > 0 ? dout[j] : real(0);
}

/// NV vectors of columns of a sum of rows, in the order of the list.
template <int NV>
HMEM_INLINE void sum_rows_block(real* out, const real* src, int64_t ld, const int32_t* rows, int64_t row_count) {
  vec sum[NV];
  HMEM_UNROLL
  for (int q = 0; q < NV; ++q) sum[q] = load_unaligned(out + q * kLanes);
  for (int64_t l = 0; l < row_count; ++l) {
    const real* row = src + rows[l] * ld;
    HMEM_UNROLL
    for (int q = 0; q < NV; ++q) sum[q] += load_unaligned(row + q * kLanes);
  }
  HMEM_UNROLL
  for (int q = 0; q < NV; ++q) store_unaligned(out + q * kLanes, sum[q]);
}

static void sum_rows(real* out, const real* src, int64_t ld, const int32_t* rows, int64_t row_count, int64_t n) {
  int64_t j = 0;
  while (n - j >= kLanes) {
    const int64_t vecs = (n - j) / kLanes < 8 ? (n - j) / kLanes : 8;
    with_size(static_cast<int>(vecs),
              [&](auto size) { sum_rows_block<decltype(size)::value>(out + j, src + j, ld, rows, row_count); });
    j += vecs * kLanes;
  }
  if (j == n) return;
  for (int64_t l = 0; l < row_count; ++l) {
    const real* row = src + rows[l] * ld;
    for (int64_t i = j; i < n; ++i) out[i] += row[i];
  }
}

/// One word of a sentence: n = 16 in vectors, fewer one by one.
HMEM_INLINE void word_backward(real* __restrict dtable, real* __restrict dencoding, const real* dx, const real* table,
                               const real* encoding, int64_t n) {
  if (n == kSumLanes) {
    HMEM_UNROLL
    for (int64_t j = 0; j < kSumLanes; j += kLanes) {
      const vec d = load_unaligned(dx + j);
      if (dtable) store_unaligned(dtable + j, load_unaligned(dtable + j) + load_unaligned(encoding + j) * d);
      if (dencoding) store_unaligned(dencoding + j, load_unaligned(dencoding + j) + load_unaligned(table + j) * d);
    }
    return;
  }
  for (int64_t j = 0; j < n; ++j) {
    if (dtable) dtable[j] += encoding[j] * dx[j];
    if (dencoding) dencoding[j] += table[j] * dx[j];
  }
}

static void sentence_encoding_backward(real* dtable, real* dencoding, const real* dx, const real* table,
                                       const real* encoding, const int32_t* ids, int64_t rows, int64_t width, int64_t e,
                                       int64_t n) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t w = 0; w < width; ++w) {
      const int64_t id = ids[r * width + w];
      if (id == 0) continue;
      word_backward(dtable ? dtable + id * e : nullptr, dencoding ? dencoding + w * e : nullptr, dx + r * e,
                    table + id * e, encoding + w * e, n);
    }
  }
}

static real dot(const real* a, const real* b, int64_t n) {
  LaneSum sum = zero_lanes();
  int64_t j = 0;
  for (; j + kSumLanes <= n; j += kSumLanes) {
    HMEM_UNROLL
    for (int s = 0; s < kSumVecs; ++s) {
      sum.part[s] += load_unaligned(a + j + s * kLanes) * load_unaligned(b + j + s * kLanes);
    }
  }
  real tail[kSumLanes] __attribute__((aligned(64))) = {};
  for (int64_t i = j; i < n; ++i) tail[i - j] = a[i] * b[i];
  HMEM_UNROLL
  for (int s = 0; s < kSumVecs; ++s) sum.part[s] += load(tail + s * kLanes);
  return tree_sum(sum);
}
