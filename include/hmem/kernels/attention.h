#pragma once
/// \file attention.h
/// Soft attention over packed sequences: one hop of an end-to-end memory network.
///
/// Source: Sukhbaatar et al., "End-to-end memory networks", NIPS 2015, section 2.1. For sample b, which owns the steps
/// i in [offsets[b], offsets[b + 1]):
///   p_i = softmax over i of (query_b . keys_i)        out_b = sum_i p_i values_i

#include <cstdint>

#include "hmem/core/real.h"

namespace hmem {

/// Sizes of a batch of sequences.
struct AttendDims {
  int64_t batch = 0;                 ///< B
  int64_t e = 0;                     ///< columns of query and keys
  int64_t f = 0;                     ///< columns of values
  const int64_t* offsets = nullptr;  ///< [B + 1] first step of each sample; none is empty: checked by the caller
};

/// out [B, f] and the weights p [N] from query [B, e], keys [N, e], values [N, f]; 2 N (e + f) flops, backward twice as
/// many. The largest score is subtracted before the exponential. Parallel over samples.
void attend_forward(real* out, real* p, const real* query, const real* keys, const real* values,
                    const AttendDims& dims);

/// Adds to dquery, dkeys, dvalues (null: not wanted), which may overlap: parts of one matrix. saves: query, keys,
/// values, p. Parallel over samples.
void attend_backward(real* dquery, real* dkeys, real* dvalues, const real* dout, const real* query, const real* keys,
                     const real* values, const real* p, const AttendDims& dims);

}  // namespace hmem
