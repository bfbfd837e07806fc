#pragma once
/// \file read_before_write.h
/// H-Mem's extended write: before a pair is written, the memory is read with its key, and the result changes the value
/// (Limbacher & Legenstein, NeurIPS 2020, the model that solves bAbI task 16).
///
///   s_t = M_{t-1}^T k_t                     the value stored for this key
///   v_t = LN([relu(z_v)_t ; s_t] W_d)       = LN(a_t + s_t W)
///   M_t = M_{t-1} + g+ (w_max - M_{t-1}) (*) k_t v_t^T - g- M_{t-1} (*) (k_t^2 1^T)
///
/// The part of W_d that does not depend on the memory, a_t = relu(z_v)_t W_v, and the keys k_t = LN(relu(z_k)_t) are
/// computed for all steps at once beforehand; W = w [d, d] is the rest of W_d. What remains is sequential: one pass
/// over the memory for a step, in which the write of step t and the read of step t + 1 share the traffic. Layout:
/// memory.h.

#include "hmem/kernels/memory.h"

namespace hmem {

/// Weights of the sequential part.
struct ReadBeforeWrite {
  const real* w = nullptr;      ///< [d, d]
  const real* scale = nullptr;  ///< [d] of the layer norm
  const real* shift = nullptr;  ///< [d]
  real epsilon = real(1e-3);
};

/// Results of the forward pass that the backward pass reads.
struct ReadBeforeWriteSaved {
  real* s = nullptr;     ///< [N, ld] values read before the writes
  real* xhat = nullptr;  ///< [N, ld] a + s w, normalised
  real* rstd = nullptr;  ///< [N] 1 / deviation
  real* v = nullptr;     ///< [N, ld] values written
};

/// Gradients to which the backward pass adds; dw, dscale, dshift, dq, dw_r and dgamma may be null.
struct ReadBeforeWriteGrads {
  RowsGrad dk;                  ///< [N, d]
  RowsGrad da;                  ///< [N, d]
  real* dw = nullptr;           ///< [d, d]
  real* dscale = nullptr;       ///< [d]
  real* dshift = nullptr;       ///< [d]
  PerHop<real> dq = nullptr;    ///< [B, d]
  PerHop<real> dw_r = nullptr;  ///< [d, d]
  real* dgamma = nullptr;       ///< [2]
};

/// Read-before-write over whole sequences, then the reads as in hebbian_recall_forward. k, a [N, d].
/// About 10 flops for each element of a memory and step forward, 20 backward. Parallel over groups of samples.
void read_before_write_recall_forward(real* out, const real* k, const real* a, PerHop<const real> q,
                                      PerHop<const real> w_r, const ReadBeforeWrite& layer,
                                      const ReadBeforeWriteSaved& saved, const RecallSaved& recall,
                                      const HebbianDims& dims, const HebbianRule& rule, const Reads& reads);

/// The memories before every step are formed again, from checkpoints when a sequence is long: no M_t is kept between
/// the passes. saves: k, w, scale, shift, w_r, ReadBeforeWriteSaved, RecallSaved.
void read_before_write_recall_backward(const ReadBeforeWriteGrads& grads, const real* dout, const real* k,
                                       PerHop<const real> w_r, const ReadBeforeWrite& layer,
                                       const ReadBeforeWriteSaved& saved, const RecallSaved& recall,
                                       const HebbianDims& dims, const HebbianRule& rule, const Reads& reads);

}  // namespace hmem
