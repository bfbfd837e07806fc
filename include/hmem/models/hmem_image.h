#pragma once
/// \file hmem_image.h
/// H-Mem for single-shot image association (Limbacher & Legenstein, NeurIPS 2020), above the features of ConvNet14.

#include "hmem/autodiff/ops_memory.h"
#include "hmem/models/association_net.h"
#include "hmem/nn/layers.h"

namespace hmem {

/// Frames x_t and query q, each through layers of their own: dense (ReLU), batch norm, dropout; then
///   extract  k_t = relu(x_t W_k),  v_t = relu(x_t W_v)
///   write    M <- M + g+ (w_max - M) (*) k_t v_t^T - g- M (*) (k_t^2 1^T),   all frames t = 1..T,  M = 0 at first
///   read     k = relu(q W_r),  r = M^T k
///   answer   logits = r W_o
/// Parameters "frame.dense.weight" [F, dense_size], "frame.norm.*", the same below "query.", "extract.key.weight",
/// "extract.value.weight", "read.weight" [dense_size, D], "output.weight" [D, classes]; no biases, he-uniform.
class HMemImage : public AssociationNet {
 public:
  struct Config {
    int64_t features = 1024;
    int64_t dense_size = 128;
    int64_t memory_size = 200;  ///< D
    int64_t classes = 10;
    HebbianRule rule;
    double dropout = 0.3;
  };

  /// Weights are drawn from the stream "init.hmem_image" of `seed`. Throws Error on sizes that are not positive.
  HMemImage(const Config& config, uint64_t seed);
  Var forward(Tape& tape, Var frames, Var queries) override;

  std::vector<Parameter*> parameters() override;
  std::vector<Buffer*> buffers() override;
  std::vector<Parameter*> penalised() override;
  const Config& config() const { return config_; }

 private:
  HMemImage(const Config& config, uint64_t seed, Rng rng);

  Config config_;
  Dense frame_dense_, query_dense_;
  BatchNorm frame_norm_, query_norm_;
  Dropout frame_dropout_, query_dropout_;
  Dense key_, value_, read_, output_;
  Tensor no_weight_;  // of the second hop, which there is not
  std::vector<int64_t> offsets_;
};

}  // namespace hmem
