#pragma once
/// \file hebbian.h
/// The associative memory of H-Mem: Hebbian write over a whole sequence, read, and both with several hops.
///
/// Source: Limbacher & Legenstein, "H-Mem: Harnessing synaptic plasticity with Hebbian Memory Networks",
/// NeurIPS 2020, equations of the write (keys and values are ReLU outputs) and of the recall.
///
/// Layout. Sequences of a batch are packed: sample b owns the steps [offsets[b], offsets[b + 1]) of z_k and z_v
/// [N, d]; nothing is padded in time. A memory is [d, ld] with ld = memory_stride(d): rows padded with zeros to whole
/// 64-byte lines, row = key unit, column = value unit.

#include <cstdint>

#include "hmem/core/real.h"

namespace hmem {

/// Constants of the plasticity rule: M += gamma_pos (w_max - M) (*) k v^T - gamma_neg M (*) (k^2 1^T).
struct HebbianRule {
  real gamma_pos = real(0.01);
  real gamma_neg = real(0.01);
  real w_max = real(1);
};

/// M += gamma k v^T, no bound and no decay. It is the limit w_max -> infinity of the Hebbian rule with gamma_pos =
/// gamma / w_max: at w_max = 2^60, where gamma k v / w_max vanishes beside 1 in every precision and all scaling is by a
/// power of two, the kernels compute it exactly.
constexpr real kOuterScale = static_cast<real>(uint64_t{1} << 60);
inline HebbianRule outer_product_rule(real gamma) { return {gamma / kOuterScale, real(0), kOuterScale}; }

/// Elements from one row of a memory to the next: d rounded up to a multiple of 16.
inline int64_t memory_stride(int64_t d) { return (d + 15) / 16 * 16; }

/// Sizes of a batch of sequences.
struct HebbianDims {
  int64_t batch = 0;                 ///< B
  int64_t d = 0;                     ///< side of the memory, D
  const int64_t* offsets = nullptr;  ///< [B + 1] first step of each sample
};

/// Gradient of a loss with respect to one memory, kept as it arises: each read contributes an outer product
/// (read key) x (gradient of the value read), so that the d x d matrix never has to exist:
///   dM = sum_h relu(z_h) dr_h^T  [+ dense]
struct MemoryGrad {
  static constexpr int kMaxReads = 16;
  int reads = 0;                   ///< number of outer products, at most kMaxReads
  const real* z[kMaxReads] = {};   ///< pre-activations of the read keys, [d] each
  const real* dr[kMaxReads] = {};  ///< gradients of the values read, [d] each
  const real* dense = nullptr;     ///< optional dense part, [d, ld]
};

/// Hebbian write over a whole sequence. With k_t = relu(z_k[t]), v_t = relu(z_v[t]), M_0 = 0:
///   M_t = M_{t-1} + gamma_pos (w_max - M_{t-1}) (*) k_t v_t^T - gamma_neg M_{t-1} (*) (k_t^2 1^T)
/// m [B, d, ld] receives M after the last step of each sample. Only rows with k > 0 change at a step, so the work is
/// proportional to the active (row, step) pairs: 4 flops forward, 14 backward for each of their d columns.
/// Parallel over samples.
void hebbian_write_forward(real* m, const real* z_k, const real* z_v, const HebbianDims& dims, const HebbianRule& rule);

/// Adds dL/dz_k, dL/dz_v [N, d] given dM of every sample (`dm` [B]). The history of a row is recomputed, in pieces
/// that stay in L1. dgamma [2] (null: not wanted) += dL/dgamma_pos, dL/dgamma_neg. saves: z_k, z_v.
void hebbian_write_backward(real* dz_k, real* dz_v, real* dgamma, const real* z_k, const real* z_v,
                            const MemoryGrad* dm, const HebbianDims& dims, const HebbianRule& rule);

/// Read: r [B, d] = M^T relu(z) per sample; m [B, d, ld], z [B, d]. Parallel over samples.
void memory_read_forward(real* r, const real* m, const real* z, int64_t batch, int64_t d);

/// dz [B, d] += [z > 0] (M dr); the gradient of M is the outer product relu(z) dr^T, left to MemoryGrad. saves: m, z.
void memory_read_backward(real* dz, const real* m, const real* z, const real* dr, int64_t batch, int64_t d);

/// What hebbian_recall_forward leaves for its backward, [.., ld] with zero padding.
struct RecallSaved {
  real* m = nullptr;  ///< [B, d, ld] memories
  real* z = nullptr;  ///< [hops, B, ld] pre-activations of the read keys
  real* r = nullptr;  ///< [hops, B, ld] values read
};

/// Sizes of RecallSaved for a batch, in elements.
int64_t recall_saved_m(const HebbianDims& dims);
int64_t recall_saved_z(const HebbianDims& dims, int hops);

/// Write and all hops in one pass over groups of a few samples, while their memories are in cache:
///   M = write(z_k, z_v);  r_0 = 0;  z_h = q + r_{h-1} W,  r_h = M^T relu(z_h),  h = 1..hops;  out = r_hops
/// q [B, d] is the query's part of the read key, the same in every hop; W = w_r [d, d] multiplies the value read.
void hebbian_recall_forward(real* out, const real* z_k, const real* z_v, const real* q, const real* w_r,
                            const RecallSaved& saved, const HebbianDims& dims, const HebbianRule& rule, int hops);

/// Adds to dz_k, dz_v [N, d], dq [B, d], dw_r [d, d], dgamma [2] (the last three may be null). saves: z_k, z_v, w_r and
/// RecallSaved.
void hebbian_recall_backward(real* dz_k, real* dz_v, real* dq, real* dw_r, real* dgamma, const real* dout,
                             const real* z_k, const real* z_v, const real* w_r, const RecallSaved& saved,
                             const HebbianDims& dims, const HebbianRule& rule, int hops);

}  // namespace hmem
