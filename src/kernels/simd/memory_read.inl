// Reads of the memory, r = M^T relu(z), and their adjoint, for one sample. Only rows whose key is active are touched.

/// r = sum over rows with relu(z_i) > 0 of z_i M_i
static void memory_read_forward(real* r, const real* m, const real* z, int64_t d, real* scratch) {
  const int64_t ld = padded(d);
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
  const int64_t ld = padded(d);
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
