#include "hmem/kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "catch.h"
#include "hmem/autodiff/ops_basic.h"
#include "hmem/autodiff/ops_sequence.h"
#include "support/error_text.h"
#include "support/numbers.h"

namespace hmem {
namespace {

using test::doubles;
using test::nan_tensor;
using test::random_tensor;
using test::worst_error;
using Doubles = std::vector<double>;

/// Eighths: their products are exact, so that large scores do not blur the comparison.
Tensor eighths(const Shape& shape, Rng& rng, double deviation) {
  Tensor x = random_tensor(shape, rng, deviation);
  for (real& value : x) value = std::nearbyint(value * 8) / 8;
  return x;
}

TEST_CASE("attention and its adjoint against a loop in double", "[kernel]") {
  const std::vector<int64_t> offsets = {0, 1, 17, 33, 50, 52, 150};
  const int64_t n = offsets.back(), batch = static_cast<int64_t>(offsets.size()) - 1;
  const int64_t e = GENERATE(1, 16, 37), f = GENERATE(1, 20, 32);
  const double spread = GENERATE(0.5, 10.0);  // the exponential of a score overflows at 10
  CAPTURE(e, f, spread);
  Rng rng(static_cast<uint64_t>(e * 100 + f), "attention");
  const Tensor query = eighths({batch, e}, rng, spread), keys = eighths({n, e}, rng, 1),
               values = random_tensor({n, f}, rng), dout = random_tensor({batch, f}, rng);
  Tensor dquery = random_tensor({batch, e}, rng), dkeys = random_tensor({n, e}, rng),
         dvalues = random_tensor({n, f}, rng);
  const Tensor before_query = dquery.clone(), before_keys = dkeys.clone(), before_values = dvalues.clone();

  Doubles weight(static_cast<size_t>(n)), result(static_cast<size_t>(batch * f), 0.0),
      to_query = doubles(dquery), to_keys = doubles(dkeys), to_values = doubles(dvalues);
  const auto dot = [](const Tensor& a, int64_t row_a, const Tensor& b, int64_t row_b) {
    double sum = 0;
    for (int64_t j = 0; j < a.size(1); ++j)
      sum += static_cast<double>(a[row_a * a.size(1) + j]) * static_cast<double>(b[row_b * a.size(1) + j]);
    return sum;
  };
  for (int64_t b = 0; b < batch; ++b) {
    const int64_t begin = offsets[static_cast<size_t>(b)], end = offsets[static_cast<size_t>(b) + 1];
    double total = 0;
    for (int64_t i = begin; i < end; ++i) total += std::exp(dot(query, b, keys, i));
    for (int64_t i = begin; i < end; ++i) {
      const double p_i = weight[static_cast<size_t>(i)] = std::exp(dot(query, b, keys, i)) / total;
      for (int64_t j = 0; j < f; ++j) {
        result[static_cast<size_t>(b * f + j)] += p_i * values[i * f + j];
        to_values[static_cast<size_t>(i * f + j)] += p_i * dout[b * f + j];
      }
    }
    // dp_i / dz_k = p_i ([i = k] - p_k), one pair of steps at a time
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t k = begin; k < end; ++k) {
        const double slope = weight[static_cast<size_t>(i)] * ((i == k) - weight[static_cast<size_t>(k)]),
                     dz_k = slope * dot(dout, b, values, i);
        for (int64_t j = 0; j < e; ++j) {
          to_query[static_cast<size_t>(b * e + j)] += dz_k * keys[k * e + j];
          to_keys[static_cast<size_t>(k * e + j)] += dz_k * query[b * e + j];
        }
      }
    }
  }

  const AttendDims dims = {batch, e, f, offsets.data()};
  Tensor out = nan_tensor({batch, f}), p = nan_tensor({n});
  attend_forward(out.data(), p.data(), query.data(), keys.data(), values.data(), dims);
  const auto backward = [&](real* to_q, real* to_k, real* to_v) {
    attend_backward(to_q, to_k, to_v, dout.data(), query.data(), keys.data(), values.data(), p.data(), dims);
  };
  backward(dquery.data(), dkeys.data(), dvalues.data());
  CHECK(worst_error(p, weight) <= 1e-6);
  CHECK(worst_error(out, result) <= 1e-6);
  CHECK(worst_error(dquery, to_query) <= 1e-5);
  CHECK(worst_error(dkeys, to_keys) <= 1e-5);
  CHECK(worst_error(dvalues, to_values) <= 1e-6);

