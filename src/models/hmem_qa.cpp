#include "hmem/models/hmem_qa.h"

#include "hmem/autodiff/ops_basic.h"
#include "hmem/core/check.h"

namespace hmem {

void QaConfig::check_sizes() const {
  HMEM_CHECK(vocabulary > 0 && words_per_sentence > 0 && embeddings_size > 0,
             "sizes must be positive, found vocabulary ", vocabulary, ", words_per_sentence ", words_per_sentence,
             ", embeddings_size ", embeddings_size);
}

HMemQa::HMemQa(const Config& config, uint64_t seed) : HMemQa(config, seed, Rng(seed, "init")) {}

HMemQa::HMemQa(const Config& config, uint64_t seed, Rng rng)
    : config_(config),
      encoder_((config.check_sizes(), config.encoding), config.vocabulary, config.words_per_sentence,
               config.embeddings_size, rng),
      story_norm_("story_norm", config.embeddings_size),
      query_norm_("query_norm", config.embeddings_size),
      memory_("", config, config.embeddings_size, config.embeddings_size, rng, /*write_later=*/true),
      output_("output", config.memory_size, config.vocabulary, rng),
      key_dropout_("dropout.key", config.story_dropout, seed),
      value_dropout_("dropout.value", config.story_dropout, seed),
      output_dropout_("dropout.output", config.dropout, seed) {
  memory_.draw_write(rng);
  const int64_t e = config.embeddings_size, d = config.memory_size;
  if (config.extractor_layers == 2) {
    story_layer_.emplace("extract.story", e, e, rng);
    question_layer_.emplace("extract.question", e, e, rng);
  }
  if (config.answer_layer) {
    answer_read_.emplace("answer.read", d, d, rng);
    answer_question_.emplace("answer.question", e, d, rng);
  }
}

Var HMemQa::forward(Tape& tape, const BabiBatch& batch) {
  Var story = encoder_.forward(tape, batch.rows);          // [rows, E]
  Var question = encoder_.forward(tape, batch.questions);  // [B, E]
  if (config_.norm != StoryNorm::none) {
    const int64_t padded = config_.norm == StoryNorm::padded ? batch.padded : 0;
    story = story_norm_.forward_pairs(tape, story, batch.pairs, padded);
    question = query_norm_.forward(tape, question, 0);
  }
  // What is linear in the rows is computed once per distinct sentence and age, and added per sentence of a story.
  Var z_k, z_v;  // [N, D]
  if (story_layer_) {
    const Var x = pair_sum(story, batch.pairs);  // [N, E]
    const Var h = add(x, relu(pair_sum(story_layer_->forward(tape, story), batch.pairs)));
    z_k = memory_.key(tape, h), z_v = memory_.value(tape, h);
    question = add(question, relu(question_layer_->forward(tape, question)));
  } else {
    z_k = pair_sum(memory_.key(tape, story), batch.pairs);
    z_v = pair_sum(memory_.value(tape, story), batch.pairs);
  }
  z_k = key_dropout_.forward(tape, z_k), z_v = value_dropout_.forward(tape, z_v);
  Var r = memory_.recall(tape, z_k, z_v, batch.offsets, question);  // [B, D]
  if (answer_read_) {
    r = add(r, relu(add(answer_read_->forward(tape, r), answer_question_->forward(tape, question))));
  }
  return output_.forward(tape, output_dropout_.forward(tape, r));
}

void HMemQa::add_to(Weights& weights) {
  encoder_.add_to(weights);
  if (config_.norm != StoryNorm::none) {
    story_norm_.add_to(weights);
    query_norm_.add_to(weights);
  }
  memory_.add_to(weights);
  output_.add_to(weights);
  for (std::optional<Dense>* layer : {&story_layer_, &question_layer_, &answer_read_, &answer_question_}) {
    if (*layer) (*layer)->add_to(weights);
  }
}

}  // namespace hmem
