#pragma once
/// \file hmem_qa.h
/// H-Mem for question answering (Limbacher & Legenstein, NeurIPS 2020): the network of the bAbI experiments.

#include <optional>

#include "hmem/models/qa_model.h"
#include "hmem/nn/hebbian_memory.h"

namespace hmem {

/// Statistics of the batch norm over story sentences.
enum class StoryNorm {
  padded,  ///< sentences that pad a story to max_num_sentences count as zero rows, as in the reference
  masked,  ///< only real sentences
  none,    ///< no batch norm, neither for stories nor for questions
};

/// Story sentences x_t and question q (sentence encoding and batch norm) go through a HebbianMemory:
///   r = memory(x_1 .. x_T, q),  logits = r W_o
/// Two options (ours). With extractor_layers = 2 sentences and question pass a residual layer first,
///   x_t <- x_t + relu(x_t W_x),  q <- q + relu(q W_q)
/// and with answer_layer the output depends on the question directly:
///   logits = (r + relu(r W_1 + q W_2)) W_o
/// Parameters "embedding.weight", "encoding.weight", "story_norm.*", "query_norm.*", those of the memory without a
/// prefix, "output.weight" [D, V]; with the options "extract.story.weight", "extract.question.weight" [E, E],
/// "answer.read.weight" [D, D], "answer.question.weight" [E, D], he-uniform, not regularised.
class HMemQa : public QaModel {
 public:
  struct Config : QaConfig, HebbianMemory::Config {
    StoryNorm norm = StoryNorm::padded;
    int extractor_layers = 1;
    bool answer_layer = false;
    double dropout = 0;        ///< rate for the value that the last hop reads, before the output layer
    double story_dropout = 0;  ///< rate for the pre-activations of keys and values of story sentences

    template <typename Visitor>
    void visit(Visitor&& v) {
      QaConfig::visit(v);
      v("batch_norm", norm, Names{"padded", "masked", "none"},
        "batch norm of sentences; padded: counts padding, as in the authors' program; masked: only real sentences");
      HebbianMemory::Config::visit(v);
      v(later("extractor_layers"), extractor_layers, IntRange{1, 2},
        "layers that form keys and values; 2: sentences and question pass a residual layer first");
      v(later("answer_layer"), answer_layer, "combine the value read with the question before the output layer");
    }
    template <typename Visitor>
    void visit_training(Visitor&& v) {
      v("dropout", dropout, RealRange::half_open(0, 1),
        "dropout rate of the value that the last hop reads from the memory");
      v("story_dropout", story_dropout, RealRange::half_open(0, 1),
        "dropout rate of the keys and values of story sentences");
    }
    using HebbianMemory::Config::contradiction;
  };

  /// Weights are drawn from the stream "init" of `seed`. Throws Error on sizes that are not positive.
  HMemQa(const Config& config, uint64_t seed);

  Var forward(Tape& tape, const BabiBatch& batch) override;
  void after_update() override { encoder_.after_update(); }
  void add_to(Weights& weights) override;
  Settings settings() const override { return settings_of(config_); }
  const Config& config() const { return config_; }

 private:
  HMemQa(const Config& config, uint64_t seed, Rng rng);

  Config config_;
  SentenceEncoder encoder_;
  BatchNorm story_norm_, query_norm_;
  HebbianMemory memory_;
  Dense output_;
  std::optional<Dense> story_layer_, question_layer_;   // extractor_layers = 2
  std::optional<Dense> answer_read_, answer_question_;  // answer_layer
  Dropout key_dropout_, value_dropout_, output_dropout_;
};

}  // namespace hmem
