// Hebbian write, its adjoint, and memory reads, for one sample.
//
// Write (H-Mem, NeurIPS 2020), k = relu(z_k), v = relu(z_v), for one row i and step t, with m = M / w_max:
//     u = g+ k_i v_j,   f = (1 - g- k_i^2) - u,   m <- m f + u
// Every element of M is a scalar recurrence of its own, so one row runs through all steps in registers and no M(t)
// exists in memory. k is a ReLU output: where it is zero the row is left as it is, so each row first lists its active
// steps (a branch inside the loop would cost three times more).
//
// Cost of an active (row, step) pair per 16 columns: forward 2 multiplications + 2 additions; backward 14 operations
// with the recomputed history. Scratch only, no heap.

/// Active steps that the backward pass keeps in L1 at once; longer lists go through checkpoints.
constexpr int64_t kHistory = 32;
/// Vectors of one row that are kept in registers together; a multiple of kSumVecs.
#if HMEM_VEC_BYTES == 64
constexpr int kForwardVecs = 8, kBackwardVecs = 8;
#elif HMEM_VEC_BYTES == 32
constexpr int kForwardVecs = 6, kBackwardVecs = 4;
#else
constexpr int kForwardVecs = kSumVecs > 4 ? kSumVecs : 4, kBackwardVecs = kForwardVecs;
#endif

/// Calls f(Size<n>) for n vectors, 1 <= n <= 8.
template <typename F>
HMEM_INLINE void with_size(int n, const F& f) {
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
    case 6:
      return f(Size<6>{});
    case 7:
      return f(Size<7>{});
    default:
      return f(Size<8>{});
  }
}

/// Cuts `vecs` vectors into pieces of nearly equal size, at most `most` and whole multiples of kSumVecs:
/// f(first vector, Size<count>).
template <typename F>
HMEM_INLINE void for_blocks(int64_t vecs, int most, const F& f) {
  const int64_t units = vecs / kSumVecs, most_units = most / kSumVecs;
  const int64_t blocks = (units + most_units - 1) / most_units;
  for (int64_t b = 0; b < blocks; ++b) {
    const int64_t begin = units * b / blocks * kSumVecs, end = units * (b + 1) / blocks * kSumVecs;
    with_size(static_cast<int>(end - begin), [&](auto size) { f(begin, size); });
  }
}

/// The steps at which one row is written, oldest first.
struct ActiveSteps {
  int64_t count;
  real* k;  // key
  real* a;  // g+ k
  real* c;  // 1 - g- k^2
  int32_t* step;
};

HMEM_INLINE int64_t active_steps_scratch(int64_t steps) { return 4 * (round_up(steps) + kSumLanes); }

/// Lays an ActiveSteps for up to `steps` steps into scratch and moves the pointer on.
HMEM_INLINE ActiveSteps take_active_steps(real*& scratch, int64_t steps) {
  const int64_t room = round_up(steps) + kSumLanes;  // the last store of a list may reach beyond its end
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
  return HMEM_VEC_BYTES == 64 ? round_up(d) * round_up(steps) : 0;
}

#if HMEM_VEC_BYTES == 64 && !defined(HMEM_REAL_DOUBLE)

