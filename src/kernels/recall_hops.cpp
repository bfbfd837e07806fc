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

void recall_hops_forward(real* out, const real* q, const real* w, const RecallSaved& saved, const SampleRange& range,
                         int64_t batch, int64_t d, int hops) {
  const int64_t ld = padded(d), begin = range.begin, end = range.end;
  Scratch scratch;
  real* rows = scratch.take(d + 1);
  for (int h = 0; h < hops; ++h) {
    real* z = saved.z + (h * batch + begin) * ld;
    real* r = saved.r + (h * batch + begin) * ld;
    for (int64_t b = begin; b < end; ++b) {
      real* z_b = z + (b - begin) * ld;
      std::copy(q + b * d, q + (b + 1) * d, z_b);
      std::fill(z_b + d, z_b + ld, real(0));
    }
    if (h > 0) simd().gemm_padded(z, ld, r - batch * ld, ld, 1, w, ld, range.count(), ld, d);
    for (int64_t b = begin; b < end; ++b) {
      simd().memory_read_forward(r + (b - begin) * ld, saved.m + b * d * ld, z + (b - begin) * ld, d, rows);
    }
  }
  for (int64_t b = begin; b < end; ++b) {
    const real* r = saved.r + ((hops - 1) * batch + b) * ld;
    std::copy(r, r + d, out + b * d);
  }
}

// Forward, per hop h = 1..H: z_h = q + r_{h-1} W, r_h = M^T relu(z_h). Backward from h = H, with dr_H = dout:
//   dz_h = [z_h > 0] (M dr_h),  dq += dz_h,  dW += r_{h-1}^T dz_h,  dr_{h-1} = dz_h W^T,  dM = sum_h relu(z_h) dr_h^T
void recall_hops_backward(real* dz, real* dr, MemoryGrad* dm, real* dq, const real* dout, const real* w_transposed,
                          const RecallSaved& saved, const SampleRange& range, int64_t batch, int64_t d, int hops) {
  const int64_t ld = padded(d), begin = range.begin, end = range.end, count = range.count();
  for (int h = hops - 1; h >= 0; --h) {
    real* dr_h = dr + h * count * ld;
    real* dz_h = dz + (h * batch + begin) * ld;
    std::fill(dr_h, dr_h + count * ld, real(0));
    std::fill(dz_h, dz_h + count * ld, real(0));
    if (h == hops - 1) {
      for (int64_t b = begin; b < end; ++b) std::copy(dout + b * d, dout + (b + 1) * d, dr_h + (b - begin) * ld);
    } else {
      simd().gemm_padded(dr_h, ld, dz_h + batch * ld, ld, 1, w_transposed, ld, count, ld, d);
    }
    for (int64_t b = begin; b < end; ++b) {
      simd().memory_read_backward(dz_h + (b - begin) * ld, saved.m + b * d * ld, saved.z + (h * batch + b) * ld,
                                  dr_h + (b - begin) * ld, d);
    }
  }
  for (int64_t b = begin; b < end; ++b) {
    MemoryGrad& grad = dm[b - begin];
    grad = MemoryGrad{};
    grad.reads = hops;
    for (int h = 0; h < hops; ++h) {
      grad.z[h] = saved.z + (h * batch + b) * ld;
      grad.dr[h] = dr + (h * count + b - begin) * ld;
      if (dq) simd().accumulate(dq + b * d, dz + (h * batch + b) * ld, d);
    }
  }
}

void add_pairs(real* sum, const real* pairs, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    sum[0] += pairs[2 * i];
    sum[1] += pairs[2 * i + 1];
  }
}

void recall_weight_backward(real* dw_r, const real* dz, const RecallSaved& saved, int64_t batch, int64_t d, int hops) {
  const int64_t ld = padded(d);
  if (!dw_r || hops < 2) return;
  gemm(dw_r, d, transposed(saved.r, ld), matrix(dz + batch * ld, ld), d, d, (hops - 1) * batch, true);
}

}  // namespace hmem
