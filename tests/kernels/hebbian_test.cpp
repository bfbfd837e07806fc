#include "hmem/kernels/hebbian.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "catch.h"
#include "support/naive_memory.h"
#include "support/numbers.h"

namespace hmem {
namespace {

using test::Doubles;
using test::nan_tensor;
using test::random_tensor;
using test::worst_error;

constexpr double kTolerance = 1e-5;

/// Lengths around the multiples of 16, and more steps than the 32 and 64 that the backward pass keeps at once.
const std::vector<int64_t> kLengths = {0, 1, 2, 5, 16, 17, 33, 40, 70, 0, 100};

enum class Keys { mixed, positive, zero, sparse };

struct Case {
  const char* name;
  Keys keys;
  HebbianRule rule;
};

const std::vector<Case> kCases = {
    {"mixed keys, the paper's rule", Keys::mixed, {}},
    {"positive keys, w_max 2.5, strong rule", Keys::positive, {real(0.03), real(0.02), real(2.5)}},
    {"no key is ever positive", Keys::zero, {}},
    {"few positive keys, no decay", Keys::sparse, {real(0.2), real(0), real(1)}},
    {"mixed keys, decay only", Keys::mixed, {real(0), real(0.1), real(1)}},
    {"mixed keys, w_max 0.5", Keys::mixed, {real(0.05), real(0.03), real(0.5)}},
};

/// A batch with one sample of every length.
struct Batch {
  Batch(const Case& the_case, const std::vector<int64_t>& lengths, int64_t d_in, Rng& rng) : d(d_in) {
    for (const int64_t length : lengths) offsets.push_back(offsets.back() + length);
    z_k = random_tensor({offsets.back(), d}, rng);
    z_v = random_tensor({offsets.back(), d}, rng);
    for (real& z : z_k) {
      if (the_case.keys == Keys::positive) z = z < 0 ? -z : z;
      if (the_case.keys == Keys::zero) z = z < 0 ? z : real(0);
      if (the_case.keys == Keys::sparse) z -= real(1.5);
    }
    m = nan_tensor({size(), d, padded(d)});
  }
  int64_t size() const { return static_cast<int64_t>(offsets.size()) - 1; }
  int64_t steps(int64_t b) const { return offsets[static_cast<size_t>(b) + 1] - begin(b); }
  int64_t begin(int64_t b) const { return offsets[static_cast<size_t>(b)]; }
  const real* keys(int64_t b) const { return z_k.data() + begin(b) * d; }
  const real* values(int64_t b) const { return z_v.data() + begin(b) * d; }
  HebbianDims dims() const { return {size(), d, offsets.data()}; }

