#include "hmem/nn/hebbian_memory.h"

#include <algorithm>
#include <string>
#include <vector>

#include "catch.h"
#include "hmem/autodiff/ops_basic.h"
#include "hmem/core/check.h"
#include "support/error_text.h"
#include "support/numbers.h"

namespace hmem {
namespace {

using Names = std::vector<std::string>;
constexpr int64_t kIn = 5, kQuery = 4, kSize = 6;
const std::vector<int64_t> kOffsets = {0, 3, 4, 9};

HebbianMemory::Config small_config(int hops = 2) {
  HebbianMemory::Config config;
  config.memory_size = kSize;
  config.hops = hops;
  config.rule = {real(0.2), real(0.1), real(0.8)};
  return config;
}

/// A memory below "m." with its weights, inputs x and queries q.
struct Sample {
  explicit Sample(const HebbianMemory::Config& config, int64_t query = kQuery, int64_t in = kIn)
      : memory("m.", config, in, query, rng),
        x(test::random_tensor({9, in}, rng)),
        q(test::random_tensor({3, query}, rng)) {
    memory.add_to(weights);
  }

  Parameter& parameter(const std::string& name) {
    for (Parameter* p : weights.parameters) {
      if (p->name == name) return *p;
    }
    fail("no parameter ", name);
  }

