#include "hmem/kernels/hebbian.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/kernels/blas.h"
#include "kernels/scratch.h"
#include "kernels/simd/simd.h"

namespace hmem {

namespace {

/// Zero-padded copy [rows, ld] of a [rows, d] matrix, or of its transpose.
real* padded_copy(Scratch& scratch, const real* source, int64_t d, bool transpose) {
  const int64_t ld = memory_stride(d);
  real* copy = scratch.take(d * ld);
  for (int64_t i = 0; i < d; ++i) {
    for (int64_t j = 0; j < d; ++j) copy[i * ld + j] = transpose ? source[j * d + i] : source[i * d + j];
    std::fill(copy + i * ld + d, copy + (i + 1) * ld, real(0));
  }
  return copy;
}

/// Samples whose memories (40 KiB each at d = 100) go through write and reads together: 4 stay in any L2.
constexpr int64_t kGroup = 4;

}  // namespace

void hebbian_write_forward(real* m, const real* z_k, const real* z_v, const HebbianDims& dims,
                           const HebbianRule& rule) {
  const int64_t d = dims.d, ld = memory_stride(d);
  parallel_for(dims.batch, 1, [&](int64_t b) {
    const int64_t first = dims.offsets[b], steps = dims.offsets[b + 1] - first;
    Scratch scratch;
    simd().hebbian_write_forward(m + b * d * ld, z_k + first * d, z_v + first * d, steps, d, rule,
                                 scratch.take(simd().hebbian_scratch(steps, d)));
  });
}

void hebbian_write_backward(real* dz_k, real* dz_v, const real* z_k, const real* z_v, const MemoryGrad* dm,
                            const HebbianDims& dims, const HebbianRule& rule) {
  const int64_t d = dims.d;
  parallel_for(dims.batch, 1, [&](int64_t b) {
    const int64_t first = dims.offsets[b], steps = dims.offsets[b + 1] - first;
    Scratch scratch;
    simd().hebbian_write_backward(dz_k + first * d, dz_v + first * d, z_k + first * d, z_v + first * d, dm[b], steps, d,
                                  rule, scratch.take(simd().hebbian_scratch(steps, d)));
  });
}

void memory_read_forward(real* r, const real* m, const real* z, int64_t batch, int64_t d) {
  const int64_t ld = memory_stride(d);
  parallel_for(batch, kGroup, [&](int64_t b) {
    Scratch scratch;
    real* padded = scratch.take(ld);
    simd().memory_read_forward(padded, m + b * d * ld, z + b * d, d, scratch.take(d + 1));
    std::copy(padded, padded + d, r + b * d);
  });
}

void memory_read_backward(real* dz, const real* m, const real* z, const real* dr, int64_t batch, int64_t d) {
  const int64_t ld = memory_stride(d);
  parallel_for(batch, kGroup, [&](int64_t b) {
    Scratch scratch;
    real* padded = scratch.take(ld);
    std::copy(dr + b * d, dr + (b + 1) * d, padded);
    std::fill(padded + d, padded + ld, real(0));
    simd().memory_read_backward(dz + b * d, m + b * d * ld, z + b * d, padded, d);
  });
}

int64_t recall_saved_m(const HebbianDims& dims) { return dims.batch * dims.d * memory_stride(dims.d); }
int64_t recall_saved_z(const HebbianDims& dims, int hops) { return hops * dims.batch * memory_stride(dims.d); }

void hebbian_recall_forward(real* out, const real* z_k, const real* z_v, const real* q, const real* w_r,
                            const RecallSaved& saved, const HebbianDims& dims, const HebbianRule& rule, int hops) {
  const int64_t d = dims.d, ld = memory_stride(d), batch = dims.batch;
  Scratch shared;
  const real* w = padded_copy(shared, w_r, d, false);
  parallel_for((batch + kGroup - 1) / kGroup, 1, [&](int64_t group) {
    const int64_t begin = group * kGroup, end = std::min(batch, begin + kGroup);
    Scratch scratch;
    real* rows = scratch.take(d + 1);
    for (int64_t b = begin; b < end; ++b) {
      Scratch inner;
      const int64_t first = dims.offsets[b], steps = dims.offsets[b + 1] - first;
      simd().hebbian_write_forward(saved.m + b * d * ld, z_k + first * d, z_v + first * d, steps, d, rule,
                                   inner.take(simd().hebbian_scratch(steps, d)));
    }
    for (int h = 0; h < hops; ++h) {
      real* z = saved.z + (h * batch + begin) * ld;
      real* r = saved.r + (h * batch + begin) * ld;
      for (int64_t b = begin; b < end; ++b) {
        real* z_b = z + (b - begin) * ld;
        std::copy(q + b * d, q + (b + 1) * d, z_b);
        std::fill(z_b + d, z_b + ld, real(0));
      }
      if (h > 0) simd().gemm_padded(z, ld, r - batch * ld, ld, 1, w, ld, end - begin, ld, d);
      for (int64_t b = begin; b < end; ++b) {
        simd().memory_read_forward(r + (b - begin) * ld, saved.m + b * d * ld, z + (b - begin) * ld, d, rows);
      }
    }
    for (int64_t b = begin; b < end; ++b) {
      const real* r = saved.r + ((hops - 1) * batch + b) * ld;
      std::copy(r, r + d, out + b * d);
    }
  });
}

// Forward, per hop h = 1..H: z_h = q + r_{h-1} W, r_h = M^T relu(z_h). Backward from h = H, with dr_H = dout:
//   dz_h = [z_h > 0] (M dr_h),  dq += dz_h,  dW += r_{h-1}^T dz_h,  dr_{h-1} = dz_h W^T,  dM = sum_h relu(z_h) dr_h^T
void hebbian_recall_backward(real* dz_k, real* dz_v, real* dq, real* dw_r, const real* dout, const real* z_k,
                             const real* z_v, const real* w_r, const RecallSaved& saved, const HebbianDims& dims,
                             const HebbianRule& rule, int hops) {
  HMEM_CHECK(hops <= MemoryGrad::kMaxReads, "at most ", MemoryGrad::kMaxReads, " hops, found ", hops);
  const int64_t d = dims.d, ld = memory_stride(d), batch = dims.batch;
  Scratch shared;
  const real* w_transposed = padded_copy(shared, w_r, d, true);
  real* dz = shared.take(hops * batch * ld);  // of the read keys
  parallel_for((batch + kGroup - 1) / kGroup, 1, [&](int64_t group) {
    const int64_t begin = group * kGroup, end = std::min(batch, begin + kGroup), count = end - begin;
    Scratch scratch;
    real* dr = scratch.take(hops * count * ld);
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
      MemoryGrad dm;
      dm.reads = hops;
      for (int h = 0; h < hops; ++h) {
        dm.z[h] = saved.z + (h * batch + b) * ld;
        dm.dr[h] = dr + (h * count + b - begin) * ld;
        if (dq) simd().accumulate(dq + b * d, dz + (h * batch + b) * ld, d);
      }
      Scratch inner;
      const int64_t first = dims.offsets[b], steps = dims.offsets[b + 1] - first;
      simd().hebbian_write_backward(dz_k + first * d, dz_v + first * d, z_k + first * d, z_v + first * d, dm, steps, d,
                                    rule, inner.take(simd().hebbian_scratch(steps, d)));
    }
  });
  if (dw_r && hops > 1) {
    gemm(dw_r, d, transposed(saved.r, ld), matrix(dz + batch * ld, ld), d, d, (hops - 1) * batch, true);
  }
}

}  // namespace hmem
