// Arguments of an operation other than Vars may change or be destroyed before backward; temporaries become constants.

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "catch.h"
#include "hmem/autodiff/ops_basic.h"
#include "hmem/autodiff/ops_memory.h"
#include "hmem/autodiff/ops_nn.h"
#include "hmem/autodiff/ops_sequence.h"
#include "hmem/core/rng.h"
#include "support/numbers.h"

namespace hmem {
namespace {

IdTensor ids_of(const Shape& shape, const std::vector<int32_t>& values) {
  IdTensor ids(shape);
  std::copy(values.begin(), values.end(), ids.begin());
  return ids;
}

/// All arguments of operations other than Vars, for values of six rows.
struct Arguments {
  IdTensor ids = ids_of({6}, {3, 0, 5, 3, 1, 2}), sentences = ids_of({2, 3}, {1, 2, 0, 4, 4, 5}),
           labels = ids_of({6}, {0, 3, -1, 2, 1, 3});
  std::vector<int64_t> offsets = {0, 2, 6};
  std::vector<int32_t> rows = {5, 5, 0};
  RowPairs pairs;
  Tensor weight{{6, 4}}, mean{{4}}, variance{{4}};

  Arguments() {
    pairs.first = {0, 2, 1, 0};
    pairs.second = {3, 5, 5, 4};
    pairs.rows = 6;
    pairs.seconds_begin = 3;
    pairs.index_rows();
    for (int64_t i = 0; i < weight.count(); ++i) weight[i] = static_cast<real>(i % 5 + 1);
    mean.fill(real(0.2));
    variance.fill(real(0.6));
  }
  Arguments(const Arguments&) = delete;
  /// Other valid values, then the end of life: a late read finds wrong numbers, and the sanitizer reports it.
  ~Arguments() {
    for (IdTensor* tensor : {&ids, &sentences, &labels}) tensor->fill(1);
    offsets = {0, 5, 6};
    rows = {1, 2, 3};
    std::fill(pairs.row_begin.begin(), pairs.row_begin.end(), 0);
    std::fill(pairs.instance.begin(), pairs.instance.end(), 0);
    for (Tensor* tensor : {&weight, &mean, &variance}) tensor->fill(9);
  }
};

struct Case {
  const char* op;
  std::function<Var(const std::vector<Var>&, const Arguments&)> loss;  // of x, y [6, 4], q [2, 4], w [4, 4], s, t [4]
};

/// A scalar with a different gradient for every element.
Var scalar(Var x) { return l2_penalty({x}, real(0.5)); }

const std::vector<Case> kCases = {
    {"weighted_sum", [](const auto& v, const auto& a) { return weighted_sum(v[0], a.weight); }},
    {"embedding", [](const auto& v, const auto& a) { return scalar(embedding(v[0], a.ids)); }},
    {"sentence_encoding",
     [](const auto& v, const auto& a) {
       return scalar(sentence_encoding(v[0], v[1].tape().slice(v[1], 0, 3), a.sentences));
     }},
    {"softmax_cross_entropy", [](const auto& v, const auto& a) { return softmax_cross_entropy(v[0], a.labels).loss; }},
    {"pair_sum", [](const auto& v, const auto& a) { return scalar(pair_sum(v[0], a.pairs)); }},
    {"batch_norm_pairs",
     [](const auto& v, const auto& a) {
       return scalar(pair_sum(batch_norm_pairs(v[0], a.pairs, v[4], v[5], 1, {}), a.pairs));
     }},
    {"batch_norm_pairs, given statistics",
     [](const auto& v, const auto& a) {
       const NormStatistics fixed = {const_cast<real*>(a.mean.data()), const_cast<real*>(a.variance.data())};
       return scalar(batch_norm_pairs(v[0], a.pairs, v[4], v[5], 1, {0, &fixed}));
     }},
    {"batch_norm, given statistics",
     [](const auto& v, const auto& a) {
       const NormStatistics fixed = {const_cast<real*>(a.mean.data()), const_cast<real*>(a.variance.data())};
       return scalar(batch_norm(v[0], v[4], v[5], 1, {0, &fixed}));
     }},
    {"gather_rows", [](const auto& v, const auto& a) { return scalar(gather_rows(v[0], a.rows)); }},
    {"attend", [](const auto& v, const auto& a) { return scalar(attend(v[2], v[0], v[1], a.offsets)); }},
    {"hebbian_write",
     [](const auto& v, const auto& a) { return scalar(memory_read(hebbian_write(v[0], v[1], a.offsets, {}), v[2])); }},
    {"hebbian_recall",
     [](const auto& v, const auto& a) {
       return scalar(hebbian_recall(v[0], v[1], a.offsets, {v[2], v[3]}, {}, 2));
     }},
    {"read_before_write_recall",
     [](const auto& v, const auto& a) {
       return scalar(read_before_write_recall(v[0], v[1], a.offsets, {v[3], v[4], v[5]}, {v[2], Var()}, {}, 1));
     }},
};

TEST_CASE("arguments of an operation may change and be destroyed before backward", "[autodiff]") {
  Rng rng(1, "lifetime_test");
  std::vector<Parameter> parameters;
  for (const char* name : {"x", "y"}) parameters.emplace_back(name, Shape{6, 4});
  parameters.emplace_back("q", Shape{2, 4});
  parameters.emplace_back("w", Shape{4, 4});
  for (const char* name : {"s", "t"}) parameters.emplace_back(name, Shape{4});
  for (Parameter& p : parameters) p.value = test::random_tensor(p.value.shape(), rng);

  for (const Case& each : kCases) {
    CAPTURE(each.op);
    const auto gradients = [&](bool kept) {
      Tape tape;
      std::vector<Var> leaves;
      for (Parameter& p : parameters) {
        p.grad.fill(0);
        leaves.push_back(tape.leaf(p));
      }
      auto arguments = std::make_unique<const Arguments>();
      const Var loss = each.loss(leaves, *arguments);
      if (!kept) arguments.reset();
      tape.backward(loss);
      std::vector<real> all;
      for (const Parameter& p : parameters) all.insert(all.end(), p.grad.begin(), p.grad.end());
      return all;
    };
    const std::vector<real> expected = gradients(true);
    CHECK(std::any_of(expected.begin(), expected.end(), [](real g) { return g != 0; }));
    CHECK(gradients(false) == expected);
  }
}

TEST_CASE("a tape keeps a temporary constant until it is reset", "[autodiff]") {
  const auto filled = [](real value) {
    Tensor tensor({8, 8});
    tensor.fill(value);
    return tensor;
  };
  Tape tape;
  Parameter p("p", {8, 8});
  p.value.fill(1);
  for (int pass = 0; pass < 3; ++pass) {
    tape.reset(Tape::Mode::training);
    p.grad.fill(0);
    const Var x = tape.constant(filled(2)), y = tape.input(filled(3)), product = matmul(x, matmul(y, tape.leaf(p)));
    std::vector<Tensor> others;  // where the temporaries would have been
    for (int i = 0; i < 20; ++i) others.push_back(filled(100));
    CHECK_FALSE(x.needs_grad());
    CHECK(y.needs_grad());
    tape.backward(weighted_sum(product, filled(1)));
    CHECK(x.data()[63] == 2);
    CHECK(p.grad[63] == 8 * 8 * 2 * 3);
    CHECK(y.grad()[63] == 8 * 8 * 2);
  }
}

}  // namespace
}  // namespace hmem
