// Every operation, with every option, against central differences.

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "catch.h"
#include "checked.h"
#include "gradient_rows.h"
#include "hmem/autodiff/ops_basic.h"
#include "hmem/autodiff/ops_memory.h"
#include "hmem/autodiff/ops_nn.h"
#include "support/pairs.h"

namespace hmem {
namespace {

using test::Checked;

using Row = test::GradientRow;

IdTensor ids_of(const Shape& shape, const std::vector<int32_t>& values) {
  IdTensor ids(shape);
  std::copy(values.begin(), values.end(), ids.begin());
  return ids;
}

const real kEpsilon = real(1e-3);

// ------------------------------------------------------------------------------------------------ norms, encodings

enum class Statistics { batch, padded, fixed };

GradReport check_norm(Checked& c, Statistics kind) {
  Parameter &x = c.parameter("x", {9, 4}), &scale = c.parameter("scale", {4}), &shift = c.parameter("shift", {4});
  Tensor mean({4}), variance({4});
  for (int64_t j = 0; j < 4; ++j) variance[j] = static_cast<real>(0.3 + 0.2 * static_cast<double>(j));
  mean.fill(real(0.4));
  const NormStatistics fixed = {mean.data(), variance.data()};
  const NormSource source = {kind == Statistics::padded ? 5 : 0, kind == Statistics::fixed ? &fixed : nullptr};
  return c.check([&](Tape& t) { return batch_norm(t.leaf(x), t.leaf(scale), t.leaf(shift), kEpsilon, source); });
}

GradReport check_norm_pairs(Checked& c, Statistics kind, bool summed) {
  Parameter &rows = c.parameter("rows", {10, 4}), &scale = c.parameter("scale", {4}),
            &shift = c.parameter("shift", {4});
  const RowPairs pairs = test::random_pairs(6, 4, 12, c.rng());
  Tensor mean({4}), variance({4});
  mean.fill(real(-0.3));
  variance.fill(real(0.7));
  const NormStatistics fixed = {mean.data(), variance.data()};
  const NormSource source = {kind == Statistics::padded ? 5 : 0, kind == Statistics::fixed ? &fixed : nullptr};
  return c.check([&](Tape& t) {
    const Var y = batch_norm_pairs(t.leaf(rows), pairs, t.leaf(scale), t.leaf(shift), kEpsilon, source);
    return summed ? pair_sum(y, pairs) : y;
  });
}

GradReport check_sentences(Checked& c, bool trained_encoding, bool trained_table) {
  Parameter local_table("constant", {7, 5}), local_encoding("constant", {3, 5});
  for (real& x : local_table.value) x = static_cast<real>(c.rng().normal());
  for (real& x : local_encoding.value) x = static_cast<real>(c.rng().normal());
  Parameter& table = trained_table ? c.parameter("table", {7, 5}) : local_table;
  Parameter& encoding = trained_encoding ? c.parameter("encoding", {3, 5}) : local_encoding;
  const IdTensor ids = ids_of({4, 3}, {1, 2, 0, 0, 0, 0, 6, 6, 3, 0, 2, 5});
  return c.check([&](Tape& t) {
    return sentence_encoding(trained_table ? t.leaf(table) : t.constant(table.value),
                             trained_encoding ? t.leaf(encoding) : t.constant(encoding.value), ids);
  });
}

GradReport check_cross_entropy(Checked& c, const std::vector<int32_t>& labels, real smoothing = 0) {
  const int64_t rows = static_cast<int64_t>(labels.size());
  Parameter& logits = c.parameter("logits", {rows, 5}, 2);
  const IdTensor label = ids_of({rows}, labels);
  return c.check([&](Tape& t) { return softmax_cross_entropy(t.leaf(logits), label, smoothing).loss; });
}

// ---------------------------------------------------------------------------------------------------------- memory

enum class Look { values, one_read, three_reads, reads_and_values };

struct Sequences {
  int64_t d;
  std::vector<int64_t> offsets;
  HebbianRule rule;
};

const HebbianRule kRule = {real(0.05), real(0.03), real(1)}, kStrong = {real(0.1), real(0.06), real(1.5)};

HebbianRule signed_rule(HebbianRule rule) {
  rule.is_signed = true;
  return rule;
}

GradReport check_write(Checked& c, const Sequences& s, Look look, double deviation = 1) {
  const int64_t batch = static_cast<int64_t>(s.offsets.size()) - 1, n = s.offsets.back();
  Parameter &z_k = c.parameter("z_k", {n, s.d}, deviation), &z_v = c.parameter("z_v", {n, s.d}, deviation);
  std::vector<Parameter*> keys;
  const int reads = look == Look::values ? 0 : look == Look::one_read ? 1 : 3;
  for (int r = 0; r < reads; ++r) keys.push_back(&c.parameter("key" + std::to_string(r), {batch, s.d}));
  Tensor weight({batch, s.d, s.d});
  for (real& w : weight) w = static_cast<real>(c.rng().normal());
  return c.check([&](Tape& t) {
    const Memory memory = hebbian_write(t.leaf(z_k), t.leaf(z_v), s.offsets, s.rule);
    if (look == Look::values) return memory_values(memory);
    // Different powers of the values read, so that each read has its own gradient.
    Var sum = memory_read(memory, t.leaf(*keys[0]));
    for (int r = 1; r < reads; ++r)
      sum = add(add(sum, sum), memory_read(memory, t.leaf(*keys[static_cast<size_t>(r)])));
    if (look != Look::reads_and_values) return sum;
    const Var on_values = weighted_sum(memory_values(memory), weight);
    return add(l2_penalty({sum}, real(0.5)), on_values);
  });
}

/// One of z_k and z_v is a constant.
GradReport check_write_half(Checked& c, bool trained_keys) {
  const std::vector<int64_t> offsets = {0, 6};
  Tensor constant({6, 4});
  for (real& x : constant) x = static_cast<real>(c.rng().normal());
  Parameter &z = c.parameter("z", {6, 4}), &key = c.parameter("key", {1, 4});
  return c.check([&](Tape& t) {
    const Var k = trained_keys ? t.leaf(z) : t.constant(constant), v = trained_keys ? t.constant(constant) : t.leaf(z);
    return memory_read(hebbian_write(k, v, offsets, kRule), t.leaf(key));
  });
}

GradReport check_recall(Checked& c, const Sequences& s, const Reads& reads, bool given_w_r = true) {
  const int64_t batch = static_cast<int64_t>(s.offsets.size()) - 1, n = s.offsets.back();
  Parameter &z_k = c.parameter("z_k", {n, s.d}), &z_v = c.parameter("z_v", {n, s.d}),
            &q = c.parameter("q", {batch, s.d});
  // One hop does not multiply by w_r: then it is a constant, or not given.
  Tensor constant({s.d, s.d});
  Parameter* w_r = reads.hops > 1 ? &c.parameter("w_r", {s.d, s.d}, 0.5) : nullptr;
  return c.check([&](Tape& t) {
    const Var w = w_r ? t.leaf(*w_r) : given_w_r ? t.constant(constant) : Var();
    return hebbian_recall(t.leaf(z_k), t.leaf(z_v), s.offsets, {t.leaf(q), w}, s.rule, reads);
  });
}

/// Two of three hops share the weights; the third has its own, and each has its own q.
GradReport check_separate_hops(Checked& c, const Sequences& s, const Reads& reads, bool read_before_write) {
  const int64_t batch = static_cast<int64_t>(s.offsets.size()) - 1, n = s.offsets.back(), d = s.d;
  Parameter &k = c.parameter("k", {n, d}), &v = c.parameter("v", {n, d}), &w = c.parameter("w", {d, d}, 0.5),
            &scale = c.parameter("scale", {d}), &shift = c.parameter("shift", {d});
  std::vector<Parameter*> q, w_r;
  for (const char* hop : {"1", "2", "3"}) q.push_back(&c.parameter(std::string("q") + hop, {batch, d}));
  for (const char* hop : {"2", "3"}) w_r.push_back(&c.parameter(std::string("w_r") + hop, {d, d}, 0.5));
  return c.check([&](Tape& t) {
    ReadKeys keys;
    for (Parameter* one : q) keys.q.push_back(t.leaf(*one));
    keys.w = {Var(), t.leaf(*w_r[0]), t.leaf(*w_r[1])};
    if (!read_before_write) {
      const Var unused = add(add(matmul(keys.q[0], t.leaf(w)), keys.q[1]), keys.q[2]);
      const Var norm = layer_norm(unused, t.leaf(scale), t.leaf(shift), kEpsilon);
      return add(norm, hebbian_recall(t.leaf(k), t.leaf(v), s.offsets, keys, s.rule, reads));
    }
    const ReadBeforeWriteVars layer = {t.leaf(w), t.leaf(scale), t.leaf(shift)};
    return read_before_write_recall(t.leaf(k), t.leaf(v), s.offsets, layer, keys, s.rule, reads);
  });
}

enum class Rates { positive, both, outer };

/// Trained rates of the plain write, with and without the fused reads.
GradReport check_rates(Checked& c, Rates rates, bool fused) {
  const std::vector<int64_t> offsets = {0, 3, 9, 9, 45};
  Parameter &z_k = c.parameter("z_k", {45, 5}), &z_v = c.parameter("z_v", {45, 5}), &q = c.parameter("q", {4, 5}),
            &w_r = c.parameter("w_r", {5, 5}, 0.5), &pos = c.parameter("gamma_pos", {1});
  pos.value[0] = real(0.06);
  HebbianRule rule = {real(0), real(0.03), real(1.5)};
  if (rates == Rates::outer) rule = outer_product_rule(1);
  Parameter* neg = rates == Rates::both ? &c.parameter("gamma_neg", {1}) : nullptr;
  if (neg) neg->value[0] = real(0.04);
  return c.check([&](Tape& t) {
    LearnedRates learned;
    learned.gamma_pos = t.leaf(pos);
    if (neg) learned.gamma_neg = t.leaf(*neg);
    if (rates == Rates::outer) learned.pos_scale = 1 / kOuterScale;
    if (fused) return hebbian_recall(t.leaf(z_k), t.leaf(z_v), offsets, {t.leaf(q), t.leaf(w_r)}, rule, 2, learned);
    const Memory memory = hebbian_write(t.leaf(z_k), t.leaf(z_v), offsets, rule, learned);
    return add(memory_read(memory, t.leaf(q)), matmul(t.leaf(q), t.leaf(w_r)));
  });
}

/// Which of the rates are trained, whether the rule is the outer product, and whether one hop is given a w_r.
struct RbwOptions {
  Reads reads = 2;
  bool learn_pos = false, learn_neg = false, outer = false, given_w_r = true;
};

GradReport check_rbw(Checked& c, const Sequences& s, const RbwOptions& options) {
  const int64_t batch = static_cast<int64_t>(s.offsets.size()) - 1, n = s.offsets.back(), d = s.d;
  Parameter &k = c.parameter("k", {n, d}), &a = c.parameter("a", {n, d}), &q = c.parameter("q", {batch, d}),
            &w = c.parameter("w", {d, d}, 0.5), &scale = c.parameter("scale", {d}), &shift = c.parameter("shift", {d});
  Tensor constant({d, d});
  Parameter* w_r = options.reads.hops > 1 ? &c.parameter("w_r", {d, d}, 0.5) : nullptr;
  Parameter* pos = options.learn_pos ? &c.parameter("gamma_pos", {1}) : nullptr;
  Parameter* neg = options.learn_neg ? &c.parameter("gamma_neg", {1}) : nullptr;
  if (pos) pos->value[0] = real(0.06);
  if (neg) neg->value[0] = real(0.04);
  const HebbianRule rule = options.outer ? outer_product_rule(real(0.05)) : s.rule;
  return c.check([&](Tape& t) {
    LearnedRates rates;
    if (pos) rates.gamma_pos = t.leaf(*pos);
    if (neg) rates.gamma_neg = t.leaf(*neg);
    if (options.outer) rates.pos_scale = 1 / kOuterScale;
    const ReadBeforeWriteVars layer = {t.leaf(w), t.leaf(scale), t.leaf(shift)};
    const Var w_read = w_r ? t.leaf(*w_r) : options.given_w_r ? t.constant(constant) : Var();
    return read_before_write_recall(t.leaf(k), t.leaf(a), s.offsets, layer, {t.leaf(q), w_read}, rule, options.reads,
                                    rates);
  });
}

const std::vector<int64_t> kShort = {0, 4, 4, 5, 11}, kFive = {0, 3, 9, 10, 17, 21};

// ------------------------------------------------------------------------------------------------------- the table

const std::vector<Row> kTable = {
    {"add", "two values",
     [](Checked& c) {
       Parameter &a = c.parameter("a", {3, 4}), &b = c.parameter("b", {3, 4});
       return c.check([&](Tape& t) { return add(t.leaf(a), t.leaf(b)); });
     }},
    {"add", "a value to itself",
     [](Checked& c) {
       Parameter& a = c.parameter("a", {5});
       return c.check([&](Tape& t) {
         const Var x = t.leaf(a);
         return add(x, x);
       });
     }},
    {"matmul", "both trained",
     [](Checked& c) {
       Parameter &x = c.parameter("x", {5, 3}), &w = c.parameter("w", {3, 4});
       return c.check([&](Tape& t) { return matmul(t.leaf(x), t.leaf(w)); });
     }},
    {"matmul", "constant x",
     [](Checked& c) {
       Parameter& w = c.parameter("w", {3, 4});
       const Tensor x = c.parameter("x", {5, 3}).value.clone();
       return check_gradients({&w}, [&](Tape& t) { return l2_penalty({matmul(t.constant(x), t.leaf(w))}, real(0.5)); });
     }},
    {"matmul", "constant w",
     [](Checked& c) {
       Parameter& x = c.parameter("x", {70, 3});  // more rows than one piece of a product
       const Tensor w = c.parameter("w", {3, 4}).value.clone();
       return check_gradients({&x}, [&](Tape& t) { return l2_penalty({matmul(t.leaf(x), t.constant(w))}, real(0.5)); });
     }},
    {"matmul", "two slices of one matrix",
     [](Checked& c) {
       Parameter &x = c.parameter("x", {5, 3}), &w = c.parameter("w", {7, 3});
       return c.check([&](Tape& t) {
         const Var both = t.leaf(w);
         return add(matmul(t.leaf(x), t.slice(both, 0, 3)), matmul(t.leaf(x), t.slice(both, 2, 5)));
       });
     }},
    {"matmul", "slices of an intermediate value and of a slice",
     [](Checked& c) {
       Parameter &x = c.parameter("x", {6, 3}), &w = c.parameter("w", {3, 3});
       return c.check([&](Tape& t) {
         const Var product = matmul(t.leaf(x), t.leaf(w)), part = t.slice(product, 1, 5);
         return add(matmul(t.slice(part, 1, 3), t.leaf(w)), t.slice(product, 4, 6));
       });
     }},
    {"relu", "",
     [](Checked& c) {
       Parameter& x = c.parameter("x", {6, 5});
       return c.check([&](Tape& t) { return relu(t.leaf(x)); });
     }},
    {"l2_penalty", "one value",
     [](Checked& c) {
       Parameter& x = c.parameter("x", {4, 3});
       return c.check([&](Tape& t) { return l2_penalty({t.leaf(x)}, real(0.3)); });
     }},
    {"l2_penalty", "three values, one constant",
     [](Checked& c) {
       Parameter &x = c.parameter("x", {4, 3}), &y = c.parameter("y", {2});
       const Tensor constant({3});
       return c.check([&](Tape& t) { return l2_penalty({t.leaf(x), t.constant(constant), t.leaf(y)}, real(0.3)); });
     }},
    {"weighted_sum", "",
     [](Checked& c) {
       Parameter& x = c.parameter("x", {2, 3});
       Tensor weight({6});
       for (int64_t i = 0; i < 6; ++i) weight[i] = static_cast<real>(i - 2);
       return c.check([&](Tape& t) { return weighted_sum(t.leaf(x), weight); });
     }},
    {"embedding", "nil and repeated ids",
     [](Checked& c) {
       Parameter& table = c.parameter("table", {6, 5});
       const IdTensor ids = ids_of({7}, {3, 0, 5, 3, 1, 0, 3});
       return c.check([&](Tape& t) { return embedding(t.leaf(table), ids); });
     }},
    {"sentence_encoding", "trained encoding", [](Checked& c) { return check_sentences(c, true, true); }},
    {"sentence_encoding", "constant encoding", [](Checked& c) { return check_sentences(c, false, true); }},
    {"sentence_encoding", "constant table", [](Checked& c) { return check_sentences(c, true, false); }},
    {"pair_sum", "",
     [](Checked& c) {
       Parameter& rows = c.parameter("rows", {9, 18});
       const RowPairs pairs = test::random_pairs(5, 4, 11, c.rng());
       return c.check([&](Tape& t) { return pair_sum(t.leaf(rows), pairs); });
     }},
    {"batch_norm", "batch", [](Checked& c) { return check_norm(c, Statistics::batch); }},
    {"batch_norm", "padded", [](Checked& c) { return check_norm(c, Statistics::padded); }},
    {"batch_norm", "fixed", [](Checked& c) { return check_norm(c, Statistics::fixed); }},
    {"batch_norm_pairs", "batch, summed", [](Checked& c) { return check_norm_pairs(c, Statistics::batch, true); }},
    {"batch_norm_pairs", "padded, summed", [](Checked& c) { return check_norm_pairs(c, Statistics::padded, true); }},
    {"batch_norm_pairs", "fixed, summed", [](Checked& c) { return check_norm_pairs(c, Statistics::fixed, true); }},
    {"batch_norm_pairs", "batch, rows", [](Checked& c) { return check_norm_pairs(c, Statistics::batch, false); }},
    {"batch_norm_pairs", "padded, rows", [](Checked& c) { return check_norm_pairs(c, Statistics::padded, false); }},
    {"batch_norm_pairs", "fixed, rows", [](Checked& c) { return check_norm_pairs(c, Statistics::fixed, false); }},
    {"softmax_cross_entropy", "",
     [](Checked& c) {
       return check_cross_entropy(c, {0, 3, 4, 1});
     }},
    {"softmax_cross_entropy", "smoothed labels",
     [](Checked& c) {
       return check_cross_entropy(c, {0, -1, 4, 1}, real(0.2));
     }},
    {"softmax_cross_entropy", "unknown answers",
     [](Checked& c) {
       return check_cross_entropy(c, {0, -1, 4, -1, 2});
     }},
    {"hebbian_write", "all values",
     [](Checked& c) {
       return check_write(c, {4, kShort, kRule}, Look::values);
     }},
    {"hebbian_write", "one read",
     [](Checked& c) {
       return check_write(c, {4, kShort, kRule}, Look::one_read);
     }},
    {"hebbian_write", "three reads",
     [](Checked& c) {
       return check_write(c, {4, kShort, kRule}, Look::three_reads);
     }},
    {"hebbian_write", "reads and values",
     [](Checked& c) {
       return check_write(c, {4, kShort, kRule}, Look::reads_and_values);
     }},
    {"hebbian_write", "d = 17, w_max 2.5",
     [](Checked& c) {
       return check_write(c, {17, kShort, {real(0.05), real(0.03), real(2.5)}}, Look::one_read);
     }},
    {"hebbian_write", "no decay",
     [](Checked& c) {
       return check_write(c, {5, kShort, {real(0.1), real(0), real(1)}}, Look::values);
     }},
    {"hebbian_write", "strong decay, w_max 0.5",
     [](Checked& c) {
       return check_write(c, {5, kShort, {real(0.02), real(0.2), real(0.5)}}, Look::values);
     }},
    {"hebbian_write", "40 to 150 steps: the history is cut into pieces",
     [](Checked& c) {
       return check_write(c, {3, {0, 40, 150, 300}, {real(0.02), real(0.01), real(1)}}, Look::values, 0.7);
     }},
    {"hebbian_write", "constant values", [](Checked& c) { return check_write_half(c, true); }},
    {"hebbian_write", "constant keys", [](Checked& c) { return check_write_half(c, false); }},
    {"memory_read", "one memory read with its own reading",
     [](Checked& c) {
       Parameter &z_k = c.parameter("z_k", {7, 4}), &z_v = c.parameter("z_v", {7, 4}), &q = c.parameter("q", {2, 4});
       const std::vector<int64_t> offsets = {0, 3, 7};
       return c.check([&](Tape& t) {
         const Memory memory = hebbian_write(t.leaf(z_k), t.leaf(z_v), offsets, {real(0.3), real(0.1), real(1)});
         return memory_read(memory, memory_read(memory, t.leaf(q)));
       });
     }},
    {"memory_read", "constant key",
     [](Checked& c) {
       Parameter &z_k = c.parameter("z_k", {7, 4}), &z_v = c.parameter("z_v", {7, 4});
       Tensor key({1, 4});
       key.fill(real(0.8));
       const std::vector<int64_t> offsets = {0, 7};
       return c.check([&](Tape& t) {
         return memory_read(hebbian_write(t.leaf(z_k), t.leaf(z_v), offsets, kRule), t.constant(key));
       });
     }},
    {"memory_read", "constant memory",
     [](Checked& c) {
       Tensor z({3, 4});
       for (real& x : z) x = static_cast<real>(c.rng().uniform(0.5, 1));
       Parameter& key = c.parameter("key", {1, 4});
       const std::vector<int64_t> offsets = {0, 3};
       return c.check([&](Tape& t) {
         return memory_read(hebbian_write(t.constant(z), t.constant(z), offsets, kRule), t.leaf(key));
       });
     }},
    {"memory_values", "looked at twice",
     [](Checked& c) {
       Parameter &z_k = c.parameter("z_k", {7, 4}), &z_v = c.parameter("z_v", {7, 4});
       const std::vector<int64_t> offsets = {0, 3, 7};
       return c.check([&](Tape& t) {
         const Memory memory = hebbian_write(t.leaf(z_k), t.leaf(z_v), offsets, kRule);
         return add(memory_values(memory), relu(memory_values(memory)));
       });
     }},
    {"hebbian_recall", "1 hop",
     [](Checked& c) {
       return check_recall(c, {4, kFive, kRule}, 1);
     }},
    {"hebbian_recall", "1 hop, no w_r",
     [](Checked& c) {
       return check_recall(c, {4, kFive, kRule}, 1, false);
     }},
    {"hebbian_recall", "2 hops",
     [](Checked& c) {
       return check_recall(c, {4, kFive, kRule}, 2);
     }},
    {"hebbian_recall", "3 hops",
     [](Checked& c) {
       return check_recall(c, {4, kFive, kRule}, 3);
     }},
    {"hebbian_recall", "3 hops, d = 17, w_max 1.5, strong rule",
     [](Checked& c) {
       return check_recall(c, {17, kFive, kStrong}, 3);
     }},
    {"hebbian_recall", "2 hops, 70 steps",
     [](Checked& c) {
       return check_recall(c, {3, {0, 70, 72}, {real(0.02), real(0.01), real(1)}}, 2);
     }},
    {"hebbian_write", "gamma_pos trained", [](Checked& c) { return check_rates(c, Rates::positive, false); }},
    {"hebbian_write", "both rates trained", [](Checked& c) { return check_rates(c, Rates::both, false); }},
    {"hebbian_recall", "gamma_pos trained", [](Checked& c) { return check_rates(c, Rates::positive, true); }},
    {"hebbian_recall", "both rates trained", [](Checked& c) { return check_rates(c, Rates::both, true); }},
    {"hebbian_recall", "outer product, its rate trained",
     [](Checked& c) { return check_rates(c, Rates::outer, true); }},
    {"hebbian_recall", "3 hops, reads normalised",
     [](Checked& c) {
       return check_recall(c, {4, kFive, kRule}, {3, true});
     }},
    {"hebbian_recall", "3 hops, sum of the reads",
     [](Checked& c) {
       return check_recall(c, {4, kFive, kRule}, {3, false, true});
     }},
    {"hebbian_recall", "3 hops, sum of normalised reads, d = 17, empty sequences",
     [](Checked& c) {
       return check_recall(c, {17, {0, 0, 3, 9, 9}, kStrong}, {3, true, true});
     }},
    {"hebbian_recall", "1 hop, sum of normalised reads",
     [](Checked& c) {
       return check_recall(c, {4, kFive, kRule}, {1, true, true});
     }},
    {"hebbian_recall", "hops with weights of their own",
     [](Checked& c) {
       return check_separate_hops(c, {5, kFive, kRule}, {3}, false);
     }},
    {"read_before_write_recall", "hops with weights of their own, sum of normalised reads",
     [](Checked& c) {
       return check_separate_hops(c, {5, kFive, kRule}, {3, true, true}, true);
     }},
    {"dropout", "",
     [](Checked& c) {
       Parameter& x = c.parameter("x", {7, 19});
       return c.check([&](Tape& t) { return dropout(t.leaf(x), {{3, 4}, 8, 0.4}); });
     }},
    {"layer_norm", "",
     [](Checked& c) {
       Parameter &x = c.parameter("x", {7, 19}), &scale = c.parameter("scale", {19}),
                 &shift = c.parameter("shift", {19});
       return c.check([&](Tape& t) { return layer_norm(t.leaf(x), t.leaf(scale), t.leaf(shift), kEpsilon); });
     }},
    {"layer_norm", "many rows",
     [](Checked& c) {
       Parameter &x = c.parameter("x", {300, 4}), &scale = c.parameter("scale", {4}),
                 &shift = c.parameter("shift", {4});
       return c.check([&](Tape& t) { return layer_norm(t.leaf(x), t.leaf(scale), t.leaf(shift), kEpsilon); });
     }},
    {"read_before_write_recall", "1 hop",
     [](Checked& c) {
       return check_rbw(c, {4, kFive, kRule}, {1});
     }},
    {"read_before_write_recall", "1 hop, no w_r",
     [](Checked& c) {
       return check_rbw(c, {4, kFive, kRule}, {1, false, false, false, false});
     }},
    {"read_before_write_recall", "3 hops, d = 17, w_max 1.5, strong rule",
     [](Checked& c) {
       return check_rbw(c, {17, kFive, kStrong}, {3});
     }},
    {"read_before_write_recall", "empty and long sequences: the history is cut into pieces",
     [](Checked& c) {
       return check_rbw(c, {3, {0, 0, 16, 33, 103, 103, 420}, {real(0.02), real(0.01), real(1)}}, {2});
     }},
    {"read_before_write_recall", "both rates trained",
     [](Checked& c) {
       return check_rbw(c, {5, kFive, kRule}, {2, true, true, false});
     }},
    {"read_before_write_recall", "gamma_neg trained",
     [](Checked& c) {
       return check_rbw(c, {5, kFive, kRule}, {2, false, true, false});
     }},
    {"read_before_write_recall", "outer product, its rate trained",
     [](Checked& c) {
       return check_rbw(c, {5, kFive, kRule}, {2, true, false, true});
     }},
    {"read_before_write_recall", "reads normalised",
     [](Checked& c) {
       return check_rbw(c, {5, kFive, kRule}, {{3, true}});
     }},
    {"read_before_write_recall", "sum of the reads",
     [](Checked& c) {
       return check_rbw(c, {5, kFive, kRule}, {{3, false, true}});
     }},
    {"read_before_write_recall", "sum of normalised reads",
     [](Checked& c) {
       return check_rbw(c, {5, kFive, kRule}, {{3, true, true}});
     }},
    {"read_before_write_recall", "signed rule",
     [](Checked& c) {
       return check_rbw(c, {5, kFive, signed_rule(kRule)}, {2});
     }},
    {"read_before_write_recall", "signed rule, d = 17, w_max 1.5, strong, sum of normalised reads",
     [](Checked& c) {
       return check_rbw(c, {17, kFive, signed_rule(kStrong)}, {{3, true, true}});
     }},
    {"read_before_write_recall", "signed rule, both rates trained, long sequences",
     [](Checked& c) {
       return check_rbw(c, {3, {0, 0, 16, 33, 103, 103, 220}, signed_rule({real(0.02), real(0.01), real(1)})},
                        {2, true, true, false});
     }},
};

/// The rows of this file and of the others.
std::vector<Row> all_rows() {
  std::vector<Row> all(std::begin(kTable), std::end(kTable));
  for (const auto& more : {test::image_rows()}) all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST_CASE("gradients of every operation and option", "[grad]") {
  for (const Row& row : all_rows()) {
    // Each row has its own random stream, so that a new row leaves the others unchanged; with seed 2 none is at a kink.
    Checked checked(2, std::string(".") + row.op + "." + row.option);
    const GradReport report = row.check(checked);
    CAPTURE(row.op, row.option, report.problem, report.worst_error);
    CHECK(report.ok());
  }
}

TEST_CASE("the table of gradient checks names every operation", "[grad]") {
  std::set<std::string> in_table, in_library;
  for (const Row& row : all_rows()) in_table.insert(row.op);
  for (const std::string& name : Op::names()) {
    if (name.rfind("test.", 0) != 0) in_library.insert(name);  // operations of the tests themselves
  }
  CHECK(in_table == in_library);
}

}  // namespace
}  // namespace hmem