  int64_t d;
  std::vector<int64_t> offsets = {0};
  Tensor z_k, z_v, m;
};

/// The padded memory of sample b is `expected` [d, d], and zero in the padding.
void check_memory(const Batch& batch, int64_t b, const Doubles& expected) {
  const int64_t d = batch.d, ld = padded(d);
  Doubles padded(static_cast<size_t>(d * ld), 0.0);
  for (int64_t i = 0; i < d; ++i) {
    for (int64_t j = 0; j < d; ++j) padded[static_cast<size_t>(i * ld + j)] = expected[static_cast<size_t>(i * d + j)];
  }
  CHECK(worst_error(batch.m.data() + b * d * ld, d * ld, padded) <= kTolerance);
}

TEST_CASE("hebbian write and its adjoint against the equations in double", "[kernel]") {
  const int64_t d = GENERATE(1, 3, 16, 17, 20, 100, 130, 200);
  const int64_t ld = padded(d);
  Rng rng(static_cast<uint64_t>(d), "hebbian_test");
  for (const Case& the_case : kCases) {
    // The largest memories with every length take seconds in double; three cases cover all branches there.
    if (d > 100 && &the_case - kCases.data() >= 3) continue;
    CAPTURE(d, the_case.name);
    Batch batch(the_case, kLengths, d, rng);
    const int64_t n = batch.size();
    hebbian_write_forward(batch.m.data(), batch.z_k.data(), batch.z_v.data(), batch.dims(), the_case.rule);

    // Sample b has b mod 4 outer products; samples 0, 5, 10 a dense gradient too.
    const Tensor z = random_tensor({3, n, d}, rng), dr = random_tensor({3, n, d}, rng);
    Tensor dense = random_tensor({n, d, ld}, rng);
    std::vector<MemoryGrad> grads(static_cast<size_t>(n));
    std::vector<Doubles> dms;
    for (int64_t b = 0; b < n; ++b) {
      MemoryGrad& grad = grads[static_cast<size_t>(b)];
      Doubles dm(static_cast<size_t>(d * d), 0.0);
      for (grad.reads = 0; grad.reads < b % 4; ++grad.reads) {
        grad.z[grad.reads] = z.data() + (grad.reads * n + b) * d;
        grad.dr[grad.reads] = dr.data() + (grad.reads * n + b) * d;
        for (int64_t at = 0; at < d * d; ++at) {
          dm[static_cast<size_t>(at)] += test::positive_part(grad.z[grad.reads][at / d]) * grad.dr[grad.reads][at % d];
        }
      }
      if (b % 5 == 0) {
        grad.dense = dense.data() + b * d * ld;
        for (int64_t at = 0; at < d * d; ++at) dm[static_cast<size_t>(at)] += grad.dense[at / d * ld + at % d];
        for (int64_t at = 0; at < d * ld; ++at) {
          if (at % ld >= d) dense[b * d * ld + at] = 0;
        }
      }
      dms.push_back(std::move(dm));
    }

    Tensor dz_k = random_tensor(batch.z_k.shape(), rng), dz_v = random_tensor(batch.z_v.shape(), rng);
    Doubles expected_k = test::doubles(dz_k), expected_v = test::doubles(dz_v);
    hebbian_write_backward(dz_k.data(), dz_v.data(), nullptr, batch.z_k.data(), batch.z_v.data(), grads.data(),
                           batch.dims(), the_case.rule);

    for (int64_t b = 0; b < n; ++b) {
      CAPTURE(b, batch.steps(b));
      const auto history = test::naive_write(batch.keys(b), batch.values(b), batch.steps(b), d, the_case.rule);
      check_memory(batch, b, history.back());
      const int64_t begin = batch.begin(b) * d, count = batch.steps(b) * d;
      test::naive_write_backward(expected_k.data() + begin, expected_v.data() + begin, batch.keys(b), batch.values(b),
                                 dms[static_cast<size_t>(b)], history, d, the_case.rule);
      const auto part = [&](const Doubles& all) { return Doubles(all.begin() + begin, all.begin() + begin + count); };
      CHECK(worst_error(dz_k.data() + begin, count, part(expected_k)) <= kTolerance);
      CHECK(worst_error(dz_v.data() + begin, count, part(expected_v)) <= kTolerance);
    }
  }
}

TEST_CASE("hebbian write: the tiles of a long sequence do not show", "[kernel]") {
  // Backward takes the sequence as a whole when the gradients of the rates are wanted.
  const int64_t d = 130;
  Rng rng(4, "hebbian_test");
  for (const Case& the_case : kCases) {
    CAPTURE(the_case.name);
    Batch batch(the_case, {470, 0, 225, 3}, d, rng);
    const Tensor z = random_tensor({batch.size(), d}, rng), dr = random_tensor({batch.size(), d}, rng);
    for (int64_t t = 0; t < 300; ++t) batch.z_k[t * d + 5] = -1;  // a row that is written to late
    std::vector<MemoryGrad> grads(static_cast<size_t>(batch.size()));
    for (int64_t b = 0; b < batch.size(); ++b) {
      MemoryGrad& grad = grads[static_cast<size_t>(b)];
      grad.reads = 1;
      grad.z[0] = z.data() + b * d;
      grad.dr[0] = dr.data() + b * d;
    }
    Tensor tiled_k(batch.z_k.shape()), tiled_v(batch.z_v.shape()), whole_k(batch.z_k.shape()),
        whole_v(batch.z_v.shape()), dgamma({2});
    hebbian_write_backward(tiled_k.data(), tiled_v.data(), nullptr, batch.z_k.data(), batch.z_v.data(), grads.data(),
                           batch.dims(), the_case.rule);
    hebbian_write_backward(whole_k.data(), whole_v.data(), dgamma.data(), batch.z_k.data(), batch.z_v.data(),
                           grads.data(), batch.dims(), the_case.rule);
    CHECK(test::same_bits(tiled_k, whole_k));
    CHECK(test::same_bits(tiled_v, whole_v));
    hebbian_write_forward(batch.m.data(), batch.z_k.data(), batch.z_v.data(), batch.dims(), the_case.rule);
    for (int64_t b = 0; b < batch.size(); ++b) {
      check_memory(batch, b,
                   test::naive_write(batch.keys(b), batch.values(b), batch.steps(b), d, the_case.rule).back());
    }
  }
}

TEST_CASE("hebbian write: without a gradient of the memory nothing is added", "[kernel]") {
  Rng rng(1, "hebbian_test");
  Batch batch(kCases[0], {40, 3}, 20, rng);
  const std::vector<MemoryGrad> none(2);
  Tensor dz_k = random_tensor(batch.z_k.shape(), rng), dz_v = random_tensor(batch.z_v.shape(), rng);
  const Tensor before_k = dz_k.clone(), before_v = dz_v.clone();
  hebbian_write_backward(dz_k.data(), dz_v.data(), nullptr, batch.z_k.data(), batch.z_v.data(), none.data(),
                         batch.dims(), {});
  CHECK(test::same_bits(dz_k, before_k));
  CHECK(test::same_bits(dz_v, before_v));
}

TEST_CASE("hebbian write: the gradient of a key or value that is not positive is zero", "[kernel]") {
  Rng rng(2, "hebbian_test");
  Batch batch(kCases[0], {50}, 20, rng);
  batch.z_k[7] = batch.z_v[9] = 0;  // the gradient at the kink is zero
  const Tensor z = random_tensor({20}, rng), dr = random_tensor({20}, rng);
  MemoryGrad dm;
  dm.reads = 1;
  dm.z[0] = z.data();
  dm.dr[0] = dr.data();
  Tensor dz_k(batch.z_k.shape()), dz_v(batch.z_v.shape());
  hebbian_write_backward(dz_k.data(), dz_v.data(), nullptr, batch.z_k.data(), batch.z_v.data(), &dm, batch.dims(), {});
  int64_t moved = 0;
  for (int64_t i = 0; i < dz_k.count(); ++i) {
    CAPTURE(i);
    CHECK((batch.z_k[i] > 0 || dz_k[i] == 0));
    CHECK((batch.z_v[i] > 0 || dz_v[i] == 0));
    moved += (dz_k[i] != 0) + (dz_v[i] != 0);
  }
  CHECK(moved > dz_k.count() / 4);
}

TEST_CASE("hebbian write: a NaN propagates to the memory", "[kernel]") {
  Rng rng(3, "hebbian_test");
  Batch batch(kCases[0], {5}, 20, rng);
  const auto write = [&] {
    hebbian_write_forward(batch.m.data(), batch.z_k.data(), batch.z_v.data(), batch.dims(), {});
  };
  const int64_t at = 2 * 20 + 3, ld = padded(20);
  const real old = batch.z_k[at];
  batch.z_k[at] = std::numeric_limits<real>::quiet_NaN();
  write();
  CHECK(std::isnan(batch.m[3 * ld]));
  batch.z_k[at] = old;
  batch.z_v[at] = std::numeric_limits<real>::quiet_NaN();
  write();
  int64_t in_column = 0;
  for (int64_t i = 0; i < 20; ++i) in_column += std::isnan(batch.m[i * ld + 3]);
  CHECK(in_column > 0);
}

TEST_CASE("memory read and its adjoint against a loop in double", "[kernel]") {
  const int64_t d = GENERATE(1, 3, 16, 17, 20, 100, 130, 200), batch = GENERATE(1, 4, 7);
  CAPTURE(d, batch);
  const int64_t ld = padded(d);
  Rng rng(static_cast<uint64_t>(d), "memory_read");
  Tensor m = random_tensor({batch, d, ld}, rng);
  for (int64_t i = 0; i < m.count(); ++i) {
    if (i % ld >= d) m[i] = 0;
  }
  Tensor z = random_tensor({batch, d}, rng);
  for (int64_t i = 0; i < d; ++i) z[i] = -z[i] * z[i];  // the first sample reads nothing
  const Tensor dr = random_tensor({batch, d}, rng);
  Tensor r = nan_tensor({batch, d}), dz = random_tensor({batch, d}, rng);
  Doubles expected_r(static_cast<size_t>(batch * d), 0.0), expected_dz = test::doubles(dz);
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t i = 0; i < d; ++i) {
      for (int64_t j = 0; j < d; ++j) {
        const double w = m[(b * d + i) * ld + j], key = z[b * d + i];
        expected_r[static_cast<size_t>(b * d + j)] += test::positive_part(key) * w;
        if (key > 0) expected_dz[static_cast<size_t>(b * d + i)] += w * dr[b * d + j];
      }
    }
  }
  memory_read_forward(r.data(), m.data(), z.data(), batch, d);
  memory_read_backward(dz.data(), m.data(), z.data(), dr.data(), batch, d);
  CHECK(worst_error(r, expected_r) <= kTolerance);
  CHECK(worst_error(dz, expected_dz) <= kTolerance);
}

