// Read-before-write: one pass over the memory for each step, forward and backward, for one sample.
//
// With m = M / w_max, a_i = g+ k_i, c_i = 1 - g- k_i^2 and u = a_i v_j, f = c_i - u, step t is
//     s_t = w_max m^T k_t          what the memory already holds for this key
//     v_t = LN(...)                from s_t: every row of m has to be read before any is written
//     m  <- m f + u
// With the signed rule f = c_i - |u|. Keys do not depend on m, so the write of step t and the read of step t + 1 share
// a pass: 6 operations for 16 columns of a row. Keys are dense here (they leave a layer norm): no lists of active
// steps.

/// One step: m_out = m f + u (m null: the memory is still empty), and with `next` not null s = w_max m_out^T next.
/// k, next [d]; v, s [ld]; m, m_out [d, ld], may be the same.
template <int NV, bool kEmpty, bool kRead, bool kSigned>
HMEM_INLINE void rbw_columns(real* m_out, const real* m, real* s, const real* k, const real* v, const real* next,
                             int64_t d, int64_t ld, const HebbianRule& rule) {
  vec value[NV], sum[NV];
  HMEM_UNROLL
  for (int q = 0; q < NV; ++q) {
    value[q] = load(v + q * kLanes);
    sum[q] = vec{};
  }
  for (int64_t i = 0; i < d; ++i) {
    const vec a = splat(rule.gamma_pos * k[i]), c = splat(real(1) - rule.gamma_neg * (k[i] * k[i]));
    const vec k_next = splat(kRead ? next[i] : real(0));
    HMEM_UNROLL
    for (int q = 0; q < NV; ++q) {
      vec x = a * value[q];
      if (!kEmpty) x = load(m + i * ld + q * kLanes) * (c - (kSigned ? absolute(x) : x)) + x;
      store(m_out + i * ld + q * kLanes, x);
      if (kRead) sum[q] += k_next * x;
    }
  }
  if (kRead) {
    const vec w = splat(rule.w_max);
    HMEM_UNROLL
    for (int q = 0; q < NV; ++q) store(s + q * kLanes, w * sum[q]);
  }
}

template <bool kSigned>
HMEM_INLINE void rbw_step_of(real* m_out, const real* m, real* s, const real* k, const real* v, const real* next,
                             int64_t d, const HebbianRule& rule) {
  const int64_t ld = padded(d);
  for_blocks(ld / kLanes, kForwardVecs, [&](int64_t first, auto size) {
    constexpr int NV = decltype(size)::value;
    const int64_t column = first * kLanes;
    if (m && next) {
      rbw_columns<NV, false, true, kSigned>(m_out + column, m + column, s + column, k, v + column, next, d, ld, rule);
    } else if (m) {
      rbw_columns<NV, false, false, kSigned>(m_out + column, m + column, nullptr, k, v + column, nullptr, d, ld, rule);
    } else if (next) {
      rbw_columns<NV, true, true, false>(m_out + column, nullptr, s + column, k, v + column, next, d, ld, rule);
    } else {
      rbw_columns<NV, true, false, false>(m_out + column, nullptr, nullptr, k, v + column, nullptr, d, ld, rule);
    }
  });
}

static void rbw_step(real* m_out, const real* m, real* s, const real* k, const real* v, const real* next, int64_t d,
                     const HebbianRule& rule) {
  if (rule.is_signed) {
    rbw_step_of<true>(m_out, m, s, k, v, next, d, rule);
  } else {
    rbw_step_of<false>(m_out, m, s, k, v, next, d, rule);
  }
}

// Backward. What step t + 1 owes to m_{t+1} is known only when ds_{t+1} is, and that is after its own pass; so the pass
// of step t settles it. m_{t+1} = m_t f + u is formed again in registers. With H = dL/dm_{t+1}:
//     H     += w_max k_{t+1} ds_{t+1}^T          dk_{t+1} += w_max m_{t+1} ds_{t+1}
//     p      = H m_t,  q = H - p   (signed rule: q = H - sgn(u) p; at u = 0 either sign is a subgradient)
//     dv_t   = sum_i a_i q                        dk_t     = g+ sum_j v q - 2 g- k sum_j p
//     dg+   += sum k sum_j v q                    dg-     -= sum k^2 sum_j p
//     H     <- H f                                (= dL/dm_t)

