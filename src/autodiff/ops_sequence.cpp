#include "hmem/autodiff/ops_sequence.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/kernels/attention.h"
#include "hmem/kernels/elementwise.h"
#include "hmem/kernels/embedding.h"

namespace hmem {

namespace {

const Op kConcatSteps("concat_steps"), kLstm("lstm"), kGatherRows("gather_rows"), kAttend("attend");

}  // namespace

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

Var gather_rows(Var x, const std::vector<int32_t>& rows) {
  HMEM_CHECK(x.shape().rank() == 2, "gather_rows: x ", x.shape(), ", expected [m, e]");
  for (size_t i = 0; i < rows.size(); ++i) {
    HMEM_CHECK(rows[i] >= -1 && rows[i] < x.size(0), "gather_rows: row ", rows[i], " at position ", i, " is outside x ",
               x.shape(), ", expected one of it or -1 for zeros");
  }
  Tape& tape = x.tape();
  const int64_t n = static_cast<int64_t>(rows.size()), e = x.size(1);
  const int32_t* row = tape.copy(rows);
  Var out =
      tape.record(kGatherRows, {n, e}, {x}, [=](Var y) { embedding_backward(x.grad(), y.grad(), row, n, e, -1); });
  embedding_forward(out.data(), x.data(), row, n, e, -1);
  return out;
}

Var attend(Var query, Var keys, Var values, const std::vector<int64_t>& offsets) {
  HMEM_CHECK(query.shape().rank() == 2 && keys.shape().rank() == 2 && values.shape().rank() == 2 &&
                 keys.size(1) == query.size(1) && values.size(0) == keys.size(0),
             "attend: query ", query.shape(), ", keys ", keys.shape(), ", values ", values.shape(),
             ", expected [B, e], [N, e], [N, f]");
  const int64_t batch = query.size(0), steps = keys.size(0);
  HMEM_CHECK(static_cast<int64_t>(offsets.size()) == batch + 1, "attend: ", offsets.size(), " offsets for query ",
             query.shape(), ", expected ", batch + 1);
  HMEM_CHECK(offsets.front() == 0 && offsets.back() == steps, "attend: offsets from ", offsets.front(), " to ",
             offsets.back(), " for keys ", keys.shape(), ", expected 0 to ", steps);
  for (size_t b = 0; b + 1 < offsets.size(); ++b) {
    HMEM_CHECK(offsets[b] < offsets[b + 1], "attend: sequence ", b, " has the steps [", offsets[b], ", ",
               offsets[b + 1], "), expected at least one");
  }
  Tape& tape = query.tape();
  const AttendDims dims = {batch, query.size(1), values.size(1), tape.copy(offsets)};
  real* p = tape.allocate<real>(steps);
  Var out = tape.record(kAttend, {batch, dims.f}, {query, keys, values}, [=](Var y) {
    attend_backward(query.grad(), keys.grad(), values.grad(), y.grad(), query.data(), keys.data(), values.data(), p,
                    dims);
  });
  attend_forward(out.data(), p, query.data(), keys.data(), values.data(), dims);
  return out;
}

}  // namespace hmem
