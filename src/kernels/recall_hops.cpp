#include "kernels/recall_hops.h"

#include <algorithm>

#include "hmem/kernels/blas.h"
#include "kernels/simd/simd.h"

namespace hmem {

real* padded_copy(Scratch& scratch, const real* source, int64_t d, bool transpose) {
  if (!source) return nullptr;
  const int64_t ld = padded(d);
  real* copy = scratch.take(d * ld);
  for (int64_t i = 0; i < d; ++i) {
    for (int64_t j = 0; j < d; ++j) copy[i * ld + j] = transpose ? source[j * d + i] : source[i * d + j];
    std::fill(copy + i * ld + d, copy + (i + 1) * ld, real(0));
  }
  return copy;
}

PerHop<const real> padded_copies(Scratch& scratch, const PerHop<const real>& sources, int64_t d, int hops,
                                 bool transpose) {
  PerHop<const real> copies = nullptr;
  for (int h = 1; h < hops; ++h) {
    const bool same = h > 1 && sources.at[h] == sources.at[h - 1];
    copies.at[h] = same ? copies.at[h - 1] : padded_copy(scratch, sources.at[h], d, transpose);
  }
  return copies;
}

void recall_hops_forward(real* out, const PerHop<const real>& q, const PerHop<const real>& w, const RecallSaved& saved,
                         const SampleRange& range, int64_t batch, int64_t d, const Reads& reads) {
  const int64_t ld = padded(d), begin = range.begin, end = range.end;
  Scratch scratch;
  real* rows = scratch.take(d + 1);
  for (int h = 0; h < reads.hops; ++h) {
    real* z = saved.z + (h * batch + begin) * ld;
    real* r = saved.r + (h * batch + begin) * ld;
    for (int64_t b = begin; b < end; ++b) {
      real* z_b = z + (b - begin) * ld;
      std::copy(q.at[h] + b * d, q.at[h] + (b + 1) * d, z_b);
      std::fill(z_b + d, z_b + ld, real(0));
    }
    if (h > 0) simd().gemm_padded(z, ld, r - batch * ld, ld, 1, w.at[h], ld, range.count(), ld, d);
    for (int64_t b = begin; b < end; ++b) {
      real* r_b = r + (b - begin) * ld;
      simd().memory_read_forward(r_b, saved.m + b * d * ld, z + (b - begin) * ld, d, rows);
      if (reads.norm) saved.rstd[h * batch + b] = simd().layer_norm_row(r_b, r_b, d, Reads::kEpsilon);
    }
  }
  for (int64_t b = begin; b < end; ++b) {
    const real* last = saved.r + ((reads.hops - 1) * batch + b) * ld;
    std::copy(last, last + d, out + b * d);
    for (int h = 0; reads.sum && h + 1 < reads.hops; ++h) {
      simd().accumulate(out + b * d, saved.r + (h * batch + b) * ld, d);
    }
  }
}

// Forward, per hop h = 1..H: z_h = q_h + n_{h-1} W_h, r_h = M^T relu(z_h), n_h = N(r_h). Backward from h = H:
//   dn_h = dz_{h+1} W_{h+1}^T, plus dout for the last hop or, with the sum, for all of them
//   dr_h = dn_h, or with the norm rstd (dn_h - mean(dn_h) - n_h mean(dn_h n_h))
//   dz_h = [z_h > 0] (M dr_h),  dq_h += dz_h,  dW_h += n_{h-1}^T dz_h,  dM = sum_h relu(z_h) dr_h^T
void recall_hops_backward(real* dz, real* dr, MemoryGrad* dm, const PerHop<real>& dq, const real* dout,
                          const PerHop<const real>& w_transposed, const RecallSaved& saved, const SampleRange& range,
                          int64_t batch, int64_t d, const Reads& reads) {
  const int64_t ld = padded(d), begin = range.begin, end = range.end, count = range.count();
  const int hops = reads.hops;
  for (int h = hops - 1; h >= 0; --h) {
    real* dr_h = dr + h * count * ld;
    real* dz_h = dz + (h * batch + begin) * ld;
    std::fill(dr_h, dr_h + count * ld, real(0));
    std::fill(dz_h, dz_h + count * ld, real(0));
    if (h == hops - 1 || reads.sum) {
      for (int64_t b = begin; b < end; ++b) std::copy(dout + b * d, dout + (b + 1) * d, dr_h + (b - begin) * ld);
    }
    if (h < hops - 1) simd().gemm_padded(dr_h, ld, dz_h + batch * ld, ld, 1, w_transposed.at[h + 1], ld, count, ld, d);
    for (int64_t b = begin; b < end; ++b) {
      real* dr_b = dr_h + (b - begin) * ld;
      const int64_t row = h * batch + b;
      if (reads.norm) simd().layer_norm_row_backward(dr_b, dr_b, saved.r + row * ld, saved.rstd[row], d);
      simd().memory_read_backward(dz_h + (b - begin) * ld, saved.m + b * d * ld, saved.z + row * ld, dr_b, d);
    }
  }
  for (int64_t b = begin; b < end; ++b) {
    MemoryGrad& grad = dm[b - begin];
    grad = MemoryGrad{};
    grad.reads = hops;
    for (int h = 0; h < hops; ++h) {
      grad.z[h] = saved.z + (h * batch + b) * ld;
      grad.dr[h] = dr + (h * count + b - begin) * ld;
      if (dq.at[h]) simd().accumulate(dq.at[h] + b * d, dz + (h * batch + b) * ld, d);
    }
  }
}

void add_pairs(real* sum, const real* pairs, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    sum[0] += pairs[2 * i];
    sum[1] += pairs[2 * i + 1];
  }
}

void recall_weight_backward(const PerHop<real>& dw_r, const real* dz, const RecallSaved& saved, int64_t batch,
                            int64_t d, int hops) {
  const int64_t ld = padded(d);
  for (int h = 1, end; h < hops; h = end) {
    for (end = h + 1; end < hops && dw_r.at[end] == dw_r.at[h];) ++end;
    if (!dw_r.at[h]) continue;
    gemm(dw_r.at[h], d, transposed(saved.r + (h - 1) * batch * ld, ld), matrix(dz + h * batch * ld, ld), d, d,
         (end - h) * batch, true);
  }
}

}  // namespace hmem
