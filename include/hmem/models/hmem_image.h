#pragma once
/// \file hmem_image.h
/// H-Mem for single-shot image association (Limbacher & Legenstein, NeurIPS 2020), above the features of ConvNet14.

#include <optional>

#include "hmem/models/association_net.h"
#include "hmem/nn/hebbian_memory.h"

namespace hmem {

/// Frames x_t and query q, each through its own layers (dense with ReLU, batch norm, dropout), then through a
/// HebbianMemory with one read:
///   r = memory(x_1 .. x_T, q),  logits = r W_o
/// Three options (ours): a layer norm in place of the batch norm; key_norm (hebbian_memory.h); and a write gate,
///   k_t <- s_t k_t,  v_t <- s_t v_t,  s_t = sigmoid(x_t w + b),  w = 0 and b = 2 at first
/// which multiplies growth and decay of the write by s_t^2: frames that are not worth remembering change nothing.
/// Parameters "frame.dense.weight" [F, dense_size], "frame.norm.*", the same below "query.", those of the memory
/// without a prefix, "output.weight" [D, classes]; no biases, he-uniform; "write_gate.weight" [dense_size, 1] and
/// "write_gate.bias" with the gate.
class HMemImage : public AssociationNet {
 public:
  struct Config : AssociationConfig {
    int64_t memory_size = 200;  ///< D
    int64_t dense_size = 128;
    HebbianRule rule;
    bool write_gate = false;
    bool key_norm = false;

    template <typename Visitor>
    void visit(Visitor&& v) {
      v("memory_size", memory_size, IntRange{1, 4096}, "number of rows and columns of the associative memory");
      v("dense_size", dense_size, IntRange{1, 4096}, "number of units of the dense layer above the ConvNet");
      visit_rule(v, rule);
      visit_frame_norm(v);
      v(later("write_gate"), write_gate, "scale what each frame writes by a learned gate");
      v(later("key_norm"), key_norm, "divide keys by their root mean square");
    }
  };

  /// Weights are drawn from the stream "init.hmem_image" of `seed`. Throws Error on sizes that are not positive.
  HMemImage(const Config& config, uint64_t seed);
  Var forward(Tape& tape, const Frames& frames, Var queries) override;
  void add_to(Weights& weights) override;
  Settings settings() const override { return settings_of(config_); }
  const Config& config() const { return config_; }

 private:
  HMemImage(const Config& config, uint64_t seed, Rng rng);

  Config config_;
  Dense frame_dense_, query_dense_;
  FrameNormLayer frame_norm_, query_norm_;
  Dropout frame_dropout_, query_dropout_;
  HebbianMemory memory_;
  Dense output_;
  std::optional<Dense> write_gate_;
};

}  // namespace hmem
