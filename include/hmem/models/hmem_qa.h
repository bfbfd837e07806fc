#pragma once
/// \file hmem_qa.h
/// H-Mem for question answering (Limbacher & Legenstein, NeurIPS 2020): the network of the bAbI experiments.

#include <optional>
#include <string>
#include <vector>

#include "hmem/autodiff/ops_memory.h"
#include "hmem/autodiff/ops_nn.h"
#include "hmem/data/babi/batch.h"
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

/// How a pair of key and value changes the memory.
enum class WriteRule {
  hebbian,  ///< M += g+ (w_max - M) (*) k v^T - g- M (*) (k^2 1^T), the paper's
  outer,    ///< M += g+ k v^T, the plain outer product (ours)
};
/// "hebbian", "outer"; throws UsageError for another name.
WriteRule write_rule(const std::string& name);

/// Story sentence x_t and question q (sentence encoding and batch norm), then
///   extract  k_t = relu(x_t W_k),  v_t = relu(x_t W_v)
///   write    M <- M + g+ (w_max - M) (*) k_t v_t^T - g- M (*) (k_t^2 1^T),   t = 1..T,  M = 0 at first
///   read     k_h = relu([q ; r_{h-1}] W_r),  r_h = M^T k_h,   h = 1..hops,  r_0 = 0
///   answer   logits = r_hops W_o
/// loss = mean cross entropy + l2 * (sum of squares of W_k, W_v, W_r, W_d).
///
/// With read_before_write the pair that is written is
///   k'_t = LN(k_t),  v'_t = LN([v_t ; M^T k'_t] W_d)
/// (LN: layer norm with scale and shift): the value can depend on what the memory holds for this key already.
class HMemQa {
 public:
  struct Config {
    int64_t vocabulary = 0;          ///< V, nil and time words included
    int64_t words_per_sentence = 0;  ///< W
    int64_t embeddings_size = 80;    ///< E
    int64_t memory_size = 100;       ///< D
    int hops = 3;
    HebbianRule rule;
    WriteRule write_rule = WriteRule::hebbian;
    bool read_before_write = false;
    bool learn_gamma_pos = false;  ///< the rates are trained, from the values in `rule`
    bool learn_gamma_neg = false;
    bool tie_keys = false;  ///< the question's part of the read key uses W_k; W_r has the rows of the value read alone
    EncodingType encoding = EncodingType::learned;
    StoryNorm norm = StoryNorm::padded;
    double l2 = 1e-3;
    double dropout = 0;        ///< of the value that the last hop reads, before the output layer
    double story_dropout = 0;  ///< of the pre-activations of keys and values of story sentences
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
  HMemQa(const Config& config, uint64_t seed, Rng rng);

  Var recall(Tape& tape, Var z_k, Var z_v, const std::vector<int64_t>& offsets, Var q, Var w_r);

  Config config_;
  SentenceEncoder encoder_;
  BatchNorm story_norm_, query_norm_;
  Dense key_, value_;  // extract
  Dense read_;         // rows [0, E) for the question, [E, E + D) for the value read before
  Dense output_;
  std::optional<Dense> write_;       // W_d: rows [0, D) for the value, [D, 2 D) for what was read
  LayerNorm key_norm_, value_norm_;  // of read-before-write
  Dropout key_dropout_, value_dropout_, output_dropout_;
  Parameter gamma_pos_, gamma_neg_;  // used when they are learned
};

}  // namespace hmem
