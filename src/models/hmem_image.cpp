#include "hmem/models/hmem_image.h"

#include "hmem/core/check.h"

namespace hmem {

HMemImage::HMemImage(const Config& config, uint64_t seed) : HMemImage(config, seed, Rng(seed, "init.hmem_image")) {}

HMemImage::HMemImage(const Config& config, uint64_t seed, Rng rng)
    : config_(config),
      frame_dense_("frame.dense", config.features, config.dense_size, rng),
      query_dense_("query.dense", config.features, config.dense_size, rng),
      frame_norm_("frame.norm", config.dense_size),
      query_norm_("query.norm", config.dense_size),
      frame_dropout_("frame.dropout", config.dropout, seed),
      query_dropout_("query.dropout", config.dropout, seed),
      key_("extract.key", config.dense_size, config.memory_size, rng),
      value_("extract.value", config.dense_size, config.memory_size, rng),
      read_("read", config.dense_size, config.memory_size, rng),
      output_("output", config.memory_size, config.classes, rng),
      no_weight_({config.memory_size, config.memory_size}) {
  HMEM_CHECK(config.classes > 0, "hmem_image: classes must be positive, found ", config.classes);
}

Var HMemImage::forward(Tape& tape, Var frames, Var queries) {
  const int64_t steps = count_steps("hmem_image", frames, queries, config_.features), batch = queries.size(0);
  offsets_.resize(static_cast<size_t>(batch + 1));
  for (int64_t b = 0; b <= batch; ++b) offsets_[static_cast<size_t>(b)] = b * steps;

  const Var x = frame_dropout_.forward(tape, frame_norm_.forward(tape, relu(frame_dense_.forward(tape, frames)), 0));
  const Var q = query_dropout_.forward(tape, query_norm_.forward(tape, relu(query_dense_.forward(tape, queries)), 0));
  const Var r = hebbian_recall(key_.forward(tape, x), value_.forward(tape, x), offsets_, read_.forward(tape, q),
                               tape.constant(no_weight_), config_.rule, /*hops=*/1);
  return output_.forward(tape, r);
}

std::vector<Parameter*> HMemImage::parameters() {
  std::vector<Parameter*> all;
  frame_dense_.add_parameters(all);
  frame_norm_.add_parameters(all);
  query_dense_.add_parameters(all);
  query_norm_.add_parameters(all);
  for (Dense* dense : {&key_, &value_, &read_, &output_}) dense->add_parameters(all);
  return all;
}

std::vector<Buffer*> HMemImage::buffers() {
  std::vector<Buffer*> all;
  frame_norm_.add_buffers(all);
  query_norm_.add_buffers(all);
  return all;
}

std::vector<Parameter*> HMemImage::penalised() {
  return {&frame_dense_.weight, &query_dense_.weight, &key_.weight, &value_.weight, &read_.weight};
}

}  // namespace hmem
