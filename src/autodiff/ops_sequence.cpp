#include "hmem/autodiff/ops_sequence.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/kernels/elementwise.h"

namespace hmem {

namespace {
const Op kConcatSteps("concat_steps"), kLstm("lstm");
}

Var concat_steps(const std::vector<Var>& parts) {
  HMEM_CHECK(!parts.empty() && parts[0].shape().rank() == 3, "concat_steps: expected sequences [B, T, n]");
  const int64_t batch = parts[0].size(0), n = parts[0].size(2);
  int64_t steps = 0;
  for (const Var part : parts) {
    HMEM_CHECK(part.shape() == Shape({batch, part.size(1), n}), "concat_steps: shapes ", parts[0].shape(), " and ",
               part.shape(), " differ in more than the steps");
    steps += part.size(1);
  }
  // visit(part, its rows of sample b, the rows of the result, number of elements)
  const auto over_rows = [=](const auto& visit) {
    for (int64_t b = 0; b < batch; ++b) {
      int64_t to = b * steps * n;
      for (const Var part : parts) {
        const int64_t count = part.size(1) * n;
        visit(part, b * count, to, count);
        to += count;
      }
    }
  };
  Var out = parts[0].tape().record(kConcatSteps, {batch, steps, n}, parts, [=](Var joined) {
    over_rows([&](Var part, int64_t from, int64_t to, int64_t count) {
      if (part.needs_grad()) accumulate(part.grad() + from, joined.grad() + to, count);
    });
  });
  over_rows([&](Var part, int64_t from, int64_t to, int64_t count) {
    std::copy(part.data() + from, part.data() + from + count, out.data() + to);
  });
  return out;
}

Var lstm(Var x, Var kernel, Var recurrent, Var bias, LstmOutput output) {
  HMEM_CHECK(recurrent.shape().rank() == 2 && x.shape().rank() == 3 && x.size(1) > 0 && recurrent.size(0) > 0,
             "lstm: x ", x.shape(), ", recurrent ", recurrent.shape(), ", expected [B, T, in] and [h, 4h]");
  const LstmDims dims = {x.size(0), x.size(1), x.size(2), recurrent.size(0)};
  const int64_t h = dims.hidden;
  HMEM_CHECK(recurrent.size(1) == 4 * h && kernel.shape() == Shape({dims.in, 4 * h}) && bias.shape() == Shape({4 * h}),
             "lstm: x ", x.shape(), ", kernel ", kernel.shape(), ", recurrent ", recurrent.shape(), ", bias ",
             bias.shape(), ", expected [B, T, in], [in, 4h], [h, 4h], [4h]");
  Tape& tape = x.tape();
  const int64_t states = dims.batch * dims.steps * h;
  LstmSaved saved = {tape.allocate<real>(4 * states), tape.allocate<real>(states), nullptr};
  if (output == LstmOutput::last) saved.h = tape.allocate<real>(states);
  const Shape shape = output == LstmOutput::last ? Shape({dims.batch, h}) : Shape({dims.batch, dims.steps, h});
  Var out = tape.record(kLstm, shape, {x, kernel, recurrent, bias}, [=](Var y) {
    const LstmSaved states_of = {saved.gates, saved.c, output == LstmOutput::all ? y.data() : saved.h};
    lstm_backward({x.grad(), kernel.grad(), recurrent.grad(), bias.grad()}, y.grad(), output, x.data(), kernel.data(),
                  recurrent.data(), states_of, dims);
  });
  if (output == LstmOutput::all) saved.h = out.data();
  lstm_forward(saved, x.data(), kernel.data(), recurrent.data(), bias.data(), dims);
  for (int64_t b = 0; b < dims.batch && output == LstmOutput::last; ++b) {
    const real* last = saved.h + ((b + 1) * dims.steps - 1) * h;
    std::copy(last, last + h, out.data() + b * h);
  }
  return out;
}

}  // namespace hmem
