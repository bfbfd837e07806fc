#pragma once
/// \file ops_sequence.h
/// Sequences on a tape.

#include <cstdint>
#include <vector>

#include "hmem/autodiff/tape.h"
#include "hmem/kernels/lstm.h"

namespace hmem {

/// Joins sequences of a batch in time: parts [B, T_i, n] to [B, sum T_i, n], in the order given.
Var concat_steps(const std::vector<Var>& parts);

/// LSTM over x [B, T, in] with kernel [in, 4h], recurrent [h, 4h], bias [4h], gates i f g o: the last state [B, h], or
/// all states [B, T, h]. Formulas and source: kernels/lstm.h.
Var lstm(Var x, Var kernel, Var recurrent, Var bias, LstmOutput output = LstmOutput::last);

/// out [n, e] = x [m, e] at rows [n], which may repeat; -1 gives zeros. Throws Error when a row is outside x.
Var gather_rows(Var x, const std::vector<int32_t>& rows);

/// Soft attention over packed sequences (Sukhbaatar et al., NIPS 2015, section 2.1): with the steps i in [offsets[b],
/// offsets[b + 1]) of sample b, p = softmax_i(query_b . keys_i) and out_b = sum_i p_i values_i. query [B, e], keys
/// [N, e], values [N, f], offsets [B + 1], out [B, f]. Throws Error when shapes or offsets do not fit or a sequence is
/// empty.
Var attend(Var query, Var keys, Var values, const std::vector<int64_t>& offsets);

}  // namespace hmem
