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

WriteRule write_rule(const std::string& name) {
  if (name == "hebbian") return WriteRule::hebbian;
  if (name == "outer") return WriteRule::outer;
  throw UsageError("unknown write rule '" + name + "', expected hebbian or outer");
}

HMemQa::HMemQa(const Config& config, uint64_t seed) : HMemQa(config, seed, Rng(seed, "init")) {}

HMemQa::HMemQa(const Config& config, uint64_t seed, Rng rng)
    : config_(config),
      encoder_(config.encoding, config.vocabulary, config.words_per_sentence, config.embeddings_size, rng),
      story_norm_("story_norm", config.embeddings_size),
      query_norm_("query_norm", config.embeddings_size),
      key_("extract.key", config.embeddings_size, config.memory_size, rng),
      value_("extract.value", config.embeddings_size, config.memory_size, rng),
      read_("read", config.tie_keys ? config.memory_size : config.embeddings_size + config.memory_size,
            config.memory_size, rng),
      output_("output", config.memory_size, config.vocabulary, rng),
      key_norm_("key_norm", config.memory_size),
      value_norm_("value_norm", config.memory_size),
      key_dropout_("dropout.key", config.story_dropout, seed),
      value_dropout_("dropout.value", config.story_dropout, seed),
      output_dropout_("dropout.output", config.dropout, seed),
      gamma_pos_("gamma_pos", {1}),
      gamma_neg_("gamma_neg", {1}) {
  if (config.read_before_write) write_.emplace("write", 2 * config.memory_size, config.memory_size, rng);
  gamma_pos_.value[0] = config.rule.gamma_pos;
  gamma_neg_.value[0] = config.rule.gamma_neg;
  HMEM_CHECK(!config.learn_gamma_neg || config.write_rule == WriteRule::hebbian,
             "the outer-product rule has no gamma_neg to learn");
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
  const Var z_k = key_dropout_.forward(tape, pair_sum(matmul(story, w_k), batch.pairs));  // [N, D]
  const Var z_v = value_dropout_.forward(tape, pair_sum(matmul(story, w_v), batch.pairs));

  // The question's part of the read key is the same in every hop.
  const Var q = matmul(question, config_.tie_keys ? w_k : tape.slice(w_r, 0, e));
  const Var r = recall(tape, z_k, z_v, batch.offsets, q, config_.tie_keys ? w_r : tape.slice(w_r, e, e + d));

  Result result;
  result.logits = output_.forward(tape, output_dropout_.forward(tape, r));
  result.answer = softmax_cross_entropy(result.logits, batch.answers);
  std::vector<Var> penalised = {w_k, w_v, w_r};
  if (write_) penalised.push_back(tape.leaf(write_->weight));
  result.loss = add(result.answer.loss, l2_penalty(penalised, static_cast<real>(config_.l2)));
  return result;
}

/// Writes the story and reads from it, hops times.
Var HMemQa::recall(Tape& tape, Var z_k, Var z_v, const std::vector<int64_t>& offsets, Var q, Var w_r) {
  HebbianRule rule = config_.rule;
  LearnedRates rates;
  if (config_.write_rule == WriteRule::outer) {
    rule = outer_product_rule(config_.rule.gamma_pos);
    rates.pos_scale = 1 / kOuterScale;
  }
  if (config_.learn_gamma_pos) rates.gamma_pos = tape.leaf(gamma_pos_);
  if (config_.learn_gamma_neg) rates.gamma_neg = tape.leaf(gamma_neg_);
  if (!write_) return hebbian_recall(z_k, z_v, offsets, q, w_r, rule, config_.hops, rates);

  const int64_t d = config_.memory_size;
  const Var k = key_norm_.forward(tape, relu(z_k)), w_d = tape.leaf(write_->weight);
  const Var a = matmul(relu(z_v), tape.slice(w_d, 0, d));  // the value's part, known before anything is written
  const ReadBeforeWriteVars layer = {tape.slice(w_d, d, 2 * d), tape.leaf(value_norm_.scale),
                                     tape.leaf(value_norm_.shift), LayerNorm::kEpsilon};
  return read_before_write_recall(k, a, offsets, layer, q, w_r, rule, config_.hops, rates);
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
  if (write_) {
    all.push_back(&write_->weight);
    for (LayerNorm* norm : {&key_norm_, &value_norm_}) {
      all.push_back(&norm->scale);
      all.push_back(&norm->shift);
    }
  }
  if (config_.learn_gamma_pos) all.push_back(&gamma_pos_);
  if (config_.learn_gamma_neg) all.push_back(&gamma_neg_);
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