/// The whole recall of one sample in double, with its adjoint.
struct NaiveRecall {
  std::vector<Doubles> history, z, r;

  NaiveRecall(const Batch& batch, int64_t b, const real* q, const real* w_r, const HebbianRule& rule, int hops)
      : history(test::naive_write(batch.keys(b), batch.values(b), batch.steps(b), batch.d, rule)) {
    const size_t d = static_cast<size_t>(batch.d);
    Doubles last(d, 0.0);
    for (int h = 0; h < hops; ++h) {
      Doubles key(q, q + d);
      for (size_t i = 0; i < d; ++i) {
        for (size_t j = 0; j < d; ++j) key[j] += last[i] * w_r[i * d + j];
      }
      last = test::naive_read(history.back(), key);
      z.push_back(std::move(key));
      r.push_back(last);
    }
  }

  void backward(double* dz_k, double* dz_v, double* dq, double* dw_r, Doubles dr, const Batch& batch, int64_t b,
                const real* w_r, const HebbianRule& rule) const {
    const size_t d = static_cast<size_t>(batch.d);
    Doubles dm(d * d, 0.0);
    for (size_t h = z.size(); h-- > 0;) {
      Doubles dz(d, 0.0), dr_before(d, 0.0);
      for (size_t i = 0; i < d; ++i) {
        for (size_t j = 0; j < d; ++j) {
          if (z[h][i] > 0) dz[i] += history.back()[i * d + j] * dr[j];
          dm[i * d + j] += test::positive_part(z[h][i]) * dr[j];
        }
        dq[i] += dz[i];
      }
      for (size_t i = 0; i < d && h > 0; ++i) {
        for (size_t j = 0; j < d; ++j) {
          dw_r[i * d + j] += r[h - 1][i] * dz[j];
          dr_before[i] += dz[j] * w_r[i * d + j];
        }
      }
      dr = dr_before;
    }
    test::naive_write_backward(dz_k, dz_v, batch.keys(b), batch.values(b), std::move(dm), history, batch.d, rule);
  }
};

