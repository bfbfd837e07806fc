#include "hmem/kernels/embedding.h"

#include <algorithm>
#include <string>
#include <vector>

#include "catch.h"
#include "hmem/core/check.h"
#include "support/error_text.h"
#include "support/numbers.h"
#include "support/pairs.h"

namespace hmem {
namespace {

using test::doubles;
using test::nan_tensor;
using test::random_tensor;
using test::worst_error;

/// A third of the ids are nil.
std::vector<int32_t> random_ids(int64_t n, int64_t vocabulary, Rng& rng, int32_t nil = 0) {
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < n; ++i) {
    ids.push_back(rng.below(3) == 0 ? nil : static_cast<int32_t>(rng.below(static_cast<uint32_t>(vocabulary))));
  }
  return ids;
}

TEST_CASE("embedding and its adjoint against a loop", "[kernel]") {
  const int64_t n = GENERATE(0, 1, 65, 200), e = GENERATE(1, 16, 17, 80), vocabulary = 9;
  const int32_t nil = GENERATE(0, -1);
  CAPTURE(n, e, nil);
  Rng rng(static_cast<uint64_t>(n * 100 + e), "embedding");
  const Tensor table = random_tensor({vocabulary, e}, rng), dout = random_tensor({n, e}, rng);
  const std::vector<int32_t> ids = random_ids(n, vocabulary, rng, nil);
  Tensor out = nan_tensor({n, e}), dtable = random_tensor({vocabulary, e}, rng);
  std::vector<double> expected(static_cast<size_t>(n * e), 0.0), expected_dtable = doubles(dtable);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t id = ids[static_cast<size_t>(i)];
    for (int64_t j = 0; j < e && id != nil; ++j) {
      expected[static_cast<size_t>(i * e + j)] = table[id * e + j];
      expected_dtable[static_cast<size_t>(id * e + j)] += dout[i * e + j];
    }
  }
  embedding_forward(out.data(), table.data(), ids.data(), n, e, nil);
  embedding_backward(dtable.data(), dout.data(), ids.data(), n, e, nil);
  CHECK(worst_error(out, expected) == 0);
  CHECK(worst_error(dtable, expected_dtable) <= 1e-6);
}

TEST_CASE("sentence encoding and its adjoint against a loop", "[kernel]") {
  const int64_t rows = GENERATE(1, 17, 90), width = GENERATE(1, 6), e = GENERATE(1, 16, 33, 80), vocabulary = 11;
  CAPTURE(rows, width, e);
  Rng rng(static_cast<uint64_t>(rows * 100 + e), "encoding");
  const Tensor table = random_tensor({vocabulary, e}, rng), encoding = random_tensor({width, e}, rng);
  const Tensor dx = random_tensor({rows, e}, rng);
  std::vector<int32_t> ids = random_ids(rows * width, vocabulary, rng);
  std::fill(ids.begin(), ids.begin() + width, 0);  // an empty sentence
  Tensor x = nan_tensor({rows, e});
  Tensor dtable = random_tensor({vocabulary, e}, rng), dencoding = random_tensor({width, e}, rng);
  std::vector<double> expected(static_cast<size_t>(rows * e), 0.0), expected_dtable = doubles(dtable),
                                                                    expected_dencoding = doubles(dencoding);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t w = 0; w < width; ++w) {
      const int64_t id = ids[static_cast<size_t>(r * width + w)];
      for (int64_t j = 0; j < e && id != 0; ++j) {
        const double word = table[id * e + j], weight = encoding[w * e + j], g = dx[r * e + j];
        expected[static_cast<size_t>(r * e + j)] += word * weight;
        expected_dtable[static_cast<size_t>(id * e + j)] += weight * g;
        expected_dencoding[static_cast<size_t>(w * e + j)] += word * g;
      }
    }
  }
  const Tensor before_table = dtable.clone(), before_encoding = dencoding.clone();
  sentence_encoding_forward(x.data(), table.data(), encoding.data(), ids.data(), rows, width, e);
  const auto backward = [&](real* to_table, real* to_encoding) {
    sentence_encoding_backward(to_table, to_encoding, dx.data(), table.data(), encoding.data(), ids.data(), rows, width,
                               e);
  };
  backward(dtable.data(), dencoding.data());
  CHECK(worst_error(x, expected) <= 1e-6);
  CHECK(worst_error(dtable, expected_dtable) <= 2e-6);
  CHECK(worst_error(dencoding, expected_dencoding) <= 2e-6);

  Tensor only_table = before_table.clone(), only_encoding = before_encoding.clone();
  backward(only_table.data(), nullptr);
  backward(nullptr, only_encoding.data());
  CHECK(test::same_bits(only_table, dtable));
  CHECK(test::same_bits(only_encoding, dencoding));
}

