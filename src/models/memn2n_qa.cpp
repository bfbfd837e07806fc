#include "hmem/models/memn2n_qa.h"

#include <string>

#include "hmem/autodiff/ops_basic.h"
#include "hmem/autodiff/ops_sequence.h"

namespace hmem {

MemN2NQa::MemN2NQa(const Config& config, uint64_t seed) : MemN2NQa(config, Rng(seed, "init.memn2n")) {}

MemN2NQa::MemN2NQa(const Config& config, Rng rng)
    : config_(config), output_("output", (config.check_sizes(), config.embeddings_size), config.vocabulary, rng) {
  for (int h = 0; h <= config.hops; ++h) {
    encoders_.emplace_back(config.encoding, config.vocabulary, config.words_per_sentence, config.embeddings_size, rng,
                           h == 0 ? "" : "hop" + std::to_string(h) + ".");
  }
}

Var MemN2NQa::forward(Tape& tape, const BabiBatch& batch) {
  const auto sentences = [&](SentenceEncoder& encoder) {  // [N, E]
    return pair_sum(encoder.forward(tape, batch.rows), batch.pairs);
  };
  Var u = encoders_[0].forward(tape, batch.questions);  // [B, E]
  Var keys = sentences(encoders_[0]);
  for (size_t h = 1; h < encoders_.size(); ++h) {
    const Var values = sentences(encoders_[h]);
    u = add(u, attend(u, keys, values, batch.offsets));
    keys = values;
  }
  return output_.forward(tape, u);
}

void MemN2NQa::after_update() {
  for (SentenceEncoder& encoder : encoders_) encoder.after_update();
}

void MemN2NQa::add_to(Weights& weights) {
  for (SentenceEncoder& encoder : encoders_) encoder.add_to(weights);
  output_.add_to(weights);
}

}  // namespace hmem
