#pragma once
/// \file recall_hops.h
/// The reads of a recall for a group of samples whose memories are in cache; shared by the plain write and
/// read-before-write.

#include "hmem/kernels/memory.h"
#include "kernels/scratch.h"

namespace hmem {

/// Samples that go through write and reads together: their memories (40 KiB each at d = 100) stay in any L2.
constexpr int64_t kRecallGroup = 4;

inline int64_t recall_groups(int64_t batch) { return (batch + kRecallGroup - 1) / kRecallGroup; }

/// Samples [begin, end) of a batch.
struct SampleRange {
  int64_t begin, end;
  int64_t count() const { return end - begin; }
};

inline SampleRange recall_group(int64_t group, int64_t batch) {
  const int64_t begin = group * kRecallGroup;
  return {begin, batch < begin + kRecallGroup ? batch : begin + kRecallGroup};
}

/// Zero-padded copy [d, ld] of a [d, d] matrix, or of its transpose; null for null.
real* padded_copy(Scratch& scratch, const real* source, int64_t d, bool transpose);
/// The same for the weights of hops 2 and later; hops that share them share the copy.
PerHop<const real> padded_copies(Scratch& scratch, const PerHop<const real>& sources, int64_t d, int hops,
                                 bool transpose);

/// All hops of a group, from the memories in saved.m: fills saved.z, saved.r and out. w [d, ld] is padded.
void recall_hops_forward(real* out, const PerHop<const real>& q, const PerHop<const real>& w, const RecallSaved& saved,
                         const SampleRange& range, int64_t batch, int64_t d, const Reads& reads);

/// dz [hops, batch, ld]: gradients of the read keys; dr [hops, count, ld]: of the values read, for the group alone.
/// dm [count] gets the outer products of the reads; they point into saved and dr. w_transposed [d, ld] is padded.
void recall_hops_backward(real* dz, real* dr, MemoryGrad* dm, const PerHop<real>& dq, const real* dout,
                          const PerHop<const real>& w_transposed, const RecallSaved& saved, const SampleRange& range,
                          int64_t batch, int64_t d, const Reads& reads);

/// sum [2] += pairs [count, 2], in order: the gradients of the two rates from the samples.
void add_pairs(real* sum, const real* pairs, int64_t count);

/// dw_h += r_{h-1}^T dz_h, summed over samples and over hops that share their weights.
void recall_weight_backward(const PerHop<real>& dw_r, const real* dz, const RecallSaved& saved, int64_t batch,
                            int64_t d, int hops);

}  // namespace hmem