TEST_CASE("hebbian recall and its adjoint against loops in double", "[kernel]") {
  const int64_t d = GENERATE(3, 20, 33, 100);
  const int hops = GENERATE(1, 2, 3, 4);
  const std::vector<int64_t> lengths =
      GENERATE(std::vector<int64_t>{7}, std::vector<int64_t>{4, 0, 40}, std::vector<int64_t>{1, 2, 3, 4},
               std::vector<int64_t>{9, 33, 0, 6, 70, 2, 5, 1, 12});
  CAPTURE(d, hops, lengths.size());
  const HebbianRule rule = {real(0.04), real(0.03), real(1.5)};
  Rng rng(static_cast<uint64_t>(d + hops), "recall");
  const Batch batch(kCases[0], lengths, d, rng);
  const int64_t n = batch.size();
  const HebbianDims dims = batch.dims();
  const Tensor q = random_tensor({n, d}, rng), dout = random_tensor({n, d}, rng);
  const Tensor w_r = random_tensor({d, d}, rng, 1 / std::sqrt(static_cast<double>(d)));
  Tensor saved_m = nan_tensor({recall_saved_m(dims)}), saved_z = nan_tensor({recall_saved_z(dims, hops)}),
         saved_r = nan_tensor({recall_saved_z(dims, hops)}), out = nan_tensor({n, d});
  const RecallSaved saved = {saved_m.data(), saved_z.data(), saved_r.data()};
  hebbian_recall_forward(out.data(), batch.z_k.data(), batch.z_v.data(), q.data(), w_r.data(), saved, dims, rule, hops);

  Tensor dz_k = random_tensor(batch.z_k.shape(), rng, 0.1), dz_v = random_tensor(batch.z_v.shape(), rng, 0.1);
  Tensor dq = random_tensor({n, d}, rng, 0.1), dw_r = random_tensor({d, d}, rng, 0.1);
  Doubles expected, expected_k = test::doubles(dz_k), expected_v = test::doubles(dz_v), expected_q = test::doubles(dq),
                    expected_w = test::doubles(dw_r);
  const Tensor only_k = dz_k.clone(), only_v = dz_v.clone();
  for (int64_t b = 0; b < n; ++b) {
    const NaiveRecall recall(batch, b, q.data() + b * d, w_r.data(), rule, hops);
    expected.insert(expected.end(), recall.r.back().begin(), recall.r.back().end());
    recall.backward(expected_k.data() + batch.begin(b) * d, expected_v.data() + batch.begin(b) * d,
                    expected_q.data() + b * d, expected_w.data(),
                    Doubles(dout.data() + b * d, dout.data() + (b + 1) * d), batch, b, w_r.data(), rule);
  }
  CHECK(worst_error(out, expected) <= kTolerance);
  hebbian_recall_backward(dz_k.data(), dz_v.data(), dq.data(), dw_r.data(), nullptr, dout.data(), batch.z_k.data(),
                          batch.z_v.data(), w_r.data(), saved, dims, rule, hops);
  CHECK(worst_error(dz_k, expected_k) <= kTolerance);
  CHECK(worst_error(dz_v, expected_v) <= kTolerance);
  CHECK(worst_error(dq, expected_q) <= kTolerance);
  CHECK(worst_error(dw_r, expected_w) <= kTolerance);

  // Null: not requested. The requested gradients do not depend on it.
  Tensor again_k = only_k.clone(), again_v = only_v.clone();
  hebbian_recall_backward(again_k.data(), again_v.data(), nullptr, nullptr, nullptr, dout.data(), batch.z_k.data(),
                          batch.z_v.data(), w_r.data(), saved, dims, rule, hops);
  CHECK(test::same_bits(again_k, dz_k));
  CHECK(test::same_bits(again_v, dz_v));
}

}  // namespace
}  // namespace hmem
