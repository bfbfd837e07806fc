#include "hmem/kernels/hebbian.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "kernels/recall_hops.h"
#include "kernels/scratch.h"
#include "kernels/simd/simd.h"

namespace hmem {

void hebbian_write_forward(real* m, const real* z_k, const real* z_v, const HebbianDims& dims,
                           const HebbianRule& rule) {
  const int64_t d = dims.d, ld = padded(d);
  parallel_for(dims.batch, 1, [&](int64_t b) {
    const int64_t first = dims.offsets[b], steps = dims.offsets[b + 1] - first;
    Scratch scratch;
    simd().hebbian_write_forward(m + b * d * ld, z_k + first * d, z_v + first * d, steps, d, rule,
                                 scratch.take(simd().hebbian_scratch(steps, d, false, false)));
  });
}

void hebbian_write_backward(RowsGrad dz_k, RowsGrad dz_v, real* dgamma, const real* z_k, const real* z_v,
                            const MemoryGrad* dm, const HebbianDims& dims, const HebbianRule& rule) {
  const int64_t d = dims.d;
  Scratch shared;
  real* dgamma_of = dgamma ? shared.take(2 * dims.batch) : nullptr;
  parallel_for(dims.batch, 1, [&](int64_t b) {
    const int64_t first = dims.offsets[b], steps = dims.offsets[b + 1] - first;
    Scratch scratch;
    simd().hebbian_write_backward(dz_k.rows(first, steps, d), dz_v.rows(first, steps, d),
                                  dgamma_of ? dgamma_of + 2 * b : nullptr, z_k + first * d, z_v + first * d, dm[b],
                                  steps, d, rule,
                                  scratch.take(simd().hebbian_scratch(steps, d, true, dgamma != nullptr)));
  });
  if (dgamma) add_pairs(dgamma, dgamma_of, dims.batch);
}

void memory_read_forward(real* r, const real* m, const real* z, int64_t batch, int64_t d) {
  const int64_t ld = padded(d);
  parallel_for(batch, kRecallGroup, [&](int64_t b) {
    Scratch scratch;
    real* row = scratch.take(ld);
    simd().memory_read_forward(row, m + b * d * ld, z + b * d, d, scratch.take(d + 1));
    std::copy(row, row + d, r + b * d);
  });
}

void memory_read_backward(real* dz, const real* m, const real* z, const real* dr, int64_t batch, int64_t d) {
  const int64_t ld = padded(d);
  parallel_for(batch, kRecallGroup, [&](int64_t b) {
    Scratch scratch;
    simd().memory_read_backward(dz + b * d, m + b * d * ld, z + b * d, scratch.take_padded(dr + b * d, d), d);
  });
}

void hebbian_recall_forward(real* out, const real* z_k, const real* z_v, PerHop<const real> q, PerHop<const real> w_r,
                            const RecallSaved& saved, const HebbianDims& dims, const HebbianRule& rule,
                            const Reads& reads) {
  const int64_t d = dims.d, ld = padded(d), batch = dims.batch;
  Scratch shared;
  const PerHop<const real> w = padded_copies(shared, w_r, d, reads.hops, false);
  parallel_for(recall_groups(batch), 1, [&](int64_t group) {
    const SampleRange range = recall_group(group, batch);
    for (int64_t b = range.begin; b < range.end; ++b) {
      Scratch scratch;
      const int64_t first = dims.offsets[b], steps = dims.offsets[b + 1] - first;
      simd().hebbian_write_forward(saved.m + b * d * ld, z_k + first * d, z_v + first * d, steps, d, rule,
                                   scratch.take(simd().hebbian_scratch(steps, d, false, false)));
    }
    recall_hops_forward(out, q, w, saved, range, batch, d, reads);
  });
}

void hebbian_recall_backward(RowsGrad dz_k, RowsGrad dz_v, PerHop<real> dq, PerHop<real> dw_r, real* dgamma,
                             const real* dout, const real* z_k, const real* z_v, PerHop<const real> w_r,
                             const RecallSaved& saved, const HebbianDims& dims, const HebbianRule& rule,
                             const Reads& reads) {
  HMEM_CHECK(reads.hops <= MemoryGrad::kMaxReads, "at most ", MemoryGrad::kMaxReads, " hops, found ", reads.hops);
  const int64_t d = dims.d, ld = padded(d), batch = dims.batch;
  Scratch shared;
  const PerHop<const real> w_transposed = padded_copies(shared, w_r, d, reads.hops, true);
  real* dz = shared.take(reads.hops * batch * ld);  // of the read keys
  real* dgamma_of = dgamma ? shared.take(2 * batch) : nullptr;
  parallel_for(recall_groups(batch), 1, [&](int64_t group) {
    const SampleRange range = recall_group(group, batch);
    Scratch scratch;
    MemoryGrad dm[kRecallGroup];
    recall_hops_backward(dz, scratch.take(reads.hops * range.count() * ld), dm, dq, dout, w_transposed, saved, range,
                         batch, d, reads);
    for (int64_t b = range.begin; b < range.end; ++b) {
      Scratch inner;
      const int64_t first = dims.offsets[b], steps = dims.offsets[b + 1] - first;
      simd().hebbian_write_backward(dz_k.rows(first, steps, d), dz_v.rows(first, steps, d),
                                    dgamma_of ? dgamma_of + 2 * b : nullptr, z_k + first * d, z_v + first * d,
                                    dm[b - range.begin], steps, d, rule,
                                    inner.take(simd().hebbian_scratch(steps, d, true, dgamma != nullptr)));
    }
  });
  recall_weight_backward(dw_r, dz, saved, batch, d, reads.hops);
  if (dgamma) add_pairs(dgamma, dgamma_of, batch);
}

}  // namespace hmem