#if HMEM_VEC_BYTES == 64
constexpr int kReverseVecs = 8;
#elif HMEM_VEC_BYTES == 32
constexpr int kReverseVecs = 4;
#else
constexpr int kReverseVecs = kSumVecs > 4 ? kSumVecs : 4;
#endif

/// Lane sums of each row, carried from one block of columns to the next: sum v q, sum p, sum m_{t+1} ds; [d, 16] each.
struct ReverseSums {
  real *vq, *p, *mds;
};

static int64_t rbw_reverse_scratch(int64_t d) { return 3 * (d * kSumLanes + padded(d)); }

template <int NV, bool kEmpty, bool kOwed, bool kSigned>
HMEM_INLINE void rbw_reverse_columns(real* h, const real* m, real* dv, const real* k, const real* v, const real* owed_k,
                                     const real* owed_ds, int64_t d, int64_t ld, const HebbianRule& rule,
                                     const ReverseSums& sums, bool first) {
  vec value[NV], ds[NV], dvalue[NV];
  HMEM_UNROLL
  for (int q = 0; q < NV; ++q) {
    value[q] = load(v + q * kLanes);
    ds[q] = kOwed ? load(owed_ds + q * kLanes) : vec{};
    dvalue[q] = vec{};
  }
  for (int64_t i = 0; i < d; ++i) {
    const vec a = splat(rule.gamma_pos * k[i]), c = splat(real(1) - rule.gamma_neg * (k[i] * k[i]));
    const vec k_owed = splat(kOwed ? owed_k[i] : real(0));
    LaneSum vq = zero_lanes(), p_sum = zero_lanes(), mds = zero_lanes();
    if (!first) {
      HMEM_UNROLL
      for (int s = 0; s < kSumVecs; ++s) {
        vq.part[s] = load(sums.vq + i * kSumLanes + s * kLanes);
        if (!kEmpty) p_sum.part[s] = load(sums.p + i * kSumLanes + s * kLanes);
        if (kOwed) mds.part[s] = load(sums.mds + i * kSumLanes + s * kLanes);
      }
    }
    HMEM_UNROLL
    for (int q = 0; q < NV; ++q) {
      real* h_at = h + i * ld + q * kLanes;
      vec grad = load(h_at);
      const vec u = a * value[q], f = c - (kSigned ? absolute(u) : u);
      const vec before = kEmpty ? vec{} : load(m + i * ld + q * kLanes);
      if (kOwed) {
        const vec after = kEmpty ? u : before * f + u;
        mds.part[q % kSumVecs] += after * ds[q];
        grad += k_owed * ds[q];
      }
      vec du = grad;
      if (!kEmpty) {
        const vec p = grad * before;
        du = grad - (kSigned ? times_sign(p, u) : p);
        p_sum.part[q % kSumVecs] += p;
        store(h_at, grad * f);
      }
      dvalue[q] += a * du;
      vq.part[q % kSumVecs] += value[q] * du;
    }
    HMEM_UNROLL
    for (int s = 0; s < kSumVecs; ++s) {
      store(sums.vq + i * kSumLanes + s * kLanes, vq.part[s]);
      if (!kEmpty) store(sums.p + i * kSumLanes + s * kLanes, p_sum.part[s]);
      if (kOwed) store(sums.mds + i * kSumLanes + s * kLanes, mds.part[s]);
    }
  }
  HMEM_UNROLL
  for (int q = 0; q < NV; ++q) store(dv + q * kLanes, dvalue[q]);
}

/// sums[i] = sum of row i of lanes [d, 16].
HMEM_INLINE void row_sums(real* sums, const real* lanes, int64_t d) {
  int64_t i = 0;
#if HMEM_VEC_BYTES > 16 && !defined(HMEM_REAL_DOUBLE)
  for (; i + kLanes <= d; i += kLanes) store(sums + i, tree_sums(lanes + i * kSumLanes));
#endif
  for (; i < d; ++i) {
    LaneSum sum;
    HMEM_UNROLL
    for (int s = 0; s < kSumVecs; ++s) sum.part[s] = load(lanes + i * kSumLanes + s * kLanes);
    sums[i] = tree_sum(sum);
  }
}

