#include "hmem/models/lstm_qa.h"

#include <algorithm>
#include <vector>

#include "hmem/autodiff/ops_basic.h"

namespace hmem {

LstmQa::LstmQa(const Config& config, uint64_t seed) : LstmQa(config, Rng(seed, "init.lstm_qa")) {}

LstmQa::LstmQa(const Config& config, Rng rng)
    : config_(config),
      encoder_((config.check_sizes(), config.encoding), config.vocabulary, config.words_per_sentence,
               config.embeddings_size, rng),
      lstm_("lstm", config.embeddings_size, config.hidden_size, rng),
      output_("output", config.hidden_size, config.vocabulary, rng) {}

/// Sequences of a batch are padded with zeros after their questions; padding does not affect the states that are used.
Var LstmQa::forward(Tape& tape, const BabiBatch& batch) {
  const int64_t count = batch.size();
  int64_t steps = 0;
  for (int64_t b = 0; b < count; ++b) steps = std::max(steps, batch.offsets[b + 1] - batch.offsets[b] + 1);
  std::vector<int32_t> story_rows(static_cast<size_t>(count * steps), -1), question_rows = story_rows, last;
  for (int64_t b = 0; b < count; ++b) {
    const int64_t begin = batch.offsets[b], length = batch.offsets[b + 1] - begin;
    for (int64_t t = 0; t < length; ++t) story_rows[b * steps + t] = static_cast<int32_t>(begin + t);
    question_rows[b * steps + length] = static_cast<int32_t>(b);
    last.push_back(static_cast<int32_t>(b * steps + length));
  }
  const Var story = pair_sum(encoder_.forward(tape, batch.rows), batch.pairs);  // [N, E]
  const Var question = encoder_.forward(tape, batch.questions);                 // [B, E]
  const Var sequence = add(gather_rows(story, story_rows), gather_rows(question, question_rows));
  const Var states =
      lstm_.forward(tape, tape.reshape(sequence, {count, steps, config_.embeddings_size}), LstmOutput::all);
  return output_.forward(tape, gather_rows(tape.reshape(states, {count * steps, config_.hidden_size}), last));
}

void LstmQa::add_to(Weights& weights) {
  encoder_.add_to(weights);
  lstm_.add_to(weights);
  output_.add_to(weights);
}

}  // namespace hmem
