#pragma once
/// \file embedding.h
/// Words to vectors: table lookup, sentence encoding, and sums of two rows per instance.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hmem/core/real.h"

namespace hmem {

/// out [n, e] = table[ids[i]]; the id `nil` gives zeros. Other ids must be in [0, rows of the table): checked by the
/// caller.
void embedding_forward(real* out, const real* table, const int32_t* ids, int64_t n, int64_t e, int32_t nil = 0);
/// dtable[ids[i]] += dout[i] for ids other than nil, in the order of i. Parallel over columns.
void embedding_backward(real* dtable, const real* dout, const int32_t* ids, int64_t n, int64_t e, int32_t nil = 0);

/// Sentence encoding (Sukhbaatar et al., "End-to-end memory networks", NIPS 2015, section 4.1):
///   x_r = sum over words w of [ids(r, w) != nil] encoding_w (*) table[ids(r, w)]
/// ids [rows, width], encoding [width, e], x [rows, e]. Parallel over rows.
void sentence_encoding_forward(real* x, const real* table, const real* encoding, const int32_t* ids, int64_t rows,
                               int64_t width, int64_t e);
/// dtable[id] += encoding_w (*) dx_r,  dencoding_w += table[id] (*) dx_r; null: not wanted. Parallel over columns.
/// saves: table, encoding, ids.
void sentence_encoding_backward(real* dtable, real* dencoding, const real* dx, const real* table, const real* encoding,
                                const int32_t* ids, int64_t rows, int64_t width, int64_t e);

/// The instances of a RowPairs that use each row, for the adjoints; valid as long as the lists of the RowPairs.
struct RowUses {
  int64_t rows = 0, seconds_begin = 0, count = 0;
  const int64_t* row_begin = nullptr;  ///< [rows + 1]
  const int32_t* instance = nullptr;   ///< [2 count]
  int64_t of(int64_t row) const { return row_begin[row + 1] - row_begin[row]; }
};

/// Instances that are each the sum of two rows of one matrix: x_i = rows[first[i]] + rows[second[i]].
///
/// A bAbI batch repeats a few sentences with different ages: a sentence in a story is its words (row `first`) plus a
/// time word (row `second`). Linear maps of x are computed once per row and added per instance.
struct RowPairs {
  std::vector<int32_t> first, second;  ///< [n]
  int64_t rows = 0;                    ///< rows of the matrix that they point into
  int64_t seconds_begin = 0;           ///< rows below are only ever `first`, the others only ever `second`

  // For every row the instances that use it, ascending, and the other row of each: filled by index_rows().
  std::vector<int64_t> row_begin;  ///< [rows + 1]
  std::vector<int32_t> instance;   ///< [2 n]
  std::vector<int32_t> other;      ///< [2 n]

  int64_t count() const { return static_cast<int64_t>(first.size()); }
  int64_t uses(int64_t row) const { return RowUses(*this).of(row); }
  operator RowUses() const { return {rows, seconds_begin, count(), row_begin.data(), instance.data()}; }
  /// Fills the lists by row; throws Error when a row number is outside its part of the matrix.
  void index_rows();
};

/// out_i = rows[first_i] + rows[second_i]; rows [rows, n], out [count, n]. Parallel over instances.
void pair_sum_forward(real* out, const real* rows, const RowPairs& pairs, int64_t n);
/// drows[r] += sum of dout_i over the instances of r, ascending. Parallel over rows.
void pair_sum_backward(real* drows, const real* dout, const RowUses& uses, int64_t n);

}  // namespace hmem
