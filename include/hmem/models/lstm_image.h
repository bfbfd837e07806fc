#pragma once
/// \file lstm_image.h
/// The LSTM baseline of single-shot image association (Limbacher & Legenstein, NeurIPS 2020), above the features of
/// ConvNet14.

#include "hmem/models/association_net.h"
#include "hmem/nn/layers.h"
#include "hmem/nn/lstm.h"

namespace hmem {

/// Frames and then the query are one sequence through dense (ReLU), batch norm, dropout, which they share; LSTM; the
/// last state through a dense layer to the logits. Parameters "dense.weight" [F, dense_size], "norm.*", "lstm.*",
/// "output.weight" [hidden_size, classes]; the dense layers have no biases and are he-uniform. Two options (ours): a
/// layer norm in place of the batch norm, and gates that start for sequences of chrono_steps (nn/lstm.h).
class LstmImage : public AssociationNet {
 public:
  struct Config : AssociationConfig {
    int64_t hidden_size = 200;
    int64_t dense_size = 128;
    int64_t chrono_steps = 0;

    template <typename Visitor>
    void visit(Visitor&& v) {
      v("hidden_size", hidden_size, IntRange{1, 4096}, "number of units of the LSTM");
      v("dense_size", dense_size, IntRange{1, 4096}, "number of units of the dense layer above the ConvNet");
      visit_frame_norm(v);
      v(later("chrono_steps"), chrono_steps, IntRange{0, 1000000},
        "chrono initialisation: forget gates start so that units forget after up to this many steps; 0: bias 1");
    }
  };

  /// Weights are drawn from the stream "init.lstm_image" of `seed`. Throws Error on sizes that are not positive.
  LstmImage(const Config& config, uint64_t seed);
  Var forward(Tape& tape, const Frames& frames, Var queries) override;
  void add_to(Weights& weights) override;
  Settings settings() const override { return settings_of(config_); }
  const Config& config() const { return config_; }

 private:
  LstmImage(const Config& config, uint64_t seed, Rng rng);

  Config config_;
  Dense dense_;
  FrameNormLayer norm_;
  Dropout dropout_;
  Lstm lstm_;
  Dense output_;
};

}  // namespace hmem
