#include "hmem/models/hmem_image.h"

#include "hmem/autodiff/ops_basic.h"
#include "hmem/core/check.h"

namespace hmem {

namespace {

HebbianMemory::Config memory_config(const HMemImage::Config& config) {
  HebbianMemory::Config memory;
  memory.memory_size = config.memory_size;
  memory.hops = 1;
  memory.read_value = false;
  memory.rule = config.rule;
  memory.key_norm = config.key_norm;
  return memory;
}

}  // namespace

HMemImage::HMemImage(const Config& config, uint64_t seed) : HMemImage(config, seed, Rng(seed, "init.hmem_image")) {}

HMemImage::HMemImage(const Config& config, uint64_t seed, Rng rng)
    : config_(config),
      frame_dense_("frame.dense", config.features, config.dense_size, rng),
      query_dense_("query.dense", config.features, config.dense_size, rng),
      frame_norm_("frame.norm", config.frame_norm, config.dense_size),
      query_norm_("query.norm", config.frame_norm, config.dense_size),
      frame_dropout_("frame.dropout", config.dropout, seed),
      query_dropout_("query.dropout", config.dropout, seed),
      memory_("", memory_config(config), config.dense_size, config.dense_size, rng),
      output_("output", config.memory_size, config.classes, rng) {
  HMEM_CHECK(config.classes > 0, "hmem_image: classes must be positive, found ", config.classes);
  if (!config.write_gate) return;
  write_gate_.emplace("write_gate", config.dense_size, 1, rng, Dense::Options{true});
  write_gate_->weight.value.fill(0);
  write_gate_->bias.value.fill(2);
}

Var HMemImage::forward(Tape& tape, const Frames& frames, Var queries) {
  const int64_t steps = count_steps("hmem_image", frames, queries, config_.features);
  std::vector<int64_t> offsets;
  for (int64_t b = 0; b <= queries.size(0); ++b) offsets.push_back(b * steps);
  const Var z = frames.shown(relu(frame_dense_.forward(tape, frames.rows)));
  const Var x = frame_dropout_.forward(tape, frame_norm_.forward(tape, z));
  const Var q = query_dropout_.forward(tape, query_norm_.forward(tape, relu(query_dense_.forward(tape, queries))));
  if (!write_gate_) return output_.forward(tape, memory_.forward(tape, x, offsets, q));
  // relu(s z) = s relu(z)
  const Var gate = write_gate_->forward(tape, x);
  const Var z_k = gate_rows(memory_.key(tape, x), gate), z_v = gate_rows(memory_.value(tape, x), gate);
  return output_.forward(tape, memory_.recall(tape, z_k, z_v, offsets, q));
}

void HMemImage::add_to(Weights& weights) {
  frame_dense_.add_to(weights, /*regularised=*/true);
  frame_norm_.add_to(weights);
  query_dense_.add_to(weights, /*regularised=*/true);
  query_norm_.add_to(weights);
  memory_.add_to(weights);
  output_.add_to(weights);
  if (write_gate_) write_gate_->add_to(weights);
}

}  // namespace hmem
