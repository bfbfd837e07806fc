#include "hmem/models/lstm_image.h"

#include "hmem/core/check.h"

namespace hmem {

LstmImage::LstmImage(const Config& config, uint64_t seed) : LstmImage(config, seed, Rng(seed, "init.lstm_image")) {}

LstmImage::LstmImage(const Config& config, uint64_t seed, Rng rng)
    : config_(config),
      dense_("dense", config.features, config.dense_size, rng),
      norm_("norm", config.frame_norm, config.dense_size),
      dropout_("dropout", config.dropout, seed),
      lstm_("lstm", config.dense_size, config.hidden_size, rng),
      output_("output", config.hidden_size, config.classes, rng) {
  HMEM_CHECK(config.classes > 0, "lstm_image: classes must be positive, found ", config.classes);
  if (config.chrono_steps > 0) lstm_.set_chrono_bias(config.chrono_steps, rng);
}

Var LstmImage::forward(Tape& tape, const Frames& frames, Var queries) {
  const int64_t steps = count_steps("lstm_image", frames, queries, config_.features), batch = queries.size(0);
  const int64_t n = config_.dense_size;
  // The dense layer acts on each step alone, so the sequences are joined after it, where they are smaller.
  const Var shown = tape.reshape(frames.shown(dense_.forward(tape, frames.rows)), {batch, steps, n});
  const Var asked = tape.reshape(dense_.forward(tape, queries), {batch, 1, n});
  const Var sequence = tape.reshape(concat_steps({shown, asked}), {batch * (steps + 1), n});
  const Var x = dropout_.forward(tape, norm_.forward(tape, relu(sequence)));
  return output_.forward(tape, lstm_.forward(tape, tape.reshape(x, {batch, steps + 1, n})));
}

void LstmImage::add_to(Weights& weights) {
  dense_.add_to(weights, /*regularised=*/true);
  norm_.add_to(weights);
  lstm_.add_to(weights);
  output_.add_to(weights);
}

}  // namespace hmem