/// The pass of step t: h [d, ld] becomes dL/dm_t, dv [ld] is set, dk [d] and, with a debt, owed_dk [d] are added to.
/// m null: the memory was empty (t = 0). The debt of step t + 1: its key owed_k [d] and owed_ds [ld] = w_max ds, null
/// at the last step. dgamma (null: not wanted) [2] is added to.
template <bool kSigned>
HMEM_INLINE void rbw_reverse_of(real* h, const real* m, real* dv, real* dk, real* owed_dk, real* dgamma, const real* k,
                                const real* v, const real* owed_k, const real* owed_ds, int64_t d,
                                const HebbianRule& rule, real* scratch) {
  const int64_t ld = padded(d);
  const ReverseSums sums = {scratch, scratch + d * kSumLanes, scratch + 2 * d * kSumLanes};
  for_blocks(ld / kLanes, kReverseVecs, [&](int64_t first, auto size) {
    constexpr int NV = decltype(size)::value;
    const int64_t column = first * kLanes;
    const real* m_at = m ? m + column : nullptr;
    const real* ds_at = owed_ds ? owed_ds + column : nullptr;
    real *h_at = h + column, *dv_at = dv + column;
    const real* v_at = v + column;
    if (m && owed_ds) {
      rbw_reverse_columns<NV, false, true, kSigned>(h_at, m_at, dv_at, k, v_at, owed_k, ds_at, d, ld, rule, sums,
                                                    first == 0);
    } else if (m) {
      rbw_reverse_columns<NV, false, false, kSigned>(h_at, m_at, dv_at, k, v_at, nullptr, nullptr, d, ld, rule, sums,
                                                     first == 0);
    } else if (owed_ds) {
      rbw_reverse_columns<NV, true, true, false>(h_at, nullptr, dv_at, k, v_at, owed_k, ds_at, d, ld, rule, sums,
                                                 first == 0);
    } else {
      rbw_reverse_columns<NV, true, false, false>(h_at, nullptr, dv_at, k, v_at, nullptr, nullptr, d, ld, rule, sums,
                                                  first == 0);
    }
  });
  real *vq = scratch + 3 * d * kSumLanes, *p = vq + ld, *mds = p + ld;
  row_sums(vq, sums.vq, d);
  if (m) {
    row_sums(p, sums.p, d);
  } else {
    for (int64_t i = 0; i < d; ++i) p[i] = 0;
  }
  for (int64_t i = 0; i < d; ++i) dk[i] += rule.gamma_pos * vq[i] - 2 * rule.gamma_neg * k[i] * p[i];
  if (owed_ds) {
    row_sums(mds, sums.mds, d);
    for (int64_t i = 0; i < d; ++i) owed_dk[i] += mds[i];
  }
  for (int64_t i = 0; dgamma && i < d; ++i) {
    dgamma[0] += k[i] * vq[i];
    dgamma[1] -= k[i] * k[i] * p[i];
  }
}

static void rbw_reverse(real* h, const real* m, real* dv, real* dk, real* owed_dk, real* dgamma, const real* k,
                        const real* v, const real* owed_k, const real* owed_ds, int64_t d, const HebbianRule& rule,
                        real* scratch) {
  if (rule.is_signed) {
    rbw_reverse_of<true>(h, m, dv, dk, owed_dk, dgamma, k, v, owed_k, owed_ds, d, rule, scratch);
  } else {
    rbw_reverse_of<false>(h, m, dv, dk, owed_dk, dgamma, k, v, owed_k, owed_ds, d, rule, scratch);
  }
}

/// dL/dm = w_max dM as a matrix h [d, ld], from what the reads left.
static void memory_grad_dense(real* h, const MemoryGrad& dm, int64_t d, real w_max, real* scratch) {
  const int64_t ld = padded(d);
  for (int read = 0; read < dm.reads; ++read) {
    for (int64_t j = 0; j < ld; ++j) scratch[read * ld + j] = j < d ? w_max * dm.dr[read][j] : real(0);
  }
  for (int64_t i = 0; i < d; ++i) {
    bool any = dm.dense != nullptr;
    for (int read = 0; read < dm.reads; ++read) any |= !(dm.z[read][i] <= 0);
    if (any) {
      gather_memory_grad(h + i * ld, dm, scratch, i, ld, w_max);
    } else {
      for (int64_t j = 0; j < ld; j += kLanes) store(h + i * ld + j, vec{});
    }
  }
}
