// Hebbian write over a whole sequence and its adjoint, for one sample.
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

/// Steps of a tile, which passes through all rows before the next tile does: values and gradients of a whole long
/// sequence would not fit into the second-level cache. At least d / 2, so that the memories before each
/// tile take no more than the values.
HMEM_INLINE int64_t tile_steps(int64_t steps, int64_t d) {
  constexpr int64_t kTile = 1 << 15;  // elements of the values
  if (steps * padded(d) <= 2 * kTile) return steps;
  const int64_t fit = kTile / padded(d), least = d / 2;
  const int64_t tile = ((fit < least ? least : fit) + 15) / 16 * 16;
  return steps < tile ? steps : tile;
}

/// Scratch of the two write kernels: values and their gradients, keys, two lists of active steps, all of a tile; read
/// gradients, row numbers, history and lane sums of a piece, checkpoints inside a tile and (backward) of all tiles,
/// gradients of all rows. `whole`: one tile (see hebbian_write_backward).
static int64_t hebbian_scratch(int64_t steps, int64_t d, bool backward, bool whole) {
  const int64_t ld = padded(d), tile = whole ? steps : tile_steps(steps, d),
                tiles = tile > 0 ? (steps - 1) / tile + 1 : 0;
  const int64_t of_tile = tile * ld + key_scratch(tile, d) + 2 * active_steps_scratch(tile) + ld;
  if (!backward) return of_tile;
  return of_tile + tile * ld + (MemoryGrad::kMaxReads + 1) * ld + kHistory * (kBackwardVecs * kLanes + 2 * kSumLanes) +
         (tile + kHistory - 1) / kHistory * ld + (tiles + 1) * d * ld;
}

/// v [steps, ld] = relu(z_v [steps, d]), zero beyond d.
HMEM_INLINE void pad_values(real* v, const real* z_v, int64_t steps, int64_t d, int64_t ld) {
  for (int64_t t = 0; t < steps; ++t) {
    for (int64_t j = 0; j < d; ++j) v[t * ld + j] = z_v[t * d + j] < 0 ? real(0) : z_v[t * d + j];
    for (int64_t j = d; j < ld; ++j) v[t * ld + j] = 0;
  }
}

// ------------------------------------------------------------------------------------------------ write, forward

