// The same bits for any number of threads and on every instruction set.

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "hmem/autodiff/ops_basic.h"
#include "hmem/autodiff/ops_memory.h"
#include "hmem/kernels/attention.h"
#include "hmem/kernels/dropout.h"
#include "hmem/kernels/elementwise.h"
#include "hmem/kernels/embedding.h"
#include "hmem/kernels/hebbian.h"
#include "hmem/kernels/lstm.h"
#include "hmem/kernels/norm.h"
#include "hmem/kernels/optim.h"
#include "hmem/kernels/pool.h"
#include "hmem/kernels/read_before_write.h"
#include "hmem/kernels/softmax.h"
#include "support/numbers.h"
#include "support/pairs.h"
#include "support/settings.h"

namespace hmem {
namespace {

using test::nan_tensor;
using test::random_tensor;
using Outputs = std::vector<Tensor>;

template <typename... Tensors>
Outputs outputs(Tensors&&... tensors) {
  Outputs all;
  (all.push_back(std::move(tensors)), ...);
  return all;
}

/// A kernel and its adjoint on random numbers; the same numbers in every call.
struct Kernel {
  const char* name;
  std::function<Outputs()> run;
};

Outputs memory_kernels(int64_t d, const Reads& reads = 3) {
  Rng rng(static_cast<uint64_t>(d), "equivalence");
  const std::vector<int64_t> offsets = {0, 7, 7, 90, 91, 131, 140, 150, 152, 160};
  const int64_t n = offsets.back(), batch = static_cast<int64_t>(offsets.size()) - 1, ld = padded(d);
  const HebbianDims dims = {batch, d, offsets.data()};
  const HebbianRule rule = {real(0.03), real(0.02), real(1.3)};
  const Tensor z_k = random_tensor({n, d}, rng), z_v = random_tensor({n, d}, rng), q = random_tensor({batch, d}, rng),
               dr = random_tensor({batch, d}, rng), w_r = random_tensor({d, d}, rng, 0.1);
  Tensor m = nan_tensor({batch, d, ld}), r = nan_tensor({batch, d}), dz = random_tensor({batch, d}, rng);
  hebbian_write_forward(m.data(), z_k.data(), z_v.data(), dims, rule);
  memory_read_forward(r.data(), m.data(), q.data(), batch, d);
  memory_read_backward(dz.data(), m.data(), q.data(), dr.data(), batch, d);
  std::vector<MemoryGrad> dm(static_cast<size_t>(batch));
  for (int64_t b = 0; b < batch; ++b) {
    MemoryGrad& grad = dm[static_cast<size_t>(b)];
    grad.reads = 2;
    grad.z[0] = grad.dr[1] = q.data() + b * d;
    grad.z[1] = grad.dr[0] = dr.data() + b * d;
    if (b % 2 == 0) grad.dense = m.data() + b * d * ld;
  }
  Tensor dz_k({n, d}), dz_v({n, d}), recall_dz_k({n, d}), recall_dz_v({n, d}), dq({batch, d}), dw({d, d});
  hebbian_write_backward(dz_k.data(), dz_v.data(), nullptr, z_k.data(), z_v.data(), dm.data(), dims, rule);

  Tensor saved_m({recall_saved_m(dims)}), saved_z({recall_saved_z(dims, 3)}), saved_r({recall_saved_z(dims, 3)}),
      saved_rstd({3 * batch}), out = nan_tensor({batch, d});
  const RecallSaved saved = {saved_m.data(), saved_z.data(), saved_r.data(), saved_rstd.data()};
  hebbian_recall_forward(out.data(), z_k.data(), z_v.data(), q.data(), w_r.data(), saved, dims, rule, reads);
  hebbian_recall_backward(recall_dz_k.data(), recall_dz_v.data(), dq.data(), dw.data(), nullptr, dr.data(), z_k.data(),
                          z_v.data(), w_r.data(), saved, dims, rule, reads);
  return outputs(m, r, dz, dz_k, dz_v, out, recall_dz_k, recall_dz_v, dq, dw);
}

Outputs read_before_write_kernels(int64_t d, const Reads& reads = 3, bool is_signed = false) {
  Rng rng(static_cast<uint64_t>(d), "equivalence");
  const std::vector<int64_t> offsets = {0, 7, 7, 60, 61, 81, 90, 100};
  const int64_t n = offsets.back(), batch = static_cast<int64_t>(offsets.size()) - 1, ld = padded(d);
  const HebbianDims dims = {batch, d, offsets.data()};
  const HebbianRule rule = {real(0.03), real(0.02), real(1.3), is_signed};
  const Tensor k = random_tensor({n, d}, rng), a = random_tensor({n, d}, rng), q = random_tensor({batch, d}, rng),
               dr = random_tensor({batch, d}, rng), w_r = random_tensor({d, d}, rng, 0.1),
               w = random_tensor({d, d}, rng, 0.1), scale = random_tensor({d}, rng), shift = random_tensor({d}, rng);
  Tensor s({n, ld}), xhat({n, ld}), v({n, ld}), rstd({n}), m({recall_saved_m(dims)}), z({recall_saved_z(dims, 3)}),
      r({recall_saved_z(dims, 3)}), read_rstd({3 * batch}), out = nan_tensor({batch, d});
  const ReadBeforeWrite layer = {w.data(), scale.data(), shift.data(), real(1e-3)};
  const ReadBeforeWriteSaved saved = {s.data(), xhat.data(), rstd.data(), v.data()};
  const RecallSaved recall = {m.data(), z.data(), r.data(), read_rstd.data()};
  read_before_write_recall_forward(out.data(), k.data(), a.data(), q.data(), w_r.data(), layer, saved, recall, dims,
                                   rule, reads);
  Tensor dk({n, d}), da({n, d}), dw({d, d}), dscale({d}), dshift({d}), dq({batch, d}), dw_r({d, d}), dgamma({2});
  read_before_write_recall_backward(
      {dk.data(), da.data(), dw.data(), dscale.data(), dshift.data(), dq.data(), dw_r.data(), dgamma.data()}, dr.data(),
      k.data(), w_r.data(), layer, saved, recall, dims, rule, reads);
  return outputs(out, s, xhat, v, rstd, m, dk, da, dw, dscale, dshift, dq, dw_r, dgamma);
}

Outputs layer_norm_kernels() {
  Rng rng(7, "equivalence");
  constexpr int64_t kE = 83, kRows = 600;
  const Tensor x = random_tensor({kRows, kE}, rng), dy = random_tensor({kRows, kE}, rng),
               scale = random_tensor({kE}, rng), shift = random_tensor({kE}, rng);
  Tensor y = nan_tensor({kRows, kE}), xhat = nan_tensor({kRows, padded(kE)}), rstd = nan_tensor({kRows}),
         dx({kRows, kE}), dscale({kE}), dshift({kE});
  layer_norm_forward(y.data(), xhat.data(), rstd.data(), x.data(), scale.data(), shift.data(), kRows, kE, real(1e-3));
  layer_norm_backward(dx.data(), dscale.data(), dshift.data(), dy.data(), xhat.data(), rstd.data(), scale.data(), kRows,
                      kE);
  return outputs(y, xhat, rstd, dx, dscale, dshift);
}

Outputs row_kernels() {
  Rng rng(9, "equivalence");
  constexpr int64_t kE = 83, kRows = 600;
  const Tensor x = random_tensor({kRows, kE}, rng), dy = random_tensor({kRows, kE}, rng),
               g = random_tensor({kRows}, rng);
  Tensor y = nan_tensor({kRows, kE}), r = nan_tensor({kRows}), dx({kRows, kE}), gated = nan_tensor({kRows, kE}),
         s = nan_tensor({kRows}), dgated({kRows, kE}), dg({kRows});
  positive_rms_norm_forward(y.data(), r.data(), x.data(), kRows, kE, real(1e-3));
  positive_rms_norm_backward(dx.data(), dy.data(), x.data(), r.data(), kRows, kE);
  gate_rows_forward(gated.data(), s.data(), x.data(), g.data(), kRows, kE);
  gate_rows_backward(dgated.data(), dg.data(), dy.data(), x.data(), s.data(), kRows, kE);
  return outputs(y, r, dx, gated, s, dgated, dg);
}

Outputs embedding_kernels() {
  Rng rng(1, "equivalence");
  constexpr int64_t kVocabulary = 40, kE = 83, kRows = 130, kWidth = 5;
  const Tensor table = random_tensor({kVocabulary, kE}, rng), encoding = random_tensor({kWidth, kE}, rng);
  const Tensor dx = random_tensor({kRows, kE}, rng);
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < kRows * kWidth; ++i) ids.push_back(static_cast<int32_t>(rng.below(kVocabulary)));
  Tensor out = nan_tensor({kRows, kE}), x = nan_tensor({kRows, kE}), by_row({kVocabulary, kE}),
         by_word({kVocabulary, kE}), dencoding({kWidth, kE});
  embedding_forward(out.data(), table.data(), ids.data(), kRows, kE);
  embedding_backward(by_row.data(), dx.data(), ids.data(), kRows, kE);
  sentence_encoding_forward(x.data(), table.data(), encoding.data(), ids.data(), kRows, kWidth, kE);
  sentence_encoding_backward(by_word.data(), dencoding.data(), dx.data(), table.data(), encoding.data(), ids.data(),
                             kRows, kWidth, kE);
  return outputs(out, x, by_row, by_word, dencoding);
}

Outputs norm_kernels() {
  Rng rng(2, "equivalence");
  constexpr int64_t kE = 83, kPadded = 50;
  const RowPairs pairs = test::random_pairs(200, 70, 900, rng);
  const int64_t n = pairs.rows;
  const Tensor x = random_tensor({n, kE}, rng), dy = random_tensor({n, kE}, rng), scale = random_tensor({kE}, rng),
               shift = random_tensor({kE}, rng), dsums = random_tensor({pairs.count(), kE}, rng);
  Tensor mean({kE}), variance({kE}), y = nan_tensor({n, kE}), dx({n, kE}), dscale({kE}), dshift({kE});
  Tensor pair_mean({kE}), pair_variance({kE}), centred({n, kE}), pair_y = nan_tensor({n, kE}), pair_dx({n, kE}),
                                                                 pair_dscale({kE}), pair_dshift({kE}),
                                                                 sums = nan_tensor({pairs.count(), kE}), drows({n, kE});
  const real epsilon = real(1e-3);
  NormStatistics statistics = {mean.data(), variance.data()},
                 pair_statistics = {pair_mean.data(), pair_variance.data()};
  batch_statistics(statistics, x.data(), n, kE, kPadded);
  batch_norm_forward(y.data(), x.data(), scale.data(), shift.data(), statistics, n, kE, epsilon);
  batch_norm_backward(dx.data(), dscale.data(), dshift.data(), dy.data(), x.data(), scale.data(), statistics, n, kE,
                      epsilon);
  batch_statistics_pairs(pair_statistics, centred.data(), x.data(), pairs, kE, kPadded);
  batch_norm_pairs_forward(pair_y.data(), x.data(), scale.data(), shift.data(), pair_statistics, pairs, kE, epsilon);
  batch_norm_pairs_backward(pair_dx.data(), pair_dscale.data(), pair_dshift.data(), dy.data(), x.data(), centred.data(),
                            scale.data(), pair_statistics, pairs, kE, epsilon);
  pair_sum_forward(sums.data(), x.data(), pairs, kE);
  pair_sum_backward(drows.data(), dsums.data(), pairs, kE);
  return outputs(mean, variance, y, dx, dscale, dshift, pair_mean, pair_variance, centred, pair_y, pair_dx, pair_dscale,
                 pair_dshift, sums, drows);
}

Outputs softmax_kernels() {
  Rng rng(3, "equivalence");
  constexpr int64_t kRows = 70, kN = 181;
  const Tensor logits = random_tensor({kRows, kN}, rng, 20);
  std::vector<int32_t> labels, argmax(static_cast<size_t>(kRows));
  for (int64_t i = 0; i < kRows; ++i) labels.push_back(static_cast<int32_t>(rng.below(kN)));
  Tensor p = nan_tensor({kRows, kN}), dlogits({kRows, kN}), e = nan_tensor({kRows, kN}), loss({1});
  loss[0] = static_cast<real>(
      softmax_cross_entropy_forward(p.data(), argmax.data(), logits.data(), labels.data(), kRows, kN));
  softmax_cross_entropy_backward(dlogits.data(), p.data(), labels.data(), real(0.1), kRows, kN);
  exp_forward(e.data(), logits.data(), kRows * kN);
  return outputs(p, dlogits, e, loss);
}

Outputs elementwise_kernels() {
  Rng rng(4, "equivalence");
  constexpr int64_t kN = 40003;
  const Tensor a = random_tensor({kN}, rng), b = random_tensor({kN}, rng);
  Tensor sum = nan_tensor({kN}), rectified = nan_tensor({kN}), dx = a.clone(), y = b.clone(), z = b.clone(),
         square({2});
  add_forward(sum.data(), a.data(), b.data(), kN);
  relu_forward(rectified.data(), a.data(), kN);
  relu_backward(dx.data(), b.data(), a.data(), kN);
  axpy(y.data(), real(0.3), a.data(), kN);
  accumulate(z.data(), a.data(), kN);
  const double squares = sum_of_squares(a.data(), kN);
  square[0] = static_cast<real>(squares);
  square[1] = static_cast<real>(squares - static_cast<double>(square[0]));
  Tensor p = a.clone(), m = b.clone(), v = rectified.clone(), u = b.clone(), q = a.clone();
  adam_update(p.data(), m.data(), v.data(), a.data(), real(0.7), real(0.01), real(0.9), real(0.999), real(1e-7),
              real(1e-3), kN);
  sgd_update(q.data(), u.data(), a.data(), real(0.7), real(0.01), real(0.9), false, real(1e-3), kN);
  sgd_update(q.data(), u.data(), b.data(), real(0.7), real(0.01), real(0.9), true, 0, kN);
  return outputs(sum, rectified, dx, y, z, square, p, m, v, q, u);
}

Outputs image_kernels() {
  Rng rng(6, "equivalence");
  constexpr int64_t kRows = 900, kN = 45;
  const Tensor x = random_tensor({kRows, kN}, rng, 3), bias = random_tensor({kN}, rng),
               dy = random_tensor({kRows, kN}, rng);
  Tensor y = nan_tensor({kRows, kN}), z = nan_tensor({kRows, kN}), dx({kRows, kN}), dz = nan_tensor({kRows, kN}),
         dbias({kN});
  elu_forward(y.data(), x.data(), kRows * kN);
  elu_backward(dx.data(), y.data(), dy.data(), kRows * kN);
  bias_forward(z.data(), x.data(), bias.data(), Activation::elu, kRows, kN);
  bias_backward(dz.data(), dbias.data(), dy.data(), z.data(), Activation::elu, kRows, kN);
  const ImageDims dims = {9, 10, 10, kN};  // the same numbers, seen as images
  Tensor pooled = nan_tensor({9, 5, 5, kN}), dinp({9, 10, 10, kN});
  std::vector<uint8_t> argmax(static_cast<size_t>(pooled.count()));
  max_pool_forward(pooled.data(), argmax.data(), x.data(), dims);
  max_pool_backward(dinp.data(), pooled.data(), argmax.data(), dims);
  Tensor dropped = nan_tensor({kRows, kN}), dkept({kRows, kN});
  const DropoutMask mask = {{5, 6}, uint64_t{1} << 33, 0.3};
  dropout_forward(dropped.data(), x.data(), mask, kRows * kN);
  dropout_backward(dkept.data(), dy.data(), mask, kRows * kN);
  return outputs(y, dx, z, dz, dbias, pooled, dinp, dropped, dkept);
}

Outputs lstm_kernels() {
  Rng rng(7, "equivalence");
  const LstmDims d = {70, 6, 20, 37};
  const int64_t rows = d.batch * d.steps, h = d.hidden;
  const Tensor x = random_tensor({rows, d.in}, rng), kernel = random_tensor({d.in, 4 * h}, rng, 0.5),
               recurrent = random_tensor({h, 4 * h}, rng, 0.3), bias = random_tensor({4 * h}, rng),
               dout = random_tensor({rows, h}, rng);
  Tensor gates = nan_tensor({rows, 4 * h}), c = nan_tensor({rows, h}), states = nan_tensor({rows, h});
  const LstmSaved saved = {gates.data(), c.data(), states.data()};
  lstm_forward(saved, x.data(), kernel.data(), recurrent.data(), bias.data(), d);
  Tensor dx({rows, d.in}), dkernel({d.in, 4 * h}), drecurrent({h, 4 * h}), dbias({4 * h});
  lstm_backward({dx.data(), dkernel.data(), drecurrent.data(), dbias.data()}, dout.data(), LstmOutput::all, x.data(),
                kernel.data(), recurrent.data(), saved, d);
  return outputs(gates, c, states, dx, dkernel, drecurrent, dbias);
}

Outputs attention_kernels() {
  Rng rng(8, "equivalence");
  constexpr int64_t kE = 37, kF = 83;
  const std::vector<int64_t> offsets = {0, 7, 8, 90, 91, 131, 140, 150, 152, 200};
  const int64_t n = offsets.back(), batch = static_cast<int64_t>(offsets.size()) - 1;
  const AttendDims dims = {batch, kE, kF, offsets.data()};
  const Tensor query = random_tensor({batch, kE}, rng), keys = random_tensor({n, kE}, rng),
               values = random_tensor({n, kF}, rng), dout = random_tensor({batch, kF}, rng);
  Tensor out = nan_tensor({batch, kF}), p = nan_tensor({n}), dvalues({n, kF});
  Tensor dboth({n + 3, kE});  // the gradients of query and keys overlap
  attend_forward(out.data(), p.data(), query.data(), keys.data(), values.data(), dims);
  attend_backward(dboth.data(), dboth.data() + 3 * kE, dvalues.data(), dout.data(), query.data(), keys.data(),
                  values.data(), p.data(), dims);
  return outputs(out, p, dboth, dvalues);
}

Outputs products() {
  Rng rng(5, "equivalence");
  const Tensor a = random_tensor({200, 90}, rng), b = random_tensor({90, 75}, rng), d = random_tensor({200, 75}, rng);
  Tensor c = nan_tensor({200, 75}), da({200, 90}), db({90, 75});
  gemm(c.data(), 75, matrix(a.data(), 90), matrix(b.data(), 75), 200, 75, 90, false);
  gemm(da.data(), 90, matrix(d.data(), 75), transposed(b.data(), 75), 200, 90, 75, true);
  gemm(db.data(), 75, transposed(a.data(), 90), matrix(d.data(), 75), 90, 75, 200, true);
  return outputs(c, da, db);
}

const std::vector<Kernel> kKernels = {
    {"memory, d = 20", [] { return memory_kernels(20); }},
    {"memory, d = 100", [] { return memory_kernels(100); }},
    {"memory, d = 130", [] { return memory_kernels(130); }},
    {"memory, sum of normalised reads",
     [] {
       return memory_kernels(100, {3, true, true});
     }},
    {"read-before-write, signed, sum of normalised reads",
     [] {
       return read_before_write_kernels(100, {3, true, true}, true);
     }},
    {"read-before-write, d = 20", [] { return read_before_write_kernels(20); }},
    {"read-before-write, d = 130", [] { return read_before_write_kernels(130); }},
    {"layer norm", layer_norm_kernels},
    {"rows", row_kernels},
    {"embedding", embedding_kernels},
    {"norm", norm_kernels},
    {"softmax", softmax_kernels},
    {"elementwise and updates", elementwise_kernels},
    {"images", image_kernels},
    {"lstm", lstm_kernels},
    {"attention", attention_kernels},
    {"matrix products", products},
};

void check_same(const Outputs& found, const Outputs& expected) {
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    CHECK(test::same_bits(found[i], expected[i]));
  }
}

