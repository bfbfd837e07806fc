#pragma once
/// \file hmem_qa.h
/// H-Mem for question answering (Limbacher & Legenstein, NeurIPS 2020): the network of the bAbI experiments.

#include <string>
#include <vector>

#include "hmem/autodiff/ops_memory.h"
#include "hmem/autodiff/ops_nn.h"
#include "hmem/data/babi_batch.h"
#include "hmem/nn/layers.h"

namespace hmem {

/// Statistics of the batch norm over story sentences.
enum class StoryNorm {
  padded,  ///< sentences that pad a story to max_num_sentences count as zero rows, as in the reference
  masked,  ///< only real sentences
  none,    ///< no batch norm, neither for stories nor for questions
};
/// "padded", "masked", "none"; throws UsageError for another name.
StoryNorm story_norm(const std::string& name);

/// Story sentence x_t and question q (sentence encoding and batch norm), then
///   extract  k_t = relu(x_t W_k),  v_t = relu(x_t W_v)
///   write    M <- M + g+ (w_max - M) (*) k_t v_t^T - g- M (*) (k_t^2 1^T),   t = 1..T,  M = 0 at first
///   read     k_h = relu([q ; r_{h-1}] W_r),  r_h = M^T k_h,   h = 1..hops,  r_0 = 0
///   answer   logits = r_hops W_o
/// loss = mean cross entropy + l2 * (sum of squares of W_k, W_v, W_r).
class HMemQa {
 public:
  struct Config {
    int64_t vocabulary = 0;          ///< V, nil and time words included
    int64_t words_per_sentence = 0;  ///< W
    int64_t embeddings_size = 80;    ///< E
    int64_t memory_size = 100;       ///< D
    int hops = 3;
    HebbianRule rule;
    EncodingType encoding = EncodingType::learned;
    StoryNorm norm = StoryNorm::padded;
    double l2 = 1e-3;
  };

  /// Weights are drawn from the stream "init" of `seed`. Throws Error on sizes that are not positive.
  HMemQa(const Config& config, uint64_t seed);

  struct Result {
    Var loss;             ///< cross entropy + penalty
    CrossEntropy answer;  ///< cross entropy alone, predictions, probabilities
    Var logits;           ///< [B, V]
  };
  /// In training mode the moving averages of the batch norms follow this batch.
  Result forward(Tape& tape, const BabiBatch& batch);

  /// To be called after every update of the parameters.
  void after_update() { encoder_.after_update(); }

  std::vector<Parameter*> parameters();
  std::vector<Buffer*> buffers();
  const Config& config() const { return config_; }

 private:
  HMemQa(const Config& config, Rng rng);

  Config config_;
  SentenceEncoder encoder_;
  BatchNorm story_norm_, query_norm_;
  Dense key_, value_;  // extract
  Dense read_;         // rows [0, E) for the question, [E, E + D) for the value read before
  Dense output_;
};

}  // namespace hmem
