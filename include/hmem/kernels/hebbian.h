#pragma once
/// \file hebbian.h
/// The associative memory of H-Mem: Hebbian write over a whole sequence, read, and both with several hops.
///
/// Source: Limbacher & Legenstein, "H-Mem: Harnessing synaptic plasticity with Hebbian Memory Networks",
/// NeurIPS 2020, equations of the write (keys and values are ReLU outputs) and of the recall.
///
/// Layout of sequences and memories: memory.h.

#include "hmem/kernels/memory.h"

namespace hmem {

/// Hebbian write over a whole sequence. With k_t = relu(z_k[t]), v_t = relu(z_v[t]), M_0 = 0:
///   M_t = M_{t-1} + gamma_pos (w_max - M_{t-1}) (*) k_t v_t^T - gamma_neg M_{t-1} (*) (k_t^2 1^T)
/// m [B, d, ld] receives M after the last step of each sample. Only rows with k > 0 change at a step, so the work is
/// proportional to the active (row, step) pairs: 4 flops forward, 14 backward for each of their d columns.
/// Parallel over samples.
void hebbian_write_forward(real* m, const real* z_k, const real* z_v, const HebbianDims& dims, const HebbianRule& rule);

/// Adds dL/dz_k, dL/dz_v [N, d] given dM of every sample (`dm` [B]). The history of a row is recomputed, in pieces
/// that stay in L1. dgamma [2] (null: not wanted) += dL/dgamma_pos, dL/dgamma_neg. saves: z_k, z_v.
void hebbian_write_backward(RowsGrad dz_k, RowsGrad dz_v, real* dgamma, const real* z_k, const real* z_v,
                            const MemoryGrad* dm, const HebbianDims& dims, const HebbianRule& rule);

/// Read: r [B, d] = M^T relu(z) per sample; m [B, d, ld], z [B, d]. Parallel over samples.
void memory_read_forward(real* r, const real* m, const real* z, int64_t batch, int64_t d);

/// dz [B, d] += [z > 0] (M dr); the gradient of M is the outer product relu(z) dr^T, left to MemoryGrad. saves: m, z.
void memory_read_backward(real* dz, const real* m, const real* z, const real* dr, int64_t batch, int64_t d);

/// Write and all hops in one pass over groups of a few samples, while their memories are in cache:
///   M = write(z_k, z_v);  out = what `reads` says, from M, q and W
/// q [B, d] is the query's part of the read key, the same in every hop; W = w_r [d, d] multiplies the value read and
/// may be null when there is one hop.
void hebbian_recall_forward(real* out, const real* z_k, const real* z_v, PerHop<const real> q, PerHop<const real> w_r,
                            const RecallSaved& saved, const HebbianDims& dims, const HebbianRule& rule,
                            const Reads& reads);

/// Adds to dz_k, dz_v [N, d], dq [B, d], dw_r [d, d], dgamma [2] (the last three may be null). saves: z_k, z_v, w_r and
/// RecallSaved.
void hebbian_recall_backward(RowsGrad dz_k, RowsGrad dz_v, PerHop<real> dq, PerHop<real> dw_r, real* dgamma,
                             const real* dout, const real* z_k, const real* z_v, PerHop<const real> w_r,
                             const RecallSaved& saved, const HebbianDims& dims, const HebbianRule& rule,
                             const Reads& reads);

}  // namespace hmem