/// 16 x 16 elements: out[c][r] = in[r][c]. At width s, the s x s blocks beside the diagonal change places.
HMEM_INLINE void transpose_16(vec (&x)[16]) {
#define HMEM_SWAP_BLOCKS(s, low, high)                \
  HMEM_UNROLL                                         \
  for (int r = 0; r < 16; ++r) {                      \
    if (r & (s)) continue;                            \
    const vec a = x[r], b = x[r + (s)];               \
    x[r] = __builtin_shufflevector(a, b, low);        \
    x[r + (s)] = __builtin_shufflevector(a, b, high); \
  }
#define HMEM_LIST(...) __VA_ARGS__
  HMEM_SWAP_BLOCKS(8, HMEM_LIST(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
                   HMEM_LIST(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
  HMEM_SWAP_BLOCKS(4, HMEM_LIST(0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
                   HMEM_LIST(4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
  HMEM_SWAP_BLOCKS(2, HMEM_LIST(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
                   HMEM_LIST(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
  HMEM_SWAP_BLOCKS(1, HMEM_LIST(0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
                   HMEM_LIST(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
#undef HMEM_LIST
#undef HMEM_SWAP_BLOCKS
}

/// Keys row by row, so that a row's list is made 16 steps at a time; steps beyond the last are 0, which is not active.
HMEM_INLINE KeyView view_keys(const real* z_k, int64_t steps, int64_t d, real* scratch) {
  const int64_t room = round_up(steps);
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

/// Scratch of the two write kernels: values and their gradients, keys, two lists of active steps, read gradients, a row
/// of dM, history and lane sums of a piece, checkpoints.
static int64_t hebbian_scratch(int64_t steps, int64_t d) {
  const int64_t ld = round_up(d), pieces = (steps + kHistory - 1) / kHistory;
  return 2 * steps * ld + key_scratch(steps, d) + 2 * active_steps_scratch(steps) + (MemoryGrad::kMaxReads + 1) * ld +
         kHistory * (kBackwardVecs * kLanes + 2 * kSumLanes) + pieces * ld;
}

/// v [steps, ld] = relu(z_v [steps, d]), zero beyond d.
HMEM_INLINE void pad_values(real* v, const real* z_v, int64_t steps, int64_t d, int64_t ld) {
  for (int64_t t = 0; t < steps; ++t) {
    for (int64_t j = 0; j < d; ++j) v[t * ld + j] = z_v[t * d + j] < 0 ? real(0) : z_v[t * d + j];
    for (int64_t j = d; j < ld; ++j) v[t * ld + j] = 0;
  }
}

// ------------------------------------------------------------------------------------------------ write, forward

/// Columns of one row through all active steps; m and v point to the first column.
template <int NV>
HMEM_INLINE void write_row(real* m_row, const real* v, int64_t ld, const ActiveSteps& list, real w_max) {
  vec m[NV];
  {
    const vec a = splat(list.a[0]);  // the first write meets M = 0: m = u
    const real* v_t = v + list.step[0] * ld;
    HMEM_UNROLL
    for (int q = 0; q < NV; ++q) m[q] = a * load(v_t + q * kLanes);
  }
  for (int64_t l = 1; l < list.count; ++l) {
    const vec a = splat(list.a[l]), c = splat(list.c[l]);
    const real* v_t = v + list.step[l] * ld;
    HMEM_UNROLL
    for (int q = 0; q < NV; ++q) {
      const vec u = a * load(v_t + q * kLanes);
      const vec f = c - u;
      m[q] = m[q] * f + u;
    }
  }
  const vec w = splat(w_max);
  HMEM_UNROLL
  for (int q = 0; q < NV; ++q) store(m_row + q * kLanes, m[q] * w);
}

static void hebbian_write_forward(real* m, const real* z_k, const real* z_v, int64_t steps, int64_t d,
                                  const HebbianRule& rule, real* scratch) {
  const int64_t ld = round_up(d);
  real* v = scratch;
  scratch += steps * ld;
  const KeyView keys = view_keys(z_k, steps, d, scratch);
  scratch += key_scratch(steps, d);
  ActiveSteps lists[2] = {take_active_steps(scratch, steps), take_active_steps(scratch, steps)};
  pad_values(v, z_v, steps, d, ld);
  collect_active(lists[0], keys, 0, steps, rule);
  for (int64_t i = 0; i < d; ++i) {
    // The list of the next row is built before this row runs: its latency hides behind the arithmetic.
    if (i + 1 < d) collect_active(lists[(i + 1) % 2], keys, i + 1, steps, rule);
    const ActiveSteps& list = lists[i % 2];
    real* m_row = m + i * ld;
    if (list.count == 0) {
      for (int64_t j = 0; j < ld; j += kLanes) store(m_row + j, vec{});
      continue;
    }
    for_blocks(ld / kLanes, kForwardVecs, [&](int64_t first, auto size) {
      write_row<decltype(size)::value>(m_row + first * kLanes, v + first * kLanes, ld, list, rule.w_max);
    });
  }
}

// ----------------------------------------------------------------------------------------------- write, backward
//
// Forward: m' = m f + u, u = a v, f = c - u, a = g+ k, c = 1 - g- k^2.  With H = dL/dm' :
//     p = H m (= dL/df),   q = H - p (= dL/du)
//     dv += a q,   dk = g+ sum_j v q - 2 g- k sum_j p,   H <- H f (= dL/dm)

/// Per active step, 16 lanes of sum_j v q and sum_j p, carried from one column block to the next.
struct RowSums {
  real* vq;  // [kHistory, 16]
  real* p;   // [kHistory, 16]
};

/// The reverse loop over active steps [begin, end) of one row for NV vectors of columns; `history` holds m before each
/// of these steps. h (= dL/dm after `end`) becomes dL/dm before `begin`. First: the block that starts the sums.
template <int NV, bool kFirst>
HMEM_INLINE void write_row_reverse(vec (&h)[NV], const real* v, real* dv, int64_t ld, const ActiveSteps& list,
                                   int64_t begin, int64_t end, const real* history, const RowSums& sums) {
  for (int64_t l = end - 1; l >= begin; --l) {
    const int64_t offset = list.step[l] * ld;
    const vec a = splat(list.a[l]), c = splat(list.c[l]);
    LaneSum vq, p_sum;
    HMEM_UNROLL
    for (int s = 0; s < kSumVecs; ++s) {
      vq.part[s] = kFirst ? vec{} : load(sums.vq + (l - begin) * kSumLanes + s * kLanes);
      p_sum.part[s] = kFirst ? vec{} : load(sums.p + (l - begin) * kSumLanes + s * kLanes);
    }
    if (l == 0) {  // m = 0: p = 0, q = H, and nothing before this step wants H
      HMEM_UNROLL
      for (int q = 0; q < NV; ++q) {
        const vec value = load(v + offset + q * kLanes);
        real* dvalue = dv + offset + q * kLanes;
        store(dvalue, load(dvalue) + a * h[q]);
        vq.part[q % kSumVecs] += value * h[q];
      }
    } else {
      const real* m_row = history + (l - begin) * (NV * kLanes);
      HMEM_UNROLL
      for (int q = 0; q < NV; ++q) {
        const vec value = load(v + offset + q * kLanes);
        real* dvalue = dv + offset + q * kLanes;
        const vec f = c - a * value;
        const vec p = h[q] * load(m_row + q * kLanes);
        const vec du = h[q] - p;
        store(dvalue, load(dvalue) + a * du);
        vq.part[q % kSumVecs] += value * du;
        p_sum.part[q % kSumVecs] += p;
        h[q] *= f;
      }
    }
    HMEM_UNROLL
    for (int s = 0; s < kSumVecs; ++s) {
      store(sums.vq + (l - begin) * kSumLanes + s * kLanes, vq.part[s]);
      store(sums.p + (l - begin) * kSumLanes + s * kLanes, p_sum.part[s]);
    }
  }
}

/// Runs m through the active steps [begin, end); with a history, stores m before each step.
template <int NV, bool kStore>
HMEM_INLINE void write_row_again(vec (&m)[NV], const real* v, int64_t ld, const ActiveSteps& list, int64_t begin,
                                 int64_t end, real* history) {
  for (int64_t l = begin; l < end; ++l) {
    const vec a = splat(list.a[l]), c = splat(list.c[l]);
    const real* v_t = v + list.step[l] * ld;
    HMEM_UNROLL
    for (int q = 0; q < NV; ++q) {
      if (kStore) store(history + (l - begin) * (NV * kLanes) + q * kLanes, m[q]);
      const vec u = a * load(v_t + q * kLanes);
      const vec f = c - u;
      m[q] = m[q] * f + u;
    }
  }
}

/// One column block of one row: recompute the history of steps [begin, end) from m (before `begin`), then reverse.
template <int NV, bool kFirst>
HMEM_INLINE void write_row_backward(real* h_row, const real* m_row, const real* v, real* dv, int64_t ld,
                                    const ActiveSteps& list, int64_t begin, int64_t end, real* history,
                                    const RowSums& sums) {
  vec m[NV], h[NV];
  HMEM_UNROLL
  for (int q = 0; q < NV; ++q) m[q] = load(m_row + q * kLanes);
  // m after the last step is not needed: the last entry is stored on its own.
  write_row_again<NV, true>(m, v, ld, list, begin, end - 1, history);
  HMEM_UNROLL
  for (int q = 0; q < NV; ++q) {
    store(history + (end - 1 - begin) * (NV * kLanes) + q * kLanes, m[q]);
    h[q] = load(h_row + q * kLanes);
  }
  write_row_reverse<NV, kFirst>(h, v, dv, ld, list, begin, end, history, sums);
  if (begin > 0) {
    HMEM_UNROLL
    for (int q = 0; q < NV; ++q) store(h_row + q * kLanes, h[q]);
  }
}

/// Row i of dL/dm = w_max dM; false when it is all zero, and then this row has no gradient at all.
HMEM_INLINE bool gather_memory_grad(real* h_row, const MemoryGrad& dm, const real* dr, int64_t i, int64_t ld,
                                    real w_max) {
  bool any = false;
  if (dm.dense) {
    for (int64_t j = 0; j < ld; j += kLanes) store(h_row + j, splat(w_max) * load_unaligned(dm.dense + i * ld + j));
    any = true;
  }
  for (int h = 0; h < dm.reads; ++h) {
    const real key = dm.z[h][i];
    if (key <= 0) continue;
    const vec k = splat(key);
    const real* dr_h = dr + h * ld;
    if (any) {
      for (int64_t j = 0; j < ld; j += kLanes) store(h_row + j, load(h_row + j) + k * load(dr_h + j));
    } else {
      for (int64_t j = 0; j < ld; j += kLanes) store(h_row + j, k * load(dr_h + j));
    }
    any = true;
  }
  return any;
}

static void hebbian_write_backward(real* dz_k, real* dz_v, const real* z_k, const real* z_v, const MemoryGrad& dm,
                                   int64_t steps, int64_t d, const HebbianRule& rule, real* scratch) {
  const int64_t ld = round_up(d);
  const auto take = [&scratch](int64_t count) {
    real* memory = scratch;
    scratch += count;
    return memory;
  };
  real* v = take(steps * ld);
  real* dv = take(steps * ld);
  const KeyView keys = view_keys(z_k, steps, d, take(key_scratch(steps, d)));
  ActiveSteps lists[2] = {take_active_steps(scratch, steps), take_active_steps(scratch, steps)};
  real* dr = take(MemoryGrad::kMaxReads * ld);
  real* h_row = take(ld);
  real* history = take(kHistory * kBackwardVecs * kLanes);
  const RowSums sums = {take(kHistory * kSumLanes), take(kHistory * kSumLanes)};
  real* checkpoints = take((steps + kHistory - 1) / kHistory * ld);

  pad_values(v, z_v, steps, d, ld);
  for (int64_t j = 0; j < steps * ld; j += kLanes) store(dv + j, vec{});
  for (int h = 0; h < dm.reads; ++h) {
    for (int64_t j = 0; j < d; ++j) dr[h * ld + j] = rule.w_max * dm.dr[h][j];
    for (int64_t j = d; j < ld; ++j) dr[h * ld + j] = 0;
  }

  collect_active(lists[0], keys, 0, steps, rule);
  for (int64_t i = 0; i < d; ++i) {
    if (i + 1 < d) collect_active(lists[(i + 1) % 2], keys, i + 1, steps, rule);
    const ActiveSteps& list = lists[i % 2];
    if (list.count == 0 || !gather_memory_grad(h_row, dm, dr, i, ld, rule.w_max)) continue;

    // m at the start of every piece of kHistory steps; zero for the first.
    for (int64_t j = 0; j < ld; j += kLanes) store(checkpoints + j, vec{});
    const int64_t pieces = (list.count + kHistory - 1) / kHistory;
    if (pieces > 1) {
      for_blocks(ld / kLanes, kForwardVecs, [&](int64_t first, auto size) {
        constexpr int NV = decltype(size)::value;
        vec m[NV] = {};
        for (int64_t piece = 1; piece < pieces; ++piece) {
          write_row_again<NV, false>(m, v + first * kLanes, ld, list, (piece - 1) * kHistory, piece * kHistory,
                                     nullptr);
          HMEM_UNROLL
          for (int q = 0; q < NV; ++q) store(checkpoints + piece * ld + (first + q) * kLanes, m[q]);
        }
      });
    }
    for (int64_t piece = pieces - 1; piece >= 0; --piece) {
      const int64_t begin = piece * kHistory;
      const int64_t end = begin + kHistory < list.count ? begin + kHistory : list.count;
      for_blocks(ld / kLanes, kBackwardVecs, [&](int64_t first, auto size) {
        constexpr int NV = decltype(size)::value;
        const int64_t column = first * kLanes;
        const real* m_row = checkpoints + piece * ld + column;
        if (first == 0) {
          write_row_backward<NV, true>(h_row, m_row, v, dv, ld, list, begin, end, history, sums);
        } else {
          write_row_backward<NV, false>(h_row + column, m_row, v + column, dv + column, ld, list, begin, end, history,
                                        sums);
        }
      });
      for (int64_t l = begin; l < end; ++l) {
        LaneSum lanes;
        const vec decay = splat(2 * rule.gamma_neg * list.k[l]);
        HMEM_UNROLL
        for (int s = 0; s < kSumVecs; ++s) {
          const int64_t at = (l - begin) * kSumLanes + s * kLanes;
          lanes.part[s] = splat(rule.gamma_pos) * load(sums.vq + at) - decay * load(sums.p + at);
        }
        dz_k[list.step[l] * d + i] += tree_sum(lanes);
      }
    }
  }
  for (int64_t t = 0; t < steps; ++t) {
    for (int64_t j = 0; j < d; ++j) dz_v[t * d + j] += z_v[t * d + j] > 0 ? dv[t * ld + j] : real(0);
  }
}

// ---------------------------------------------------------------------------------------------------------- read

/// r = sum over rows with relu(z_i) > 0 of z_i M_i
static void memory_read_forward(real* r, const real* m, const real* z, int64_t d, real* scratch) {
  const int64_t ld = round_up(d);
  int32_t* rows = reinterpret_cast<int32_t*>(scratch);
  int64_t n = 0;
  for (int64_t i = 0; i < d; ++i) {
    rows[n] = static_cast<int32_t>(i);
    n += !(z[i] <= 0);
  }
  for_blocks(ld / kLanes, kForwardVecs, [&](int64_t first, auto size) {
    constexpr int NV = decltype(size)::value;
    vec sum[NV] = {};
    for (int64_t l = 0; l < n; ++l) {
      const real* m_row = m + rows[l] * ld + first * kLanes;
      const vec k = splat(z[rows[l]]);
      HMEM_UNROLL
      for (int q = 0; q < NV; ++q) sum[q] += k * load(m_row + q * kLanes);
    }
    HMEM_UNROLL
    for (int q = 0; q < NV; ++q) store(r + (first + q) * kLanes, sum[q]);
  });
}

/// Forward: r = M^T relu(z).  dz_i += [z_i > 0] sum_j M_ij dr_j
static void memory_read_backward(real* dz, const real* m, const real* z, const real* dr, int64_t d) {
  const int64_t ld = round_up(d);
  for (int64_t i = 0; i < d; ++i) {
    if (z[i] <= 0) continue;
    LaneSum sum = zero_lanes();
    const real* m_row = m + i * ld;
    for (int64_t j = 0; j < ld; j += kSumLanes) {
      HMEM_UNROLL
      for (int s = 0; s < kSumVecs; ++s) sum.part[s] += load(m_row + j + s * kLanes) * load(dr + j + s * kLanes);
    }
    dz[i] += tree_sum(sum);
  }
}
