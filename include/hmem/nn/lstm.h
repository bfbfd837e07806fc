#pragma once
/// \file lstm.h
/// The LSTM layer.

#include <string>
#include <vector>

#include "hmem/autodiff/ops_sequence.h"
#include "hmem/core/rng.h"
#include "hmem/nn/network.h"

namespace hmem {

/// x [B, T, in] to the last state [B, h], or to all states [B, T, h] (kernels/lstm.h). Kernel glorot-uniform, recurrent
/// weights orthogonal, bias 0 but 1 for the forget gates, as in Keras. Parameters "<name>.kernel" [in, 4h],
/// "<name>.recurrent" [h, 4h], "<name>.bias" [4h], gates i f g o.
class Lstm {
 public:
  Lstm(const std::string& name, int64_t in, int64_t hidden, Rng& rng);
  Var forward(Tape& tape, Var x, LstmOutput output = LstmOutput::last);
  void add_to(Weights& weights);
  /// Chrono initialisation (Tallec & Ollivier, ICLR 2018, section 2) for sequences of `steps`: forget gates start with
  /// the bias log u, u uniform in [1, steps - 1], input gates with minus the same, so that units forget after u steps.
  /// Throws Error when steps is below 2.
  void set_chrono_bias(int64_t steps, Rng& rng);

  Parameter kernel, recurrent, bias;
};

}  // namespace hmem