  Tensor only_query = before_query.clone(), only_keys = before_keys.clone(), only_values = before_values.clone();
  backward(only_query.data(), nullptr, nullptr);
  backward(nullptr, only_keys.data(), nullptr);
  backward(nullptr, nullptr, only_values.data());
  CHECK(test::same_bits(only_query, dquery));
  CHECK(test::same_bits(only_keys, dkeys));
  CHECK(test::same_bits(only_values, dvalues));
}

TEST_CASE("gather_rows and attend: lists need not outlive the call", "[autodiff]") {
  Parameter x("x", {4, 2});
  for (int64_t i = 0; i < 8; ++i) x.value[i] = static_cast<real>(i);
  std::vector<int32_t> rows = {2, -1, 0, 2};
  std::vector<int64_t> offsets = {0, 1, 4};
  const Tensor query({2, 2});  // zeros: the mean of the values
  Tensor weight({2, 2});
  weight.fill(3);
  Tape tape;
  const Var gathered = gather_rows(tape.leaf(x), rows);
  const Var out = attend(tape.constant(query), gathered, gathered, offsets);
  CHECK(Doubles(gathered.data(), gathered.data() + 8) == Doubles{4, 5, 0, 0, 0, 1, 4, 5});
  CHECK(worst_error(out.data(), 4, {4, 5, 4.0 / 3, 2}) <= 1e-6);
  std::fill(rows.begin(), rows.end(), 1);
  std::fill(offsets.begin(), offsets.end(), 4);
  tape.backward(weighted_sum(out, weight));
  CHECK(worst_error(x.grad, {1, 1, 0, 0, 4, 4, 0, 0}) <= 1e-6);
}

TEST_CASE("gather_rows and attend refuse invalid arguments and name them", "[autodiff][bad]") {
  const Tensor x({5, 2}), line({5}), query({2, 2}), wide({2, 3}), long_values({6, 4}), values({5, 4});
  Tape t;
  const auto gather = [&](const Tensor& from, const std::vector<int32_t>& rows) {
    return test::error_text([&] { gather_rows(t.constant(from), rows); });
  };
  const auto attended = [&](const Tensor& q, const Tensor& k, const Tensor& v, const std::vector<int64_t>& offsets) {
    return test::error_text([&] { attend(t.constant(q), t.constant(k), t.constant(v), offsets); });
  };
  CHECK(gather(x, {0, 4, -1}) == "(nothing was thrown)");
  CHECK(gather(x, {}) == "(nothing was thrown)");
  CHECK(attended(query, x, values, {0, 1, 5}) == "(nothing was thrown)");
  struct Wrong {
    std::string text, said;
  };
  for (const Wrong& wrong : std::vector<Wrong>{
           {gather(line, {0}), "x [5]"},
           {gather(x, {0, 5}), "row 5 at position 1 is outside x [5, 2]"},
           {gather(x, {-2}), "row -2 at position 0"},
           {attended(wide, x, values, {0, 1, 5}), "query [2, 3], keys [5, 2]"},
           {attended(query, x, long_values, {0, 1, 5}), "keys [5, 2], values [6, 4]"},
           {attended(query, x, line, {0, 1, 5}), "values [5]"},
           {attended(query, x, values, {}), "0 offsets for query [2, 2], expected 3"},
           {attended(query, x, values, {0, 5}), "2 offsets"},
           {attended(query, x, values, {0, 1, 4}), "from 0 to 4 for keys [5, 2]"},
           {attended(query, x, values, {1, 2, 5}), "from 1 to 5"},
           {attended(query, x, values, {0, 5, 5}), "sequence 1 has the steps [5, 5), expected at least one"},
           {attended(query, x, values, {0, 7, 5}), "sequence 1 has the steps [7, 5)"},
       }) {
    CAPTURE(wrong.text, wrong.said);
    CHECK(wrong.text.find(wrong.said) != std::string::npos);
  }
}

}  // namespace
}  // namespace hmem
