#include "hmem/kernels/embedding.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "kernels/simd/simd.h"

namespace hmem {

namespace {

/// Columns of a table that one task owns when rows are scattered into it: no two tasks write the same element.
constexpr int64_t kColumns = 16;

template <typename Body>
void over_columns(int64_t e, const Body& body) {
  parallel_for((e + kColumns - 1) / kColumns, 1, [&](int64_t piece) {
    const int64_t begin = piece * kColumns;
    body(begin, std::min(kColumns, e - begin));
  });
}

}  // namespace

void embedding_forward(real* out, const real* table, const int32_t* ids, int64_t n, int64_t e, int32_t nil) {
  parallel_for(n, 64, [&](int64_t i) {
    if (ids[i] == nil) {
      std::fill(out + i * e, out + (i + 1) * e, real(0));
    } else {
      std::copy(table + ids[i] * e, table + (ids[i] + 1) * e, out + i * e);
    }
  });
}

// Forward: out_i = table[ids_i].
void embedding_backward(real* dtable, const real* dout, const int32_t* ids, int64_t n, int64_t e, int32_t nil) {
  over_columns(e, [&](int64_t column, int64_t count) {
    for (int64_t i = 0; i < n; ++i) {
      if (ids[i] != nil) simd().accumulate(dtable + ids[i] * e + column, dout + i * e + column, count);
    }
  });
}

void sentence_encoding_forward(real* x, const real* table, const real* encoding, const int32_t* ids, int64_t rows,
                               int64_t width, int64_t e) {
  parallel_for(rows, 256, [&](int64_t r) {
    std::fill(x + r * e, x + (r + 1) * e, real(0));
    for (int64_t w = 0; w < width; ++w) {
      const int64_t id = ids[r * width + w];
      if (id != 0) simd().multiply_accumulate(x + r * e, encoding + w * e, table + id * e, e);
    }
  });
}

// Forward: x_r = sum_w encoding_w (*) table[id(r, w)].
void sentence_encoding_backward(real* dtable, real* dencoding, const real* dx, const real* table, const real* encoding,
                                const int32_t* ids, int64_t rows, int64_t width, int64_t e) {
  over_columns(e, [&](int64_t column, int64_t count) {
    simd().sentence_encoding_backward(dtable ? dtable + column : nullptr, dencoding ? dencoding + column : nullptr,
                                      dx + column, table + column, encoding + column, ids, rows, width, e, count);
  });
}

void RowPairs::index_rows() {
  HMEM_CHECK(first.size() == second.size(), "pairs need as many first as second rows, found ", first.size(), " and ",
             second.size());
  const size_t n = first.size();
  row_begin.assign(static_cast<size_t>(rows) + 1, 0);
  for (size_t i = 0; i < n; ++i) {
    HMEM_CHECK(first[i] >= 0 && first[i] < seconds_begin && second[i] >= seconds_begin && second[i] < rows, "instance ",
               i, " points to rows ", first[i], " and ", second[i], ", expected one below ", seconds_begin,
               " and one in [", seconds_begin, ", ", rows, ")");
    ++row_begin[static_cast<size_t>(first[i]) + 1];
    ++row_begin[static_cast<size_t>(second[i]) + 1];
  }
  for (size_t r = 0; r < static_cast<size_t>(rows); ++r) row_begin[r + 1] += row_begin[r];
  instance.resize(2 * n);
  other.resize(2 * n);
  std::vector<int64_t> next(row_begin.begin(), row_begin.end() - 1);
  for (size_t i = 0; i < n; ++i) {
    const size_t at_first = static_cast<size_t>(next[static_cast<size_t>(first[i])]++);
    const size_t at_second = static_cast<size_t>(next[static_cast<size_t>(second[i])]++);
    instance[at_first] = instance[at_second] = static_cast<int32_t>(i);
    other[at_first] = second[i];
    other[at_second] = first[i];
  }
}

void pair_sum_forward(real* out, const real* rows, const RowPairs& pairs, int64_t n) {
  parallel_for(pairs.count(), 64, [&](int64_t i) {
    const size_t at = static_cast<size_t>(i);
    simd().add(out + i * n, rows + pairs.first[at] * n, rows + pairs.second[at] * n, n);
  });
}

// Forward: out_i = rows[first_i] + rows[second_i].
void pair_sum_backward(real* drows, const real* dout, const RowUses& uses, int64_t n) {
  parallel_for(uses.rows, 4, [&](int64_t r) {
    simd().sum_rows(drows + r * n, dout, n, uses.instance + uses.row_begin[r], uses.of(r), n);
  });
}

}  // namespace hmem
