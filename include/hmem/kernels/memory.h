#pragma once
/// \file memory.h
/// Common parts of the associative memory's kernels: the rule, sizes, and data passed from forward to backward.
/// Functions: hebbian.h, read_before_write.h.
///
/// Layout. Sequences of a batch are packed: sample b owns the steps [offsets[b], offsets[b + 1]) of z_k and z_v
/// [N, d]; nothing is padded in time. A memory is [d, ld] with ld = padded(d): rows padded with zeros to whole
/// 64-byte lines, row = key unit, column = value unit.

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "hmem/core/real.h"

namespace hmem {

/// Constants of the plasticity rule: M += gamma_pos (w_max - M) (*) k v^T - gamma_neg M (*) (k^2 1^T).
struct HebbianRule {
  real gamma_pos = real(0.01);
  real gamma_neg = real(0.01);
  real w_max = real(1);
  /// For keys and values of both signs, of which read-before-write has many:
  ///   M += gamma_pos (w_max sgn(k v^T) - M) (*) |k v^T| - gamma_neg M (*) (k^2 1^T)
  /// The paper's rule for k, v >= 0. An element keeps 1 - gamma_neg k^2 - gamma_pos |k v| of itself, where the paper's
  /// rule keeps more than 1 if k v < 0 and |v| gamma_pos > |k| gamma_neg, and grows exponentially; here |M| <= w_max
  /// while gamma_pos |k v| + gamma_neg k^2 <= 1.
  bool is_signed = false;
};

/// M += gamma k v^T, no bound and no decay. It is the limit w_max -> infinity of the Hebbian rule with gamma_pos =
/// gamma / w_max: at w_max = 2^60, where gamma k v / w_max vanishes beside 1 in every precision and all scaling is by a
/// power of two, the kernels compute it exactly.
constexpr real kOuterScale = static_cast<real>(uint64_t{1} << 60);
inline HebbianRule outer_product_rule(real gamma) { return {gamma / kOuterScale, real(0), kOuterScale}; }

/// Sizes of a batch of sequences.
struct HebbianDims {
  int64_t batch = 0;                 ///< B
  int64_t d = 0;                     ///< side of the memory, D
  const int64_t* offsets = nullptr;  ///< [B + 1] first step of each sample
};

/// Gradient of the packed rows of all samples [N, d], to which a kernel adds. `unset`: the memory holds anything, and
/// the kernel sets the rows of a sample to zero before it adds to them, in parallel and while they are in cache.
struct RowsGrad {
  RowsGrad(real* data_in = nullptr, bool unset_in = false) : data(data_in), unset(unset_in) {}
  /// Rows [first, first + count), ready to be added to.
  real* rows(int64_t first, int64_t count, int64_t d) const {
    if (unset) std::fill_n(data + first * d, count * d, real(0));
    return data + first * d;
  }
  real* data;
  bool unset;
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

/// How a question reads a memory, with r_0 = 0:
///   z_h = q_h + r_{h-1} W_h,  r_h = N(M^T relu(z_h)),  h = 1..hops;  out = r_hops, or with `sum` r_1 + .. + r_hops
/// q_h and W_h are the same for all hops in the paper. N is the layer norm of a row without scale and shift with
/// `norm`, else the identity.
struct Reads {
  int hops = 1;
  bool norm = false;
  bool sum = false;

  Reads(int hops_in, bool norm_in = false, bool sum_in = false) : hops(hops_in), norm(norm_in), sum(sum_in) {}
  static constexpr real kEpsilon = real(1e-3);  ///< of the layer norm
};

/// A pointer for each read of a memory: the same for all of them, where the reads share their weights, or one each.
template <typename T>
struct PerHop {
  T* at[MemoryGrad::kMaxReads];

  PerHop(T* shared) { std::fill(std::begin(at), std::end(at), shared); }
};

/// Results of hebbian_recall_forward that its backward pass reads, [.., ld] with zero padding.
struct RecallSaved {
  real* m = nullptr;     ///< [B, d, ld] memories
  real* z = nullptr;     ///< [hops, B, ld] pre-activations of the read keys
  real* r = nullptr;     ///< [hops, B, ld] values read, normalised with Reads::norm
  real* rstd = nullptr;  ///< [hops, B] 1 / deviation of what was read; only with Reads::norm
};

/// Sizes of RecallSaved for a batch, in elements.
inline int64_t recall_saved_m(const HebbianDims& dims) { return dims.batch * dims.d * padded(dims.d); }
inline int64_t recall_saved_z(const HebbianDims& dims, int hops) { return hops * dims.batch * padded(dims.d); }

}  // namespace hmem
