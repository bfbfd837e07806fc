#pragma once
/// \file ops_sequence.h
/// Sequences on a tape.

#include <vector>

#include "hmem/autodiff/tape.h"
#include "hmem/kernels/lstm.h"

namespace hmem {

/// Joins sequences of a batch in time: parts [B, T_i, n] to [B, sum T_i, n], in the order given.
Var concat_steps(const std::vector<Var>& parts);

/// LSTM over x [B, T, in] with kernel [in, 4h], recurrent [h, 4h], bias [4h], gates i f g o: the last state [B, h], or
/// all states [B, T, h]. Formulas and source: kernels/lstm.h.
Var lstm(Var x, Var kernel, Var recurrent, Var bias, LstmOutput output = LstmOutput::last);

}  // namespace hmem
