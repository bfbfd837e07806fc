#pragma once
/// \file pairs.h
/// Random instances that are each the sum of two rows.

#include "hmem/core/rng.h"
#include "hmem/kernels/embedding.h"

namespace hmem::test {

/// `count` instances over `firsts` + `seconds` rows, indexed; the last row of each kind is never used.
inline RowPairs random_pairs(uint32_t firsts, uint32_t seconds, int64_t count, Rng& rng) {
  RowPairs pairs;
  pairs.rows = firsts + seconds;
  pairs.seconds_begin = firsts;
  for (int64_t i = 0; i < count; ++i) {
    pairs.first.push_back(static_cast<int32_t>(rng.below(firsts - 1)));
    pairs.second.push_back(static_cast<int32_t>(firsts + rng.below(seconds - 1)));
  }
  pairs.index_rows();
  return pairs;
}

}  // namespace hmem::test