/// Columns of one row through the active steps of a tile; m and v point to the first column. `fresh`: m = 0 so far.
template <int NV>
HMEM_INLINE void write_row(real* m_row, const real* v, int64_t ld, const ActiveSteps& list, bool fresh, real w_max) {
  vec m[NV];
  if (fresh) {
    const vec a = splat(list.a[0]);  // the first write meets M = 0: m = u
    const real* v_t = v + list.step[0] * ld;
    HMEM_UNROLL
    for (int q = 0; q < NV; ++q) m[q] = a * load(v_t + q * kLanes);
  } else {
    HMEM_UNROLL
    for (int q = 0; q < NV; ++q) m[q] = load(m_row + q * kLanes);
  }
  for (int64_t l = fresh; l < list.count; ++l) {
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
  const int64_t ld = padded(d), tile = tile_steps(steps, d);
  real* v = scratch;
  scratch += tile * ld;
  real* keys_of_tile = scratch;
  scratch += key_scratch(tile, d);
  ActiveSteps lists[2] = {take_active_steps(scratch, tile), take_active_steps(scratch, tile)};
  int32_t* started = reinterpret_cast<int32_t*>(scratch);  // rows that were written to
  for (int64_t i = 0; i < d; ++i) started[i] = 0;
  int64_t begin = 0;
  do {
    const int64_t count = steps - begin < tile ? steps - begin : tile;
    const real w_max = begin + count == steps ? rule.w_max : real(1);
    const KeyView keys = view_keys(z_k + begin * d, count, d, keys_of_tile);
    pad_values(v, z_v + begin * d, count, d, ld);
    collect_active(lists[0], keys, 0, count, rule);
    for (int64_t i = 0; i < d; ++i) {
      // The list of the next row is built before this row runs: its latency hides behind the arithmetic.
      if (i + 1 < d) collect_active(lists[(i + 1) % 2], keys, i + 1, count, rule);
      const ActiveSteps& list = lists[i % 2];
      real* m_row = m + i * ld;
      if (list.count == 0) {
        for (int64_t j = 0; j < ld; j += kLanes) store(m_row + j, started[i] ? load(m_row + j) * splat(w_max) : vec{});
        continue;
      }
      for_blocks(ld / kLanes, kForwardVecs, [&](int64_t first, auto size) {
        write_row<decltype(size)::value>(m_row + first * kLanes, v + first * kLanes, ld, list, !started[i], w_max);
      });
      started[i] = 1;
    }
    begin += count;
  } while (begin < steps);
}

// ----------------------------------------------------------------------------------------------- write, backward
//
// Forward: m' = m f + u, u = a v, f = c - u, a = g+ k, c = 1 - g- k^2.  With H = dL/dm' :
//     p = H m (= dL/df),   q = H - p (= dL/du)
//     dv += a q,   dk = g+ sum_j v q - 2 g- k sum_j p,   H <- H f (= dL/dm)
//     dg+ += sum k sum_j v q,   dg- -= sum k^2 sum_j p   (as m = M / w_max and H = w_max dM, for any w_max)

/// Per active step, 16 lanes of sum_j v q and sum_j p, carried from one column block to the next.
struct RowSums {
  real* vq;  // [kHistory, 16]
  real* p;   // [kHistory, 16]
};

/// The reverse loop over active steps [begin, end) of one row for NV vectors of columns; `history` holds m before each
/// of these steps. h (= dL/dm after `end`) becomes dL/dm before `begin`. First: the block that starts the sums.
/// `fresh`: m = 0 before the first step of the list.
template <int NV, bool kFirst>
HMEM_INLINE void write_row_reverse(vec (&h)[NV], const real* v, real* dv, int64_t ld, const ActiveSteps& list,
                                   int64_t begin, int64_t end, bool fresh, const real* history, const RowSums& sums) {
  for (int64_t l = end - 1; l >= begin; --l) {
    const int64_t offset = list.step[l] * ld;
    const vec a = splat(list.a[l]), c = splat(list.c[l]);
    LaneSum vq, p_sum;
    HMEM_UNROLL
    for (int s = 0; s < kSumVecs; ++s) {
      vq.part[s] = kFirst ? vec{} : load(sums.vq + (l - begin) * kSumLanes + s * kLanes);
      p_sum.part[s] = kFirst ? vec{} : load(sums.p + (l - begin) * kSumLanes + s * kLanes);
    }
    if (fresh && l == 0) {  // m = 0: p = 0, q = H, and nothing before this step needs H
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
                                    const ActiveSteps& list, int64_t begin, int64_t end, bool fresh, real* history,
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
  write_row_reverse<NV, kFirst>(h, v, dv, ld, list, begin, end, fresh, history, sums);
  if (begin > 0 || !fresh) {
    HMEM_UNROLL
    for (int q = 0; q < NV; ++q) store(h_row + q * kLanes, h[q]);
  }
}

/// Lists the rows of the memory that have a gradient: those that a read touched. Returns their number.
HMEM_INLINE int64_t list_rows(int32_t* rows, const MemoryGrad& dm, int64_t d) {
  int64_t n = 0;
  for (int64_t i = 0; i < d; ++i) {
    bool any = dm.dense != nullptr;
    for (int h = 0; h < dm.reads; ++h) any |= !(dm.z[h][i] <= 0);
    rows[n] = static_cast<int32_t>(i);
    n += any;
  }
  return n;
}

/// Row i of dL/dm = w_max dM, a row that has a gradient.
HMEM_INLINE void gather_memory_grad(real* h_row, const MemoryGrad& dm, const real* dr, int64_t i, int64_t ld,
                                    real w_max) {
  bool started = false;
  if (dm.dense) {
    for (int64_t j = 0; j < ld; j += kLanes) store(h_row + j, splat(w_max) * load_unaligned(dm.dense + i * ld + j));
    started = true;
  }
  for (int h = 0; h < dm.reads; ++h) {
    const real key = dm.z[h][i];
    if (key <= 0) continue;
    const vec k = splat(key);
    const real* dr_h = dr + h * ld;
    if (started) {
      for (int64_t j = 0; j < ld; j += kLanes) store(h_row + j, load(h_row + j) + k * load(dr_h + j));
    } else {
      for (int64_t j = 0; j < ld; j += kLanes) store(h_row + j, k * load(dr_h + j));
    }
    started = true;
  }
}

/// dgamma sums over rows and steps, row by row, so with dgamma the whole sequence is one tile.
static void hebbian_write_backward(real* dz_k, real* dz_v, real* dgamma, const real* z_k, const real* z_v,
                                   const MemoryGrad& dm, int64_t steps, int64_t d, const HebbianRule& rule,
                                   real* scratch) {
  const int64_t ld = padded(d), tile = dgamma ? steps : tile_steps(steps, d);
  const int64_t tiles = tile > 0 ? (steps - 1) / tile + 1 : 0;
  const auto take = [&scratch](int64_t count) {
    real* memory = scratch;
    scratch += count;
    return memory;
  };
  real* v = take(tile * ld);
  real* dv = take(tile * ld);
  real* keys_of_tile = take(key_scratch(tile, d));
  ActiveSteps lists[2] = {take_active_steps(scratch, tile), take_active_steps(scratch, tile)};
  real* dr = take(MemoryGrad::kMaxReads * ld);
  int32_t* rows = reinterpret_cast<int32_t*>(take(ld));
  int32_t* first_tile = reinterpret_cast<int32_t*>(take(ld));  // that writes to rows[n]
  real* history = take(kHistory * kBackwardVecs * kLanes);
  const RowSums sums = {take(kHistory * kSumLanes), take(kHistory * kSumLanes)};
  real* checkpoints = take((tile + kHistory - 1) / kHistory * ld);
  real* h_rows = take(d * ld);
  real* tile_starts = take(tiles * d * ld);  // m before a tile

  for (int h = 0; h < dm.reads; ++h) {
    for (int64_t j = 0; j < d; ++j) dr[h * ld + j] = rule.w_max * dm.dr[h][j];
    for (int64_t j = d; j < ld; ++j) dr[h * ld + j] = 0;
  }
  LaneSum growth = zero_lanes(), loss = zero_lanes();  // sum k sum_j v q,  sum k^2 sum_j p
  const int64_t row_count = list_rows(rows, dm, d);
  for (int64_t n = 0; n < row_count; ++n) first_tile[n] = static_cast<int32_t>(tiles);
  // body(n, list) for the rows of a tile.
  const auto over_rows = [&](int64_t begin, int64_t count, const auto& body) __attribute__((always_inline)) {
    const KeyView keys = view_keys(z_k + begin * d, count, d, keys_of_tile);
    pad_values(v, z_v + begin * d, count, d, ld);
    if (row_count > 0) collect_active(lists[0], keys, rows[0], count, rule);
    for (int64_t n = 0; n < row_count; ++n) {
      if (n + 1 < row_count) collect_active(lists[(n + 1) % 2], keys, rows[n + 1], count, rule);
      body(n, lists[n % 2]);
    }
  };
  const auto run_again = [&](const real* from, real* to, const ActiveSteps& list, int64_t begin, int64_t end)
      __attribute__((always_inline)) {
    for_blocks(ld / kLanes, kForwardVecs, [&](int64_t first, auto size) {
      constexpr int NV = decltype(size)::value;
      vec m[NV];
      HMEM_UNROLL
      for (int q = 0; q < NV; ++q) m[q] = load(from + (first + q) * kLanes);
      write_row_again<NV, false>(m, v + first * kLanes, ld, list, begin, end, nullptr);
      HMEM_UNROLL
      for (int q = 0; q < NV; ++q) store(to + (first + q) * kLanes, m[q]);
    });
  };

  for (int64_t j = 0; j < row_count * ld && tiles > 1; j += kLanes) store(tile_starts + j, vec{});
  for (int64_t t = 0; t + 1 < tiles; ++t) {
    over_rows(
        t * tile, tile, [&](int64_t n, const ActiveSteps& list) __attribute__((always_inline)) {
          real* start = tile_starts + (t * d + n) * ld;
          run_again(start, start + d * ld, list, 0, list.count);
          if (list.count > 0 && first_tile[n] > t) first_tile[n] = static_cast<int32_t>(t);
        });
  }
  for (int64_t t = tiles - 1; t >= 0; --t) {
    const int64_t t_begin = t * tile, count = steps - t_begin < tile ? steps - t_begin : tile;
    for (int64_t j = 0; j < count * ld; j += kLanes) store(dv + j, vec{});
    over_rows(
        t_begin, count, [&](int64_t n, const ActiveSteps& list) __attribute__((always_inline)) {
          real* h_row = h_rows + (tiles > 1 ? n * ld : 0);
          if (t + 1 == tiles && (list.count > 0 || tiles > 1))
            gather_memory_grad(h_row, dm, dr, rows[n], ld, rule.w_max);
          if (list.count == 0) return;
          const bool fresh = first_tile[n] >= t;
          // m at the start of every piece of kHistory steps.
          const int64_t pieces = (list.count + kHistory - 1) / kHistory;
          const real* start = tile_starts + (t * d + n) * ld;
          for (int64_t j = 0; j < ld; j += kLanes) store(checkpoints + j, fresh ? vec{} : load(start + j));
          for (int64_t piece = 1; piece < pieces; ++piece) {
            real* to = checkpoints + piece * ld;
            run_again(to - ld, to, list, (piece - 1) * kHistory, piece * kHistory);
          }
          for (int64_t piece = pieces - 1; piece >= 0; --piece) {
            const int64_t begin = piece * kHistory;
            const int64_t end = begin + kHistory < list.count ? begin + kHistory : list.count;
            for_blocks(ld / kLanes, kBackwardVecs, [&](int64_t first, auto size) {
              constexpr int NV = decltype(size)::value;
              const int64_t column = first * kLanes;
              const real* m_row = checkpoints + piece * ld + column;
              if (first == 0) {
                write_row_backward<NV, true>(h_row, m_row, v, dv, ld, list, begin, end, fresh, history, sums);
              } else {
                write_row_backward<NV, false>(h_row + column, m_row, v + column, dv + column, ld, list, begin, end,
                                              fresh, history, sums);
              }
            });
            for (int64_t l = begin; l < end; ++l) {
              LaneSum lanes;
              const real k = list.k[l];
              const vec decay = splat(2 * rule.gamma_neg * k);
              HMEM_UNROLL
              for (int s = 0; s < kSumVecs; ++s) {
                const vec vq = load(sums.vq + (l - begin) * kSumLanes + s * kLanes);
                const vec p = load(sums.p + (l - begin) * kSumLanes + s * kLanes);
                lanes.part[s] = splat(rule.gamma_pos) * vq - decay * p;
                if (dgamma) {
                  growth.part[s] += splat(k) * vq;
                  loss.part[s] += splat(k * k) * p;
                }
              }
              dz_k[(t_begin + list.step[l]) * d + rows[n]] += tree_sum(lanes);
            }
          }
        });
    for (int64_t step = 0; step < count; ++step) {
      const int64_t at = (t_begin + step) * d;
      for (int64_t j = 0; j < d; ++j) dz_v[at + j] += z_v[at + j] > 0 ? dv[step * ld + j] : real(0);
    }
  }
  if (dgamma) {
    dgamma[0] = tree_sum(growth);
    dgamma[1] = -tree_sum(loss);
  }
}
