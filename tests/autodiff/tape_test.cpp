#include "hmem/autodiff/tape.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "hmem/autodiff/ops_basic.h"
#include "hmem/autodiff/ops_memory.h"
#include "hmem/autodiff/ops_nn.h"
#include "hmem/core/check.h"
#include "support/error_text.h"
#include "support/numbers.h"

namespace hmem {
namespace {

Tensor tensor(const Shape& shape, const std::vector<real>& values) {
  Tensor out(shape);
  std::copy(values.begin(), values.end(), out.begin());
  return out;
}

std::vector<real> list(const Tensor& x) { return {x.begin(), x.end()}; }

Parameter parameter(const std::string& name, const Shape& shape, const std::vector<real>& values) {
  Parameter p(name, shape);
  p.value = tensor(shape, values);
  return p;
}

/// 2 x, which notes when its backward runs.
Var twice(Var x, int number, std::vector<int>& order) {
  static const Op op("test.twice");
  const Var out = x.tape().record(op, x.shape(), {x}, [=, &order](Var y) {
    order.push_back(number);
    for (int64_t i = 0; i < x.count(); ++i) x.grad()[i] += 2 * y.grad()[i];
  });
  for (int64_t i = 0; i < x.count(); ++i) out.data()[i] = 2 * x.data()[i];
  return out;
}

TEST_CASE("backward visits the nodes once, last first, and skips what the loss does not need", "[autodiff]") {
  Parameter p = parameter("p", {1}, {3});
  std::vector<int> order;
  Tape tape;
  const Var x = tape.leaf(p), a = twice(x, 1, order), b = twice(a, 2, order);
  twice(a, 3, order);  // leads nowhere
  const Var c = twice(b, 4, order), sum = add(c, a);
  tape.backward(sum);
  CHECK(order == std::vector<int>{4, 2, 1});
  CHECK(*sum.data() == 30);  // 8 x + 2 x
  CHECK(p.grad[0] == 10);
}

TEST_CASE("gradients add up: over uses of a value, leaves of one parameter, and passes", "[autodiff]") {
  Parameter p = parameter("p", {2}, {3, -1});
  const Tensor weight = tensor({2}, {1, 10});
  Tape tape;
  const Var x = tape.leaf(p), again = tape.leaf(p);
  tape.backward(weighted_sum(add(add(x, x), again), weight));
  CHECK(list(p.grad) == std::vector<real>{3, 30});
  tape.reset(Tape::Mode::training);
  tape.backward(weighted_sum(tape.leaf(p), weight));
  CHECK(list(p.grad) == std::vector<real>{4, 40});
  zero_gradients({&p});
  CHECK(list(p.grad) == std::vector<real>{0, 0});
}

TEST_CASE("a tape reuses its memory from pass to pass", "[autodiff]") {
  Parameter w = parameter("w", {2, 2}, {1, 2, 3, 4});
  Tape tape;
  const auto pass = [&] {
    tape.reset(Tape::Mode::training);
    Var x = tape.leaf(w);
    for (int i = 0; i < 100; ++i) x = relu(x);
    tape.backward(l2_penalty({x}, 1));
    return std::pair(x.data(), tape.bytes());
  };
  const auto first = pass();
  for (int i = 0; i < 3; ++i) CHECK(pass() == first);
}

TEST_CASE("gradients of computed values share memory", "[autodiff]") {
  constexpr int64_t kSize = 1 << 20;  // above the smallest block of the arena
  Parameter p("p", {kSize});
  p.value.fill(1);
  const Tensor weight = tensor({kSize}, std::vector<real>(kSize, 1));
  std::vector<int> order;
  const auto bytes = [&](int length, bool backward) {
    Tape tape;
    Var x = tape.leaf(p);
    const Var first = x;
    for (int i = 0; i < length; ++i) x = add(twice(x, i, order), first);
    const Var loss = weighted_sum(x, weight);
    if (backward) tape.backward(loss);
    return tape.bytes();
  };
  const int64_t gradients = bytes(6, true) - bytes(6, false);
  CHECK(gradients <= 3 * kSize * static_cast<int64_t>(sizeof(real)));
  CHECK(p.grad[kSize - 1] == 127);  // 2^6 + 2^5 + ... + 1
}

TEST_CASE("the gradient of a computed value is freed after the pass, and asking for it is an error", "[autodiff]") {
  Parameter p = parameter("p", {1}, {3});
  std::vector<int> order;
  Tape tape;
  const Var y = twice(tape.leaf(p), 1, order), part = tape.slice(y, 0, 1);
  tape.backward(twice(part, 2, order));
  const std::string text = test::error_text([&] { y.grad(); });
  CHECK(text.find("test.twice") != std::string::npos);
  CHECK(p.grad[0] == 4);
}

TEST_CASE("a tape hands out aligned memory that does not overlap, of any size", "[autodiff]") {
  Tape tape;
  std::vector<std::pair<char*, int64_t>> pieces;
  for (const int64_t size : {1, 63, 64, 65, 3000000, 5, 1}) {
    char* memory = tape.allocate<char>(size);
    CHECK(reinterpret_cast<uintptr_t>(memory) % 64 == 0);
    std::fill_n(memory, size, static_cast<char>(pieces.size()));
    pieces.emplace_back(memory, size);
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    CHECK(std::count(pieces[i].first, pieces[i].first + pieces[i].second, static_cast<char>(i)) == pieces[i].second);
  }
}

TEST_CASE("slices share memory, value and gradient", "[autodiff]") {
  Parameter p = parameter("p", {3, 2}, {1, 2, 3, 4, 5, 6});
  const Tensor weight = tensor({2}, {1, 10});
  Tape tape;
  const Var x = tape.leaf(p), middle = tape.slice(x, 1, 2), tail = tape.slice(x, 1, 3), last = tape.slice(tail, 1, 2);
  CHECK(middle.data() == p.value.data() + 2);
  CHECK(last.data() == p.value.data() + 4);
  CHECK(middle.grad() == p.grad.data() + 2);
  CHECK(middle.shape() == Shape({1, 2}));
  tape.backward(weighted_sum(add(add(middle, middle), last), weight));
  CHECK(list(p.grad) == std::vector<real>{0, 0, 2, 20, 1, 10});

  const std::string text = test::error_text([&] { tape.slice(x, 2, 4); });
  CHECK(text.find("[3, 2]") != std::string::npos);
}

TEST_CASE("a slice of a computed value passes its gradient on", "[autodiff]") {
  Parameter p = parameter("p", {3, 1}, {1, 2, 3});
  Tape tape;
  std::vector<int> order;
  const Var y = twice(tape.leaf(p), 1, order);
  const Var part = tape.slice(y, 2, 3);
  tape.backward(part);
  CHECK(order == std::vector<int>{1});
  CHECK(list(p.grad) == std::vector<real>{0, 0, 2});
}

TEST_CASE("constants need no gradient, inputs do", "[autodiff]") {
  const Tensor value = tensor({2}, {1, 2}), weight = tensor({2}, {3, 4});
  Tape tape;
  const Var constant = tape.constant(value), input = tape.input(value);
  CHECK_FALSE(constant.needs_grad());
  CHECK(constant.grad() == nullptr);
  CHECK_FALSE(add(constant, constant).needs_grad());
  tape.backward(weighted_sum(add(constant, input), weight));
  CHECK(std::vector<real>(input.grad(), input.grad() + 2) == std::vector<real>{3, 4});
}

TEST_CASE("in inference mode nothing is recorded", "[autodiff]") {
  Parameter p = parameter("p", {1, 1}, {3});
  std::vector<int> order;
  Tape tape(Tape::Mode::inference);
  CHECK_FALSE(tape.training());
  const Var x = tape.leaf(p), y = twice(x, 1, order);
  CHECK(*y.data() == 6);
  for (const Var v : {x, y, tape.slice(x, 0, 1), tape.input(p.value)}) {
    CHECK_FALSE(v.needs_grad());
    CHECK(v.grad() == nullptr);
  }
  CHECK_THROWS_AS(tape.backward(y), Error);
  CHECK(order.empty());
  CHECK(p.grad[0] == 0);
}

TEST_CASE("an operation without a backward is refused where a gradient is needed, and only there", "[autodiff]") {
  static const Op op("test.forward_only");
  Parameter p = parameter("p", {1}, {3});
  const auto forward_only = [](Var x) { return x.tape().record(op, {1}, {x}, nullptr); };
  Tape training, inference(Tape::Mode::inference);
  const std::string text = test::error_text([&] { forward_only(training.leaf(p)); });
  CHECK(text.find("test.forward_only has no backward") != std::string::npos);
  CHECK_NOTHROW(forward_only(training.constant(p.value)));
  CHECK_NOTHROW(forward_only(inference.leaf(p)));
}

TEST_CASE("values of another tape are refused", "[autodiff]") {
  const Tensor value = tensor({1}, {1});
  Tape one, two;
  const std::string text = test::error_text([&] { add(one.constant(value), two.constant(value)); });
  CHECK(text.find("add: an input belongs to another tape") != std::string::npos);
}

TEST_CASE("backward starts from a scalar that depends on something trained", "[autodiff]") {
  Parameter p = parameter("p", {2, 3}, {1, 2, 3, 4, 5, 6});
  Tape tape;
  const Var x = tape.leaf(p);
  CHECK(test::error_text([&] { tape.backward(relu(x)); }).find("[2, 3]") != std::string::npos);
  const Tensor one = tensor({1}, {1});
  CHECK(test::error_text([&] { tape.backward(tape.constant(one)); }).find("no trained parameter") != std::string::npos);
}

TEST_CASE("a memory can be read as often as its gradient allows", "[autodiff]") {
  const int reads = GENERATE(static_cast<int>(MemoryGrad::kMaxReads), MemoryGrad::kMaxReads + 1);
  Parameter z = parameter("z", {1, 2}, {1, 2});
  const std::vector<int64_t> offsets = {0, 1};
  Tape tape;
  const Var x = tape.leaf(z);
  const Memory memory = hebbian_write(x, x, offsets, {});
  Var sum = memory_read(memory, x);
  for (int i = 1; i < reads; ++i) sum = add(sum, memory_read(memory, x));
  const std::string text = test::error_text([&] { tape.backward(l2_penalty({sum}, 1)); });
  CAPTURE(reads, text);
  CHECK((text.find("more than 16 times") != std::string::npos) == (reads > 16));
}

TEST_CASE("operations refuse mismatched shapes and name both", "[autodiff]") {
  const Tensor a({2, 3}), b({4, 3}), v({3}), steps({5, 2}), other({5, 3}), query({1, 2}), square({2, 2});
  const IdTensor ids({4}), table_ids({2, 2}), labels({3});
  const std::vector<int64_t> offsets = {0, 5}, wrong_offsets = {0, 3}, falling = {0, 4, 3, 5};
  RowPairs pairs;
  pairs.rows = 7;
  pairs.seconds_begin = 4;
  pairs.index_rows();
  RowPairs not_indexed;
  not_indexed.rows = 2;
  Tape t;
  const auto c = [&](const Tensor& x) { return t.constant(x); };
  const Memory memory = hebbian_write(c(steps), c(steps), offsets, {});
  struct Wrong {
    const char* op;
    std::function<void()> call;
    std::vector<std::string> said;
  };
  const std::vector<Wrong> all = {
      {"add", [&] { add(c(a), c(b)); }, {"[2, 3]", "[4, 3]"}},
      {"matmul", [&] { matmul(c(a), c(b)); }, {"[2, 3]", "[4, 3]"}},
      {"matmul", [&] { matmul(c(a), c(v)); }, {"[2, 3]", "[3]"}},
      {"weighted_sum", [&] { weighted_sum(c(a), v); }, {"3", "6"}},
      {"embedding", [&] { embedding(c(v), ids); }, {"[3]", "[4]"}},
      {"sentence_encoding", [&] { sentence_encoding(c(a), c(b), table_ids); }, {"[2, 3]", "[4, 3]", "[2, 2]"}},
      {"pair_sum", [&] { pair_sum(c(a), pairs); }, {"[2, 3]", "7"}},
      {"pair_sum", [&] { pair_sum(c(a), not_indexed); }, {"index_rows()"}},
      {"batch_norm_pairs", [&] { batch_norm_pairs(c(a), not_indexed, c(v), c(v), 1, {}); }, {"index_rows()"}},
      {"batch_norm", [&] { batch_norm(c(steps), c(v), c(v), 1, {}); }, {"[5, 2]", "[3]"}},
      {"batch_norm_pairs", [&] { batch_norm_pairs(c(a), pairs, c(v), c(v), 1, {}); }, {"[2, 3]", "7"}},
      {"softmax_cross_entropy", [&] { softmax_cross_entropy(c(a), labels); }, {"[2, 3]", "[3]"}},
      {"gate_rows", [&] { gate_rows(c(a), c(b)); }, {"[2, 3]", "[4, 3]"}},
      {"positive_rms_norm", [&] { positive_rms_norm(c(v), 1); }, {"[3]"}},
      {"hebbian_write", [&] { hebbian_write(c(steps), c(other), offsets, {}); }, {"[5, 2]", "[5, 3]"}},
      {"hebbian_write", [&] { hebbian_write(c(steps), c(steps), wrong_offsets, {}); }, {"0 to 5"}},
      {"hebbian_write", [&] { hebbian_write(c(steps), c(steps), falling, {}); }, {"0 to 5"}},
      {"memory_read", [&] { memory_read(memory, c(a)); }, {"[2, 3]", "[1, 2]"}},
      {"hebbian_recall",
       [&] {
         hebbian_recall(c(steps), c(steps), offsets, {c(a), c(b)}, {}, 1);
       },
       {"[2, 3]", "[1, 2]"}},
      {"hebbian_recall",
       [&] {
         hebbian_recall(c(steps), c(steps), offsets, {c(query), c(b)}, {}, 2);
       },
       {"[4, 3]", "[2, 2]"}},
      {"hebbian_recall",
       [&] {
         ReadKeys keys;
         keys.q = {c(query), c(query)};
         keys.w = {c(square)};
         hebbian_recall(c(steps), c(steps), offsets, keys, {}, 3);
       },
       {"2 q and 1 w_r", "one of each or 3"}},
      {"hebbian_recall",
       [&] {
         hebbian_recall(c(steps), c(steps), offsets, {c(query), Var()}, {}, 2);
       },
       {"2 hops need w_r"}},
  };
  for (const Wrong& wrong : all) {
    const std::string text = test::error_text(wrong.call);
    CAPTURE(wrong.op, text);
    CHECK(text.find(wrong.op) != std::string::npos);
    for (const std::string& part : wrong.said) CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("operations refuse ids, labels and hops out of range", "[autodiff]") {
  const Tensor table({3, 2}), logits({2, 4}), z({1, 2}), w({2, 2});
  IdTensor ids({2}), labels({2});
  const std::vector<int64_t> offsets = {0, 1};
  Tape t;
  for (const int32_t bad : {-1, 3}) {
    ids[1] = bad;
    const std::string text = test::error_text([&] { embedding(t.constant(table), ids); });
    CAPTURE(text);
    CHECK(text.find("id " + std::to_string(bad) + " at position 1") != std::string::npos);
  }
  labels[1] = 4;
  CHECK(test::error_text([&] { softmax_cross_entropy(t.constant(logits), labels); }).find("label 4 of row 1") !=
        std::string::npos);
  for (const int hops : {0, 17}) {
    const Var x = t.constant(z);
    const std::string text = test::error_text([&] { hebbian_recall(x, x, offsets, {x, t.constant(w)}, {}, hops); });
    CHECK(text.find("found " + std::to_string(hops)) != std::string::npos);
  }
}

TEST_CASE("keys, values and query of a recall may be one value", "[autodiff]") {
  const std::vector<int64_t> offsets = {0, 1, 2, 3};  // a step each
  const auto random = [](const char* name, const Shape& shape, uint64_t seed) {
    Parameter p(name, shape);
    Rng rng(seed, "one_value");
    p.value = test::random_tensor(shape, rng);
    return p;
  };
  Parameter x = random("x", {3, 4}, 1), w = random("w", {4, 4}, 2), s = random("s", {4}, 3), t = random("t", {4}, 4);
  std::vector<int> order;
  Tape tape;
  // `shared`: one value for all three; otherwise three equal ones, whose gradients meet in x
  const auto gradient = [&](bool before_write, bool shared) {
    tape.reset(Tape::Mode::training);
    x.grad.fill(0);
    const Var leaf = tape.leaf(x), k = twice(leaf, 0, order), v = shared ? k : twice(leaf, 1, order),
              q = shared ? k : twice(leaf, 2, order), matrix = tape.leaf(w);
    const Var out =
        before_write ? read_before_write_recall(k, v, offsets, {matrix, tape.leaf(s), tape.leaf(t)}, {q, matrix}, {}, 2)
                     : hebbian_recall(k, v, offsets, {q, matrix}, {}, 2);
    tape.backward(l2_penalty({out}, real(0.5)));
    return list(x.grad);
  };
  for (const bool before_write : {false, true}) {
    CAPTURE(before_write);
    const std::vector<real> expected = gradient(before_write, false);
    CHECK(std::any_of(expected.begin(), expected.end(), [](real g) { return g != 0; }));
    const std::vector<real> found = gradient(before_write, true);
    for (size_t i = 0; i < expected.size(); ++i) {
      CHECK(found[i] == Approx(expected[i]).epsilon(1e-4).margin(1e-7));
    }
  }
}

TEST_CASE("cross entropy is the mean over rows, an unknown answer counts as a row of loss 0", "[autodiff]") {
  Parameter logits = parameter("logits", {2, 2}, {0, 0, 5, 1});
  IdTensor labels({2});
  labels[1] = -1;
  Tape tape;
  const CrossEntropy result = softmax_cross_entropy(tape.leaf(logits), labels);
  CHECK(*result.loss.data() == Approx(0.5 * 0.693147180559945));
  CHECK(result.argmax[0] == 0);
  CHECK(result.argmax[1] == 0);
  CHECK(result.p[0] == Approx(0.5));
  tape.backward(result.loss);
  CHECK(list(logits.grad) == std::vector<real>{real(-0.25), real(0.25), 0, 0});
}

}  // namespace
}  // namespace hmem
