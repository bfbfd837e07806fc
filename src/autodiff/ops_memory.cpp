#include "hmem/autodiff/ops_memory.h"

#include <algorithm>

#include "hmem/core/check.h"

namespace hmem {

namespace {

const Op kHebbianWrite("hebbian_write"), kMemoryRead("memory_read"), kMemoryValues("memory_values"),
    kHebbianRecall("hebbian_recall");

HebbianDims sequence_dims(const Op& op, Var z_k, Var z_v, const std::vector<int64_t>& offsets) {
  HMEM_CHECK(z_k.shape().rank() == 2 && z_k.shape() == z_v.shape(), op.name(), ": z_k ", z_k.shape(), ", z_v ",
             z_v.shape(), ", expected the same [steps, d]");
  HMEM_CHECK(!offsets.empty() && offsets.front() == 0 && offsets.back() == z_k.size(0) &&
                 std::is_sorted(offsets.begin(), offsets.end()),
             op.name(), ": the offsets must rise from 0 to ", z_k.size(0));
  return {static_cast<int64_t>(offsets.size()) - 1, z_k.size(1), offsets.data()};
}

}  // namespace

Memory hebbian_write(Var z_k, Var z_v, const std::vector<int64_t>& offsets, const HebbianRule& rule) {
  const HebbianDims dims = sequence_dims(kHebbianWrite, z_k, z_v, offsets);
  Tape& tape = z_k.tape();
  Memory memory;
  memory.d = dims.d;
  MemoryGrad* dm = tape.allocate<MemoryGrad>(dims.batch);
  std::fill(dm, dm + dims.batch, MemoryGrad{});
  memory.grad = dm;
  memory.m = tape.record(kHebbianWrite, {dims.batch, dims.d, memory_stride(dims.d)}, {z_k, z_v}, [=](Var) {
    // The kernel computes both gradients together; one that is not wanted goes to memory that nobody reads.
    Tape& t = z_k.tape();
    real* dz_k = z_k.needs_grad() ? z_k.grad() : t.allocate<real>(z_k.count());
    real* dz_v = z_v.needs_grad() ? z_v.grad() : t.allocate<real>(z_v.count());
    hebbian_write_backward(dz_k, dz_v, z_k.data(), z_v.data(), dm, dims, rule);
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
    for (int64_t b = 0; b < batch; ++b) {
      MemoryGrad& grad = dm[b];
      HMEM_CHECK(grad.reads < MemoryGrad::kMaxReads, "memory_read: a memory is read more than ", MemoryGrad::kMaxReads,
                 " times");
      grad.z[grad.reads] = z.data() + b * d;
      grad.dr[grad.reads] = r.grad() + b * d;
      ++grad.reads;
    }
    m.tape().touch(m);
  });
  memory_read_forward(out.data(), m.data(), z.data(), batch, d);
  return out;
}

Var memory_values(const Memory& memory) {
  const Var m = memory.m;
  const int64_t batch = m.size(0), d = memory.d, ld = memory_stride(d);
  MemoryGrad* dm = memory.grad;
  Var out = m.tape().record(kMemoryValues, {batch, d, d}, {m}, [=](Var values) {
    Tape& tape = m.tape();
    if (!dm[0].dense) {
      real* dense = tape.allocate<real>(batch * d * ld);
      std::fill(dense, dense + batch * d * ld, real(0));
      for (int64_t b = 0; b < batch; ++b) dm[b].dense = dense + b * d * ld;
    }
    real* dense = const_cast<real*>(dm[0].dense);  // allocated above, by this operation
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

Var hebbian_recall(Var z_k, Var z_v, const std::vector<int64_t>& offsets, Var q, Var w_r, const HebbianRule& rule,
                   int hops) {
  const HebbianDims dims = sequence_dims(kHebbianRecall, z_k, z_v, offsets);
  HMEM_CHECK(q.shape() == Shape({dims.batch, dims.d}) && w_r.shape() == Shape({dims.d, dims.d}), "hebbian_recall: q ",
             q.shape(), ", w_r ", w_r.shape(), ", expected [", dims.batch, ", ", dims.d, "] and [", dims.d, ", ",
             dims.d, "]");
  HMEM_CHECK(hops >= 1 && hops <= MemoryGrad::kMaxReads, "hebbian_recall: hops must be in 1..", MemoryGrad::kMaxReads,
             ", found ", hops);
  Tape& tape = z_k.tape();
  RecallSaved saved;
  saved.m = tape.allocate<real>(recall_saved_m(dims));
  saved.z = tape.allocate<real>(recall_saved_z(dims, hops));
  saved.r = tape.allocate<real>(recall_saved_z(dims, hops));
  Var out = tape.record(kHebbianRecall, {dims.batch, dims.d}, {z_k, z_v, q, w_r}, [=](Var r) {
    Tape& t = z_k.tape();
    real* dz_k = z_k.needs_grad() ? z_k.grad() : t.allocate<real>(z_k.count());
    real* dz_v = z_v.needs_grad() ? z_v.grad() : t.allocate<real>(z_v.count());
    hebbian_recall_backward(dz_k, dz_v, q.grad(), w_r.grad(), r.grad(), z_k.data(), z_v.data(), w_r.data(), saved, dims,
                            rule, hops);
  });
  hebbian_recall_forward(out.data(), z_k.data(), z_v.data(), q.data(), w_r.data(), saved, dims, rule, hops);
  return out;
}

}  // namespace hmem
