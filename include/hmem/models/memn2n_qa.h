#pragma once
/// \file memn2n_qa.h
/// The end-to-end memory network (Sukhbaatar et al., "End-to-end memory networks", NIPS 2015), a baseline: it stores
/// every sentence and reads with soft attention.

#include <vector>

#include "hmem/models/qa_model.h"

namespace hmem {

/// Hop h = 1..H over the sentences x_i of a story, u_1 = B q:
///   p_i = softmax_i(u_h . A_h x_i),   u_{h+1} = u_h + sum_i p_i C_h x_i,   logits = u_{H+1} W
/// Embeddings are tied as in section 2.2, "adjacent": A_{h+1} = C_h, B = A_1. W is a separate matrix. Sentences carry
/// time words in place of the paper's matrices T_A, T_C. Parameters "embedding.weight" (A_1), "hop<h>.embedding.weight"
/// (C_h), "output.weight" [E, V]; none is regularised.
class MemN2NQa : public QaModel {
 public:
  struct Config : QaConfig {
    int hops = 3;

    Config() { encoding = EncodingType::position; }
    template <typename Visitor>
    void visit(Visitor&& v) {
      QaConfig::visit(v);
      v("hops", hops, IntRange{1, 16}, "number of memory reads per question (--model=memn2n)");
    }
  };

  /// Weights are drawn from the stream "init.memn2n" of `seed`. Throws Error on sizes that are not positive.
  MemN2NQa(const Config& config, uint64_t seed);

  Var forward(Tape& tape, const BabiBatch& batch) override;
  void after_update() override;
  void add_to(Weights& weights) override;
  Settings settings() const override { return settings_of(config_); }

 private:
  MemN2NQa(const Config& config, Rng rng);

  Config config_;
  std::vector<SentenceEncoder> encoders_;  // A_1, C_1, .., C_H
  Dense output_;
};

}  // namespace hmem
