#include "hmem/models/hmem_qa.h"

#include "hmem/autodiff/ops_basic.h"
#include "hmem/core/check.h"

namespace hmem {

StoryNorm story_norm(const std::string& name) {
  if (name == "padded") return StoryNorm::padded;
  if (name == "masked") return StoryNorm::masked;
  if (name == "none") return StoryNorm::none;
  throw UsageError("unknown batch norm '" + name + "', expected padded, masked or none");
}

HMemQa::HMemQa(const Config& config, uint64_t seed) : HMemQa(config, Rng(seed, "init")) {}

HMemQa::HMemQa(const Config& config, Rng rng)
    : config_(config),
      encoder_(config.encoding, config.vocabulary, config.words_per_sentence, config.embeddings_size, rng),
      story_norm_("story_norm", config.embeddings_size),
      query_norm_("query_norm", config.embeddings_size),
      key_("extract.key", config.embeddings_size, config.memory_size, rng),
      value_("extract.value", config.embeddings_size, config.memory_size, rng),
      read_("read", config.embeddings_size + config.memory_size, config.memory_size, rng),
      output_("output", config.memory_size, config.vocabulary, rng) {
  HMEM_CHECK(
      config.vocabulary > 0 && config.words_per_sentence > 0 && config.embeddings_size > 0 && config.memory_size > 0,
      "sizes must be positive, found vocabulary ", config.vocabulary, ", words_per_sentence ",
      config.words_per_sentence, ", embeddings_size ", config.embeddings_size, ", memory_size ", config.memory_size);
  HMEM_CHECK(config.hops >= 1 && config.hops <= MemoryGrad::kMaxReads, "hops must be in 1..", MemoryGrad::kMaxReads,
             ", found ", config.hops);
}

HMemQa::Result HMemQa::forward(Tape& tape, const BabiBatch& batch) {
  const int64_t e = config_.embeddings_size, d = config_.memory_size;
  const SentenceEncoder::Weights words = encoder_.weights(tape);
  Var story = SentenceEncoder::forward(words, batch.rows);          // [rows, E]
  Var question = SentenceEncoder::forward(words, batch.questions);  // [B, E]
  if (config_.norm != StoryNorm::none) {
    const int64_t padded = config_.norm == StoryNorm::padded ? batch.padded : 0;
    story = story_norm_.forward_pairs(tape, story, batch.pairs, padded);
    question = query_norm_.forward(tape, question, 0);
  }

  // Everything up to here and the two products are linear in the rows: computed once per distinct sentence and age,
  // added per sentence of a story.
  const Var w_k = tape.leaf(key_.weight), w_v = tape.leaf(value_.weight), w_r = tape.leaf(read_.weight);
  const Var z_k = pair_sum(matmul(story, w_k), batch.pairs);  // [N, D]
  const Var z_v = pair_sum(matmul(story, w_v), batch.pairs);

  const Var q = matmul(question, tape.slice(w_r, 0, e));  // the question's part of the read key, the same in every hop
  const Var r = hebbian_recall(z_k, z_v, batch.offsets, q, tape.slice(w_r, e, e + d), config_.rule, config_.hops);

  Result result;
  result.logits = output_.forward(tape, r);
  result.answer = softmax_cross_entropy(result.logits, batch.answers);
  result.loss = add(result.answer.loss, l2_penalty({w_k, w_v, w_r}, static_cast<real>(config_.l2)));
  return result;
}

std::vector<Parameter*> HMemQa::parameters() {
  std::vector<Parameter*> all;
  encoder_.add_parameters(all);
  if (config_.norm != StoryNorm::none) {
    for (BatchNorm* norm : {&story_norm_, &query_norm_}) {
      all.push_back(&norm->scale);
      all.push_back(&norm->shift);
    }
  }
  for (Dense* dense : {&key_, &value_, &read_, &output_}) all.push_back(&dense->weight);
  return all;
}

std::vector<Buffer*> HMemQa::buffers() {
  std::vector<Buffer*> all;
  if (config_.norm == StoryNorm::none) return all;
  for (BatchNorm* norm : {&story_norm_, &query_norm_}) {
    all.push_back(&norm->moving_mean);
    all.push_back(&norm->moving_var);
  }
  return all;
}

}  // namespace hmem
