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

  Parameter kernel, recurrent, bias;
};

}  // namespace hmem
