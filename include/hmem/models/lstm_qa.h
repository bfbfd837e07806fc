#pragma once
/// \file lstm_qa.h
/// An LSTM over sentence encodings, a baseline of question answering: a network without an associative memory on the
/// same input.

#include "hmem/models/qa_model.h"
#include "hmem/nn/lstm.h"

namespace hmem {

/// The sentences of a story and then its question, encoded as for H-Mem, are one sequence:
///   h_1 .. h_{T+1} = lstm(x_1 .. x_T, q),   logits = h_{T+1} W_o
/// Parameters "embedding.weight", "encoding.weight", "lstm.*", "output.weight" [h, V]; none is regularised.
class LstmQa : public QaModel {
 public:
  struct Config : QaConfig {
    int64_t hidden_size = 100;

    template <typename Visitor>
    void visit(Visitor&& v) {
      QaConfig::visit(v);
      v("hidden_size", hidden_size, IntRange{1, 4096}, "number of units of the LSTM (--model=lstm)");
    }
  };

  /// Weights are drawn from the stream "init.lstm_qa" of `seed`. Throws Error on sizes that are not positive.
  LstmQa(const Config& config, uint64_t seed);

  Var forward(Tape& tape, const BabiBatch& batch) override;
  void after_update() override { encoder_.after_update(); }
  void add_to(Weights& weights) override;
  Settings settings() const override { return settings_of(config_); }

 private:
  LstmQa(const Config& config, Rng rng);

  Config config_;
  SentenceEncoder encoder_;
  Lstm lstm_;
  Dense output_;
};

}  // namespace hmem
