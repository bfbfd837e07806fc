#include "hmem/autodiff/ops_memory.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/kernels/hebbian.h"
#include "hmem/kernels/read_before_write.h"

namespace hmem {

namespace {

const Op kHebbianWrite("hebbian_write"), kMemoryRead("memory_read"), kMemoryValues("memory_values"),
    kHebbianRecall("hebbian_recall"), kReadBeforeWriteRecall("read_before_write_recall");

HebbianDims sequence_dims(const Op& op, Var z_k, Var z_v, const std::vector<int64_t>& offsets) {
  HMEM_CHECK(z_k.shape().rank() == 2 && z_k.shape() == z_v.shape(), op.name(), ": z_k ", z_k.shape(), ", z_v ",
             z_v.shape(), ", expected the same [steps, d]");
  HMEM_CHECK(!offsets.empty() && offsets.front() == 0 && offsets.back() == z_k.size(0) &&
                 std::is_sorted(offsets.begin(), offsets.end()),
             op.name(), ": the offsets must rise from 0 to ", z_k.size(0));
  return {static_cast<int64_t>(offsets.size()) - 1, z_k.size(1), z_k.tape().copy(offsets)};
}

/// The rule with the trained rates filled in.
HebbianRule rule_of(const Op& op, HebbianRule rule, const LearnedRates& rates) {
  for (const Var rate : {rates.gamma_pos, rates.gamma_neg}) {
    HMEM_CHECK(!rate.exists() || rate.count() == 1, op.name(), ": a rate has shape ", rate.shape(), ", expected [1]");
  }
  if (rates.gamma_pos.exists()) rule.gamma_pos = rates.pos_scale * *rates.gamma_pos.data();
  if (rates.gamma_neg.exists()) rule.gamma_neg = *rates.gamma_neg.data();
  return rule;
}

/// The arguments that were given.
std::vector<Var> given(std::vector<Var> inputs) {
  inputs.erase(std::remove_if(inputs.begin(), inputs.end(), [](Var var) { return !var.exists(); }), inputs.end());
  return inputs;
}

/// Passes the gradients of both rates from the kernel to the trained rates.
class RateGrads {
 public:
  explicit RateGrads(const LearnedRates& rates) : rates_(rates) {}
  real* data() { return rates_.gamma_pos.needs_grad() || rates_.gamma_neg.needs_grad() ? dgamma_ : nullptr; }
  void add() {
    if (rates_.gamma_pos.needs_grad()) *rates_.gamma_pos.grad() += rates_.pos_scale * dgamma_[0];
    if (rates_.gamma_neg.needs_grad()) *rates_.gamma_neg.grad() += dgamma_[1];
  }