  Rng rng{1, "memory"};
  HebbianMemory memory;
  Tensor x, q;
  Weights weights;
  Tape tape;
};

Names names_of(const std::vector<Parameter*>& parameters) {
  Names names;
  for (const Parameter* p : parameters) names.push_back(p->name);
  return names;
}

void check_equal(Var found, Var expected) {
  REQUIRE(found.shape() == expected.shape());
  CHECK(test::worst_error(found.data(), found.count(), {expected.data(), expected.data() + expected.count()}) < 1e-5);
  CHECK(std::any_of(found.data(), found.data() + found.count(), [](real r) { return r != 0; }));
}

TEST_CASE("hebbian memory: parameters below its prefix, the matrices regularised", "[nn]") {
  const Names plain = {"m.extract.key.weight", "m.extract.value.weight", "m.read.weight"};
  Sample sample(small_config());
  CHECK(names_of(sample.weights.parameters) == plain);
  CHECK(sample.weights.regularised == sample.weights.parameters);
  CHECK(sample.weights.buffers.empty());
  CHECK(sample.parameter("m.extract.value.weight").value.shape() == Shape({kIn, kSize}));
  CHECK(sample.parameter("m.read.weight").value.shape() == Shape({kQuery + kSize, kSize}));

  HebbianMemory::Config config = small_config();
  config.read_before_write = config.learn_gamma_pos = config.learn_gamma_neg = config.tie_keys = true;
  Sample all(config, kIn);
  Names matrices = plain, names = plain;
  matrices.emplace_back("m.write.weight");
  for (const char* name : {"write.weight", "key_norm.scale", "key_norm.shift", "value_norm.scale", "value_norm.shift",
                           "gamma_pos", "gamma_neg"}) {
    names.push_back("m." + std::string(name));
  }
  CHECK(names_of(all.weights.parameters) == names);
  CHECK(names_of(all.weights.regularised) == matrices);
  CHECK(all.parameter("m.read.weight").value.shape() == Shape({kSize, kSize}));
  CHECK(all.parameter("m.write.weight").value.shape() == Shape({2 * kSize, kSize}));
  CHECK(all.parameter("m.gamma_pos").value[0] == real(0.2));
  CHECK(all.parameter("m.gamma_neg").value[0] == real(0.1));
}

TEST_CASE("hebbian memory: forward is key, value and recall, which is write and reads", "[equiv]") {
  const bool tied = GENERATE(false, true);
  const WriteRule rule = GENERATE(WriteRule::hebbian, WriteRule::outer);
  CAPTURE(tied, static_cast<int>(rule));
  HebbianMemory::Config config = small_config();
  config.tie_keys = tied;
  config.write_rule = rule;
  const int64_t query_rows = tied ? 0 : kQuery;
  Sample s(config, tied ? kIn : kQuery);
  Tape& tape = s.tape;
  const Var x = tape.constant(s.x), q = tape.constant(s.q), found = s.memory.forward(tape, x, kOffsets, q);
  check_equal(found, s.memory.recall(tape, s.memory.key(tape, x), s.memory.value(tape, x), kOffsets, q));

  const auto leaf = [&](const char* name) { return tape.leaf(s.parameter(name)); };
  const Var w_k = leaf("m.extract.key.weight"), w_r = leaf("m.read.weight");
  const Memory memory =
      hebbian_write(matmul(x, w_k), matmul(x, leaf("m.extract.value.weight")), kOffsets,
                    rule == WriteRule::outer ? outer_product_rule(config.rule.gamma_pos) : config.rule);
  const Var z = matmul(q, tied ? w_k : tape.slice(w_r, 0, query_rows));
  const Var r = memory_read(memory, z);
  check_equal(found, memory_read(memory, add(z, matmul(r, tape.slice(w_r, query_rows, query_rows + kSize)))));
}

TEST_CASE("hebbian memory without rows for the value read: one hop", "[equiv]") {
  HebbianMemory::Config config = small_config(1);
  config.read_value = false;
  Sample s(config);
  CHECK(s.parameter("m.read.weight").value.shape() == Shape({kQuery, kSize}));
  Tape& tape = s.tape;
  const Var x = tape.constant(s.x), q = tape.constant(s.q);
  const Memory memory = hebbian_write(s.memory.key(tape, x), s.memory.value(tape, x), kOffsets, config.rule);
  check_equal(s.memory.forward(tape, x, kOffsets, q),
              memory_read(memory, matmul(q, tape.leaf(s.parameter("m.read.weight")))));
}

TEST_CASE("hebbian memory: learned rates replace those of the rule", "[nn]") {
  HebbianMemory::Config config = small_config();
  const auto read = [](Sample& s) {
    const Var r = s.memory.forward(s.tape, s.tape.constant(s.x), kOffsets, s.tape.constant(s.q));
    return std::vector<real>(r.data(), r.data() + r.count());
  };
  config.learn_gamma_pos = config.learn_gamma_neg = true;
  Sample learned(config);
  learned.parameter("m.gamma_pos").value[0] = real(0.3);
  learned.parameter("m.gamma_neg").value[0] = real(0.05);
  config = small_config();
  Sample plain(config);
  config.rule = {real(0.3), real(0.05), config.rule.w_max};
  Sample fixed(config);
  CHECK(read(learned) == read(fixed));
  CHECK(read(learned) != read(plain));
}

TEST_CASE("hebbian memory: read-before-write may be drawn later, and changes no other weight", "[nn]") {
  HebbianMemory::Config config = small_config();
  Sample plain(config);
  config.read_before_write = true;
  Sample with(config);
  for (const Parameter* p : plain.weights.parameters) {
    CHECK(test::same_bits(p->value, with.parameter(p->name).value));
  }
  Rng rng(1, "memory");
  HebbianMemory later("m.", config, kIn, kQuery, rng, /*write_later=*/true);
  const auto forward = [&] {
    Tape tape;
    const Var r = later.forward(tape, tape.constant(with.x), kOffsets, tape.constant(with.q));
    return std::vector<real>(r.data(), r.data() + r.count());
  };
  CHECK(test::error_text(forward) == "read-before-write: draw_write() was not called");
  later.draw_write(rng);
  const Var expected = with.memory.forward(with.tape, with.tape.constant(with.x), kOffsets, with.tape.constant(with.q));
  CHECK(forward() == std::vector<real>(expected.data(), expected.data() + expected.count()));
}

TEST_CASE("hebbian memory: settings that contradict each other or do not fit are errors", "[nn][bad]") {
  HebbianMemory::Config config = small_config();
  CHECK(config.contradiction().empty());
  config.write_rule = WriteRule::outer;
  config.learn_gamma_pos = true;
  CHECK(config.contradiction().empty());
  config.learn_gamma_neg = true;
  CHECK(config.contradiction() == "learn_gamma_neg: found 1 with the write_rule outer, which has no decay");
  CHECK(test::error_text([&] { Sample{config}; }) == config.contradiction());

  const auto refused = [](const std::string& expected, const HebbianMemory::Config& wrong, int64_t in = kIn,
                          int64_t query = kQuery) {
    CHECK(test::error_text([&] { Sample(wrong, query, in); }).find(expected) != std::string::npos);
  };
  refused("hops must be in 1..16, found 0", small_config(0));
  refused("hops must be in 1..16, found 17", small_config(17));
  refused("sizes must be positive", small_config(), 0);
  refused("sizes must be positive", small_config(), kIn, 0);
  config = small_config();
  config.memory_size = 0;
  refused("sizes must be positive", config);
  config = small_config(2);
  config.read_value = false;
  refused("expected one hop and no tied keys, found 2 hops", config);
  config.hops = 1;
  config.tie_keys = true;
  refused("expected one hop and no tied keys", config);
}

}  // namespace
}  // namespace hmem
