#pragma once
/// \file row_sums.h
/// Sums over rows that come in pieces.

#include <algorithm>

#include "hmem/core/parallel.h"
#include "kernels/scratch.h"
#include "kernels/simd/simd.h"

namespace hmem {

/// Adds partial sums of a fixed number of rows to sum [width], in order: the bits do not depend on the pieces.
class RowSums {
 public:
  RowSums(Scratch& scratch, real* sum, int64_t width, int64_t partial_rows)
      : sum_(sum), width_(width), partial_rows_(partial_rows), missing_(partial_rows), begun_(scratch.take(width)) {
    std::fill(begun_, begun_ + width, real(0));
  }

  /// Adds the next rows; partial(out [width], begin, end) adds rows [begin, end) of these to out. Parallel.
  template <typename Partial>
  void add(int64_t rows, const Partial& partial) {
    const int64_t first = add_begun(0, rows, partial), whole = (rows - first) / partial_rows_;
    Scratch scratch;
    real* sums = scratch.take(whole * width_);
    parallel_for(whole, 4, [&](int64_t i) {
      real* out = sums + i * width_;
      std::fill(out, out + width_, real(0));
      partial(out, first + i * partial_rows_, first + (i + 1) * partial_rows_);
    });
    for (int64_t i = 0; i < whole; ++i) simd().accumulate(sum_, sums + i * width_, width_);
    add_begun(first + whole * partial_rows_, rows, partial);
  }

  /// Call it after the last row.
  void finish() {
    if (missing_ == partial_rows_) return;
    simd().accumulate(sum_, begun_, width_);
    std::fill(begun_, begun_ + width_, real(0));
    missing_ = partial_rows_;
  }

 private:
  template <typename Partial>
  int64_t add_begun(int64_t begin, int64_t rows, const Partial& partial) {
    const int64_t end = std::min(rows, begin + missing_);
    if (begin < end) partial(begun_, begin, end);
    missing_ -= end - begin;
    if (missing_ == 0) finish();
    return end;
  }

  real* sum_;
  int64_t width_, partial_rows_, missing_;  // rows until the begun partial sum is complete
  real* begun_;
};

}  // namespace hmem