 private:
  LearnedRates rates_;
  real dgamma_[2] = {0, 0};
};

/// The kernels compute some gradients together; an unneeded one goes to scratch memory.
RowsGrad grad_or_waste(Var var) {
  if (!var.needs_grad()) return {var.tape().allocate<real>(var.count()), true};
  bool unset = false;
  real* grad = var.grad(unset);
  return {grad, unset};
}

void check_recall(const Op& op, const HebbianDims& dims, const ReadKeys& keys, int hops) {
  HMEM_CHECK(hops >= 1 && hops <= MemoryGrad::kMaxReads, op.name(), ": hops must be in 1..", MemoryGrad::kMaxReads,
             ", found ", hops);
  const auto fits = [hops](const std::vector<Var>& vars) {
    return vars.size() == 1 || vars.size() == static_cast<size_t>(hops);
  };
  HMEM_CHECK(fits(keys.q) && fits(keys.w), op.name(), ": ", keys.q.size(), " q and ", keys.w.size(),
             " w_r, expected one of each or ", hops);
  const Shape square = {dims.d, dims.d};
  for (const Var q : keys.q) {
    HMEM_CHECK(q.shape() == Shape({dims.batch, dims.d}), op.name(), ": q ", q.shape(), ", expected [", dims.batch, ", ",
               dims.d, "]");
  }
  for (size_t h = 0; h < keys.w.size(); ++h) {
    const Var w = keys.w[h];
    const bool used = hops > 1 && (h > 0 || keys.w.size() == 1);
    HMEM_CHECK(!used || w.exists(), op.name(), ": ", hops, " hops need w_r, only a single hop goes without");
    HMEM_CHECK(!w.exists() || w.shape() == square, op.name(), ": w_r ", w.shape(), ", expected ", square);
  }
}

/// get(var) for each hop; hops share a single Var.
template <typename T, typename Get>
PerHop<T> per_hop(const std::vector<Var>& vars, const Get& get) {
  PerHop<T> all = get(vars.front());
  for (size_t h = 1; h < vars.size(); ++h) all.at[h] = get(vars[h]);
  return all;
}
PerHop<const real> values_of(const std::vector<Var>& vars) {
  return per_hop<const real>(vars, [](Var var) { return var.data(); });
}
PerHop<real> gradients_of(const std::vector<Var>& vars) {
  return per_hop<real>(vars, [](Var var) { return var.grad(); });
}

std::vector<Var> joined(std::vector<Var> inputs, const ReadKeys& keys) {
  for (const std::vector<Var>* more : {&keys.q, &keys.w}) inputs.insert(inputs.end(), more->begin(), more->end());
  return inputs;
}

RecallSaved allocate_recall(Tape& tape, const HebbianDims& dims, const Reads& reads) {
  RecallSaved saved;
  saved.m = tape.allocate<real>(recall_saved_m(dims));
  saved.z = tape.allocate<real>(recall_saved_z(dims, reads.hops));
  saved.r = tape.allocate<real>(recall_saved_z(dims, reads.hops));
  if (reads.norm) saved.rstd = tape.allocate<real>(reads.hops * dims.batch);
  return saved;
}

}  // namespace

Memory hebbian_write(Var z_k, Var z_v, const std::vector<int64_t>& offsets, const HebbianRule& fixed_rule,
                     const LearnedRates& rates) {
  const HebbianDims dims = sequence_dims(kHebbianWrite, z_k, z_v, offsets);
  const HebbianRule rule = rule_of(kHebbianWrite, fixed_rule, rates);
  Tape& tape = z_k.tape();
  Memory memory;
  memory.d = dims.d;
  MemoryGrad* dm = tape.allocate<MemoryGrad>(dims.batch);
  std::fill(dm, dm + dims.batch, MemoryGrad{});
  memory.grad = dm;
  const std::vector<Var> inputs = given({z_k, z_v, rates.gamma_pos, rates.gamma_neg});
  memory.m = tape.record(kHebbianWrite, {dims.batch, dims.d, padded(dims.d)}, inputs, [=](Var) {
    RateGrads dgamma(rates);
    hebbian_write_backward(grad_or_waste(z_k), grad_or_waste(z_v), dgamma.data(), z_k.data(), z_v.data(), dm, dims,
                           rule);
    dgamma.add();
  });
  hebbian_write_forward(memory.m.data(), z_k.data(), z_v.data(), dims, rule);
  return memory;
}

Var memory_read(const Memory& memory, Var z) {
  const int64_t batch = memory.m.size(0), d = memory.d;
  HMEM_CHECK(z.shape() == Shape({batch, d}), "memory_read: key ", z.shape(), ", expected [", batch, ", ", d, "]");
  const Var m = memory.m;
  MemoryGrad* dm = memory.grad;
  Var out = z.tape().record(kMemoryRead, {batch, d}, {m, z}, [=](Var r) {
    if (z.needs_grad()) memory_read_backward(z.grad(), m.data(), z.data(), r.grad(), batch, d);
    if (!m.needs_grad()) return;
    // The memory's own backward reads dr, later than this gradient lives.
    real* dr = r.tape().allocate<real>(batch * d);
    std::copy_n(r.grad(), batch * d, dr);
    for (int64_t b = 0; b < batch; ++b) {
      MemoryGrad& grad = dm[b];
      HMEM_CHECK(grad.reads < MemoryGrad::kMaxReads, "memory_read: a memory is read more than ", MemoryGrad::kMaxReads,
                 " times");
      grad.z[grad.reads] = z.data() + b * d;
      grad.dr[grad.reads] = dr + b * d;
      ++grad.reads;
    }
    m.tape().touch(m);
  });
  memory_read_forward(out.data(), m.data(), z.data(), batch, d);
  return out;
}

Var memory_values(const Memory& memory) {
  const Var m = memory.m;
  const int64_t batch = m.size(0), d = memory.d, ld = padded(d);
  MemoryGrad* dm = memory.grad;
  Var out = m.tape().record(kMemoryValues, {batch, d, d}, {m}, [=](Var values) {
    Tape& tape = m.tape();
    real* dense = const_cast<real*>(dm[0].dense);  // allocated here, by this operation
    if (!dense) {
      dense = tape.allocate<real>(batch * d * ld);
      std::fill(dense, dense + batch * d * ld, real(0));
      for (int64_t b = 0; b < batch; ++b) dm[b].dense = dense + b * d * ld;
    }
    for (int64_t row = 0; row < batch * d; ++row) {
      for (int64_t j = 0; j < d; ++j) dense[row * ld + j] += values.grad()[row * d + j];
    }
    tape.touch(m);
  });
  for (int64_t row = 0; row < batch * d; ++row) {
    std::copy(m.data() + row * ld, m.data() + row * ld + d, out.data() + row * d);
  }
  return out;
}

Var hebbian_recall(Var z_k, Var z_v, const std::vector<int64_t>& offsets, const ReadKeys& keys,
                   const HebbianRule& fixed_rule, const Reads& reads, const LearnedRates& rates) {
  const HebbianDims dims = sequence_dims(kHebbianRecall, z_k, z_v, offsets);
  check_recall(kHebbianRecall, dims, keys, reads.hops);
  const HebbianRule rule = rule_of(kHebbianRecall, fixed_rule, rates);
  Tape& tape = z_k.tape();
  const RecallSaved saved = allocate_recall(tape, dims, reads);
  const std::vector<Var> inputs = given(joined({z_k, z_v, rates.gamma_pos, rates.gamma_neg}, keys));
  Var out = tape.record(kHebbianRecall, {dims.batch, dims.d}, inputs, [=](Var r) {
    RateGrads dgamma(rates);
    const PerHop<real> dq = gradients_of(keys.q), dw = gradients_of(keys.w);  // first: q may be z_k
    hebbian_recall_backward(grad_or_waste(z_k), grad_or_waste(z_v), dq, dw, dgamma.data(), r.grad(), z_k.data(),
                            z_v.data(), values_of(keys.w), saved, dims, rule, reads);
    dgamma.add();
  });
  hebbian_recall_forward(out.data(), z_k.data(), z_v.data(), values_of(keys.q), values_of(keys.w), saved, dims, rule,
                         reads);
  return out;
}

Var read_before_write_recall(Var k, Var a, const std::vector<int64_t>& offsets, const ReadBeforeWriteVars& layer,
                             const ReadKeys& keys, const HebbianRule& fixed_rule, const Reads& reads,
                             const LearnedRates& rates) {
  const HebbianDims dims = sequence_dims(kReadBeforeWriteRecall, k, a, offsets);
  check_recall(kReadBeforeWriteRecall, dims, keys, reads.hops);
  const Var w = layer.w, scale = layer.scale, shift = layer.shift;
  HMEM_CHECK(
      w.shape() == Shape({dims.d, dims.d}) && scale.shape() == Shape({dims.d}) && shift.shape() == Shape({dims.d}),
      kReadBeforeWriteRecall.name(), ": w ", w.shape(), ", scale ", scale.shape(), ", shift ", shift.shape(),
      ", expected [", dims.d, ", ", dims.d, "], [", dims.d, "], [", dims.d, "]");
  const HebbianRule rule = rule_of(kReadBeforeWriteRecall, fixed_rule, rates);
  Tape& tape = k.tape();
  const RecallSaved recall = allocate_recall(tape, dims, reads);
  const int64_t rows = k.size(0), ld = padded(dims.d);
  ReadBeforeWriteSaved saved;
  saved.s = tape.allocate<real>(rows * ld);
  saved.xhat = tape.allocate<real>(rows * ld);
  saved.v = tape.allocate<real>(rows * ld);
  saved.rstd = tape.allocate<real>(rows);
  const ReadBeforeWrite values = {w.data(), scale.data(), shift.data(), layer.epsilon};
  const std::vector<Var> inputs = given(joined({k, a, w, scale, shift, rates.gamma_pos, rates.gamma_neg}, keys));
  Var out = tape.record(kReadBeforeWriteRecall, {dims.batch, dims.d}, inputs, [=](Var r) {
    RateGrads dgamma(rates);
    ReadBeforeWriteGrads grads;
    grads.dw = w.grad();
    grads.dscale = scale.grad();
    grads.dshift = shift.grad();
    grads.dq = gradients_of(keys.q);
    grads.dw_r = gradients_of(keys.w);
    grads.dk = grad_or_waste(k);  // after dq: q may be k
    grads.da = grad_or_waste(a);
    grads.dgamma = dgamma.data();
    read_before_write_recall_backward(grads, r.grad(), k.data(), values_of(keys.w), values, saved, recall, dims, rule,
                                      reads);
    dgamma.add();
  });
  read_before_write_recall_forward(out.data(), k.data(), a.data(), values_of(keys.q), values_of(keys.w), values, saved,
                                   recall, dims, rule, reads);
  return out;
}

}  // namespace hmem