TEST_CASE("kernels: the same bits with 1, 2, 3 threads on every instruction set", "[equiv]") {
  const test::UseGemm use(GemmBackend::builtin);
  for (const Kernel& kernel : kKernels) {
    CAPTURE(kernel.name);
    const Outputs expected = [&] {
      const test::UseThreads one(1);
      const test::UseKernels generic("generic");
      return kernel.run();
    }();
    for (const std::string& set : available_kernel_sets()) {
      for (const int threads : {1, 2, 3}) {
        CAPTURE(set, threads);
        const test::UseThreads use_threads(threads);
        const test::UseKernels use_kernels(set);
        check_same(kernel.run(), expected);
      }
    }
  }
}

TEST_CASE("products of the BLAS: the same bits with 1, 2, 3 threads", "[equiv]") {
  const test::UseGemm use(GemmBackend::blas);
  const test::UseThreads one(1);
  const Outputs expected = products();
  for (const int threads : {2, 3}) {
    CAPTURE(threads);
    const test::UseThreads more(threads);
    check_same(products(), expected);
  }
}

TEST_CASE("recall is write, reads and products composed", "[equiv]") {
  constexpr int64_t kD = 20, kBatch = 6;
  const int hops = GENERATE(1, 2, 4);
  CAPTURE(hops);
  Rng rng(6, "equivalence");
  const std::vector<int64_t> offsets = {0, 3, 3, 43, 44, 50, 61};
  const HebbianRule rule = {real(0.05), real(0.02), real(0.8)};
  Parameter z_k("z_k", {61, kD}), z_v("z_v", {61, kD}), q("q", {kBatch, kD}), w_r("w_r", {kD, kD});
  const std::vector<Parameter*> parameters = {&z_k, &z_v, &q, &w_r};
  for (Parameter* p : parameters) p->value = random_tensor(p->value.shape(), rng, p == &w_r ? 0.2 : 1);
  const Tensor weight = random_tensor({kBatch, kD}, rng);

  const auto run = [&](bool fused) {
    zero_gradients(parameters);
    Tape tape;
    const Var k = tape.leaf(z_k), v = tape.leaf(z_v), query = tape.leaf(q), w = tape.leaf(w_r);
    Var r;
    if (fused) {
      r = hebbian_recall(k, v, offsets, {query, w}, rule, hops);
    } else {
      const Memory memory = hebbian_write(k, v, offsets, rule);
      r = memory_read(memory, query);
      for (int h = 1; h < hops; ++h) r = memory_read(memory, add(query, matmul(r, w)));
    }
    tape.backward(weighted_sum(r, weight));
    Outputs all;
    all.push_back(Tensor({kBatch, kD}));
    std::copy(r.data(), r.data() + r.count(), all[0].begin());
    for (const Parameter* p : parameters) all.push_back(p->grad.clone());
    return all;
  };
  const Outputs composed = run(false), fused = run(true);
  for (size_t i = 0; i < composed.size(); ++i) {
    if (i == 4 && hops == 1) continue;  // one hop has no use for w_r
    CAPTURE(i);
    CHECK(test::worst_error(fused[i], test::doubles(composed[i])) <= 1e-5);
  }
}

}  // namespace
}  // namespace hmem
