// Lists of the steps at which a row of the memory is written.
//
// Keys are ReLU outputs, about half of them or more are zero, and a step with k = 0 leaves its row as it is. Every row
// therefore lists its active steps first; a branch inside the loop over steps would cost three times more.

/// The steps at which one row is written, oldest first.
struct ActiveSteps {
  int64_t count;
  real* k;  // key
  real* a;  // g+ k
  real* c;  // 1 - g- k^2
  int32_t* step;
};

HMEM_INLINE int64_t active_steps_scratch(int64_t steps) { return 4 * (padded(steps) + kSumLanes); }

/// Lays an ActiveSteps for up to `steps` steps into scratch and moves the pointer on.
HMEM_INLINE ActiveSteps take_active_steps(real*& scratch, int64_t steps) {
  const int64_t room = padded(steps) + kSumLanes;  // the last store of a list may reach beyond its end
  ActiveSteps list{0, scratch, scratch + room, scratch + 2 * room, reinterpret_cast<int32_t*>(scratch + 3 * room)};
  scratch += 4 * room;
  return list;
}

/// Where the pre-activation of row i at step t stands: data[i * row + t * step].
struct KeyView {
  const real* data;
  int64_t row, step;
};

HMEM_INLINE int64_t key_scratch(int64_t steps, int64_t d) {
  return HMEM_VEC_BYTES == 64 ? padded(d) * padded(steps) : 0;
}

#if HMEM_VEC_BYTES == 64 && !defined(HMEM_REAL_DOUBLE)

/// 16 x 16 elements: out[c][r] = in[r][c]. At width s, the s x s blocks beside the diagonal change places: row r takes
/// the columns of row r + s that have bit s clear, and gives those of its own that have it set.
HMEM_INLINE void transpose_16(vec (&x)[16]) {
  const __m512i column = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  HMEM_UNROLL
  for (int s = 8; s > 0; s /= 2) {
    const __mmask16 upper = _mm512_test_epi32_mask(column, _mm512_set1_epi32(s));
    // Numbers 16 .. 31 are columns of the second row.
    const __m512i low = _mm512_mask_add_epi32(column, upper, column, _mm512_set1_epi32(16 - s));
    const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(s));
    HMEM_UNROLL
    for (int r = 0; r < 16; ++r) {
      if (r & s) continue;
      const __m512 a = x[r], b = x[r + s];
      x[r] = _mm512_permutex2var_ps(a, low, b);
      x[r + s] = _mm512_permutex2var_ps(a, high, b);
    }
  }
}

/// Keys row by row, so that a row's list is made 16 steps at a time; steps beyond the last are 0, which is not active.
HMEM_INLINE KeyView view_keys(const real* z_k, int64_t steps, int64_t d, real* scratch) {
  const int64_t room = padded(steps);
  for (int64_t i = 0; i < d; i += 16) {
    const __mmask16 columns = d - i < 16 ? static_cast<__mmask16>((1 << (d - i)) - 1) : static_cast<__mmask16>(0xffff);
    for (int64_t t = 0; t < steps; t += 16) {
      vec x[16];
      HMEM_UNROLL
      for (int s = 0; s < 16; ++s) {
        x[s] = t + s < steps ? static_cast<vec>(_mm512_maskz_loadu_ps(columns, z_k + (t + s) * d + i)) : vec{};
      }
      transpose_16(x);
      HMEM_UNROLL
      for (int r = 0; r < 16; ++r) store(scratch + (i + r) * room + t, x[r]);
    }
  }
  return {scratch, room, 1};
}

/// Lists the steps of row i with k > 0. NaN counts as active, so that it is seen and not lost.
HMEM_INLINE int64_t list_active(const ActiveSteps& list, const KeyView& keys, int64_t i, int64_t steps) {
  const real* row = keys.data + i * keys.row;
  int64_t n = 0;
  __m512i step = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (int64_t t = 0; t < steps; t += 16) {
    const __m512 key = static_cast<__m512>(load(row + t));
    const __mmask16 active = _mm512_cmp_ps_mask(key, _mm512_setzero_ps(), _CMP_NLE_UQ);
    _mm512_storeu_ps(list.k + n, _mm512_maskz_compress_ps(active, key));
    _mm512_storeu_si512(list.step + n, _mm512_maskz_compress_epi32(active, step));
    n += __builtin_popcount(active);
    step = _mm512_add_epi32(step, _mm512_set1_epi32(16));
  }
  return n;
}

#else

HMEM_INLINE KeyView view_keys(const real* z_k, int64_t, int64_t d, real*) { return {z_k, 1, d}; }

/// Lists the steps of row i with k > 0. NaN counts as active, so that it is seen and not lost.
HMEM_INLINE int64_t list_active(const ActiveSteps& list, const KeyView& keys, int64_t i, int64_t steps) {
  int64_t n = 0;
  for (int64_t t = 0; t < steps; ++t) {
    const real key = keys.data[i * keys.row + t * keys.step];
    list.k[n] = key;
    list.step[n] = static_cast<int32_t>(t);
    n += !(key <= 0);
  }
  return n;
}

#endif

HMEM_INLINE void collect_active(ActiveSteps& list, const KeyView& keys, int64_t i, int64_t steps,
                                const HebbianRule& rule) {
  list.count = list_active(list, keys, i, steps);
  for (int64_t l = 0; l < list.count; l += kLanes) {
    const vec k = load(list.k + l);
    store(list.a + l, splat(rule.gamma_pos) * k);
    store(list.c + l, splat(real(1)) - splat(rule.gamma_neg) * (k * k));
  }
}