TEST_CASE("pair sum and its adjoint against a loop", "[kernel]") {
  const int64_t n = GENERATE(1, 15, 16, 20, 100, 200), count = GENERATE(0, 1, 150);
  CAPTURE(n, count);
  Rng rng(static_cast<uint64_t>(n + count), "pair_sum");
  const RowPairs pairs = test::random_pairs(13, 8, count, rng);
  const Tensor rows = random_tensor({pairs.rows, n}, rng), dout = random_tensor({count, n}, rng);
  Tensor out = nan_tensor({count, n}), drows = random_tensor({pairs.rows, n}, rng);
  std::vector<double> expected(static_cast<size_t>(count * n)), expected_drows = doubles(drows);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t first = pairs.first[static_cast<size_t>(i)], second = pairs.second[static_cast<size_t>(i)];
    for (int64_t j = 0; j < n; ++j) {
      expected[static_cast<size_t>(i * n + j)] = static_cast<double>(rows[first * n + j]) + rows[second * n + j];
      expected_drows[static_cast<size_t>(first * n + j)] += dout[i * n + j];
      expected_drows[static_cast<size_t>(second * n + j)] += dout[i * n + j];
    }
  }
  pair_sum_forward(out.data(), rows.data(), pairs, n);
  pair_sum_backward(drows.data(), dout.data(), pairs, n);
  CHECK(worst_error(out, expected) <= 1e-7);
  CHECK(worst_error(drows, expected_drows) <= 1e-6);
}

TEST_CASE("row pairs: every row lists its instances in order", "[kernel]") {
  RowPairs pairs;
  pairs.rows = 5;
  pairs.seconds_begin = 3;
  pairs.first = {2, 0, 2};
  pairs.second = {4, 4, 3};
  pairs.index_rows();
  CHECK(pairs.row_begin == std::vector<int64_t>{0, 1, 1, 3, 4, 6});
  CHECK(pairs.instance == std::vector<int32_t>{1, 0, 2, 2, 0, 1});
  CHECK(pairs.other == std::vector<int32_t>{4, 4, 3, 2, 2, 0});
  CHECK(pairs.uses(2) == 2);
  CHECK(pairs.uses(1) == 0);
}

TEST_CASE("row pairs: rows outside their part are refused", "[kernel]") {
  const auto refused = [](int32_t first, int32_t second) {
    RowPairs pairs;
    pairs.rows = 5;
    pairs.seconds_begin = 3;
    pairs.first = {first};
    pairs.second = {second};
    return test::error_text([&] { pairs.index_rows(); });
  };
  CHECK(refused(2, 3) == "(nothing was thrown)");
  for (const auto& [first, second] : {std::pair(3, 3), std::pair(-1, 3), std::pair(0, 2), std::pair(0, 5)}) {
    const std::string text = refused(first, second);
    CAPTURE(first, second, text);
    CHECK(text.find("instance 0 points to rows " + std::to_string(first) + " and " + std::to_string(second)) !=
          std::string::npos);
  }
  RowPairs uneven;
  uneven.first = {0};
  CHECK_THROWS_AS(uneven.index_rows(), Error);
}

}  // namespace
}  // namespace hmem
