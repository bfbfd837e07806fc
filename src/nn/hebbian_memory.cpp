#include "hmem/nn/hebbian_memory.h"

#include "hmem/autodiff/ops_basic.h"
#include "hmem/core/check.h"

namespace hmem {

namespace {

constexpr real kKeyEpsilon = real(1e-3);

/// `config` itself, before anything is drawn.
const HebbianMemory::Config& checked(const HebbianMemory::Config& config, int64_t in, int64_t query_in) {
  HMEM_CHECK(config.contradiction().empty(), config.contradiction());
  HMEM_CHECK(in > 0 && query_in > 0 && config.memory_size > 0, "sizes must be positive, found inputs of ", in,
             ", queries of ", query_in, ", memory_size ", config.memory_size);
  HMEM_CHECK(config.hops >= 1 && config.hops <= MemoryGrad::kMaxReads, "hops must be in 1..", MemoryGrad::kMaxReads,
             ", found ", config.hops);
  HMEM_CHECK(config.read_value || (config.hops == 1 && !config.tie_keys),
             "without rows of W_r for the value read, expected one hop and no tied keys, found ", config.hops, " hops");
  return config;
}

}  // namespace

std::string HebbianMemory::Config::contradiction() const {
  const bool decays = write_rule != WriteRule::outer;
  if (key_norm && (read_value || read_before_write)) return "key_norm: found 1 with several hops or read_before_write";
  if (tie_keys && separate_hops) return "separate_hops: found 1 with tie_keys, expected one of them";
  return decays || !learn_gamma_neg ? "" : "learn_gamma_neg: found 1 with the write_rule outer, which has no decay";
}

HebbianMemory::HebbianMemory(const std::string& prefix, const Config& config, int64_t in, int64_t query_in, Rng& rng,
                             bool write_later)
    : config_(checked(config, in, query_in)),
      prefix_(prefix),
      query_in_(query_in),
      key_(prefix + "extract.key", in, config.memory_size, rng),
      value_(prefix + "extract.value", in, config.memory_size, rng),
      key_norm_(prefix + "key_norm", config.memory_size),
      value_norm_(prefix + "value_norm", config.memory_size),
      gamma_pos_(prefix + "gamma_pos", {1}),
      gamma_neg_(prefix + "gamma_neg", {1}) {
  for (int h = 0; h < (config.separate_hops ? config.hops : 1); ++h) {
    const bool of_value = config.read_value && (h > 0 || !config.separate_hops);
    reads_.emplace_back(prefix + "read" + (h > 0 ? std::to_string(h + 1) : ""),
                        (config.tie_keys ? 0 : query_in) + (of_value ? config.memory_size : 0), config.memory_size,
                        rng);
  }
  gamma_pos_.value[0] = config.rule.gamma_pos;
  gamma_neg_.value[0] = config.rule.gamma_neg;
  if (!write_later) draw_write(rng);
}

void HebbianMemory::draw_write(Rng& rng) {
  if (config_.read_before_write) write_.emplace(prefix_ + "write", 2 * config_.memory_size, config_.memory_size, rng);
}

Var HebbianMemory::forward(Tape& tape, Var x, const std::vector<int64_t>& offsets, Var q) {
  const Var z_v = value(tape, x), z_k = key(tape, x);
  return recall(tape, z_k, z_v, offsets, q);
}

Var HebbianMemory::recall(Tape& tape, Var z_k, Var z_v, const std::vector<int64_t>& offsets, Var q) {
  HebbianRule rule = config_.rule;
  LearnedRates rates;
  if (config_.write_rule == WriteRule::outer) {
    rule = outer_product_rule(config_.rule.gamma_pos);
    rates.pos_scale = 1 / kOuterScale;
  }
  rule.is_signed = config_.write_rule == WriteRule::signed_hebbian;
  const Reads reads(config_.hops, config_.read_norm, config_.hop_sum);
  if (config_.learn_gamma_pos) rates.gamma_pos = tape.leaf(gamma_pos_);
  if (config_.learn_gamma_neg) rates.gamma_neg = tape.leaf(gamma_neg_);

  // The query's part of the read key does not depend on what is read.
  const int64_t d = config_.memory_size, query_rows = config_.tie_keys ? 0 : query_in_;
  ReadKeys keys;
  for (Dense& read : reads_) {
    const Var w = tape.leaf(read.weight);
    keys.q.push_back(matmul(q, config_.tie_keys ? tape.leaf(key_.weight) : tape.slice(w, 0, query_rows)));
    if (config_.key_norm) keys.q.back() = positive_rms_norm(keys.q.back(), kKeyEpsilon);
    keys.w.push_back(w.size(0) > query_rows ? tape.slice(w, query_rows, query_rows + d) : Var());
  }
  if (config_.key_norm) z_k = positive_rms_norm(z_k, kKeyEpsilon);
  if (!config_.read_before_write) return hebbian_recall(z_k, z_v, offsets, keys, rule, reads, rates);

  HMEM_CHECK(write_, "read-before-write: draw_write() was not called");
  const Var k = key_norm_.forward(tape, relu(z_k)), w_d = tape.leaf(write_->weight);
  const Var a = matmul(relu(z_v), tape.slice(w_d, 0, d));  // the value's part, known before anything is written
  const ReadBeforeWriteVars layer = {tape.slice(w_d, d, 2 * d), tape.leaf(value_norm_.scale),
                                     tape.leaf(value_norm_.shift), LayerNorm::kEpsilon};
  return read_before_write_recall(k, a, offsets, layer, keys, rule, reads, rates);
}

void HebbianMemory::add_to(Weights& weights) {
  for (Dense* dense : {&key_, &value_}) dense->add_to(weights, /*regularised=*/true);
  for (Dense& read : reads_) read.add_to(weights, /*regularised=*/true);
  if (write_) {
    write_->add_to(weights, /*regularised=*/true);
    key_norm_.add_to(weights);
    value_norm_.add_to(weights);
  }
  if (config_.learn_gamma_pos) weights.add(gamma_pos_);
  if (config_.learn_gamma_neg) weights.add(gamma_neg_);
}

}  // namespace hmem
