#pragma once
/// \file ops_memory.h
/// The Hebbian associative memory on a tape. Formulas, shapes and source: kernels/hebbian.h.

#include <vector>

#include "hmem/autodiff/tape.h"
#include "hmem/kernels/memory.h"

namespace hmem {

/// A batch of memories on a tape. Its gradient is not stored as a matrix: every read leaves an outer product
/// (MemoryGrad), and the backward pass of the write uses these directly.
struct Memory {
  Var m;  ///< [B, d, ld]
  int64_t d = 0;
  MemoryGrad* grad = nullptr;  ///< [B]
};

/// Trained rates of the write rule, scalars of shape [1]; a null Var keeps the constant rate of the rule.
struct LearnedRates {
  Var gamma_pos, gamma_neg;
  /// rule.gamma_pos = pos_scale * gamma_pos: 1 / kOuterScale for the outer-product rule.
  real pos_scale = 1;
};

/// Writes the packed sequences z_k, z_v [N, d] (pre-activations of keys and values) into one memory per sample.
/// Throws Error when the offsets [B + 1] do not cover the N steps in order.
Memory hebbian_write(Var z_k, Var z_v, const std::vector<int64_t>& offsets, const HebbianRule& rule,
                     const LearnedRates& rates = {});

/// r [B, d] = M^T relu(z), z [B, d]. A memory can be read up to MemoryGrad::kMaxReads times.
Var memory_read(const Memory& memory, Var z);

/// The memory as a value [B, d, d], for looking at it and for losses on it.
Var memory_values(const Memory& memory);

/// Trained parts of the read keys, z_h = q_h + r_{h-1} w_h: one q and one w for all hops, or one for each of them (the
/// first w is then unused and may be null).
struct ReadKeys {
  std::vector<Var> q, w;

  ReadKeys() = default;
  ReadKeys(Var q_in, Var w_in) : q{q_in}, w{w_in} {}
};

/// Write and reads in one operation: z_h = q + r_{h-1} w, r_h = M^T relu(z_h), r_0 = 0; returns r_hops [B, d], or
/// what else `reads` says (kernels/memory.h). q [B, d]; w [d, d], unused with one hop and then may be null. Equals
/// hebbian_write, memory_read, matmul, layer_norm and add, but keeps the memories in cache.
Var hebbian_recall(Var z_k, Var z_v, const std::vector<int64_t>& offsets, const ReadKeys& keys, const HebbianRule& rule,
                   const Reads& reads, const LearnedRates& rates = {});

/// Trained values of read-before-write: s w is added to the part of the value that does not depend on the memory, and
/// the sum is layer-normalised. w [d, d], scale and shift [d].
struct ReadBeforeWriteVars {
  Var w, scale, shift;
  real epsilon = real(1e-3);
};

/// hebbian_recall with read-before-write: keys k [N, d] as they are written, a [N, d] the values' part that does not
/// depend on the memory (kernels/read_before_write.h).
Var read_before_write_recall(Var k, Var a, const std::vector<int64_t>& offsets, const ReadBeforeWriteVars& layer,
                             const ReadKeys& keys, const HebbianRule& rule, const Reads& reads,
                             const LearnedRates& rates = {});

}  // namespace hmem
