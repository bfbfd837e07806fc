#include "hmem/kernels/read_before_write.h"

#include <cmath>
#include <vector>

#include "catch.h"
#include "kernels/simd/simd.h"
#include "support/naive_memory.h"
#include "support/numbers.h"

namespace hmem {
namespace {

using test::Doubles;
using test::nan_tensor;
using test::random_tensor;
using test::worst_error;

/// Lengths around 16, where the backward pass begins to cut the history, and one that needs many pieces.
const std::vector<int64_t> kStoryLengths = {0, 1, 2, 9, 16, 17, 32, 33, 120};

/// All inputs, and the same in double.
struct Inputs {
  Inputs(int64_t d_in, const HebbianRule& rule_in, Rng& rng) : d(d_in), rule(rule_in) {
    for (const int64_t length : kStoryLengths) offsets.push_back(offsets.back() + length);
    k = random_tensor({offsets.back(), d}, rng);
    a = random_tensor({offsets.back(), d}, rng);
    const double spread = 1 / std::sqrt(static_cast<double>(d));
    w = random_tensor({d, d}, rng, spread);
    w_r = random_tensor({d, d}, rng, spread);
    scale = random_tensor({d}, rng);
    shift = random_tensor({d}, rng);
    q = random_tensor({batch(), d}, rng);
    dout = random_tensor({batch(), d}, rng);
  }
  int64_t batch() const { return static_cast<int64_t>(offsets.size()) - 1; }

  int64_t d;
  HebbianRule rule;
  std::vector<int64_t> offsets = {0};
  Tensor k, a, w, w_r, scale, shift, q, dout;
};

struct Outcome {
  Doubles out, dk, da, dw, dscale, dshift, dq, dw_r, dgamma;
};

constexpr int kHops = 2;
constexpr double kNormEpsilon = 1e-3;

/// The equations and their adjoint for one sample, step by step in double with every M(t) kept.
void naive_sample(const Inputs& in, int64_t b, Outcome& total) {
  const int64_t d = in.d, first = in.offsets[static_cast<size_t>(b)];
  const int64_t steps = in.offsets[static_cast<size_t>(b) + 1] - first;
  const size_t n = static_cast<size_t>(d);
  const auto at = [n](size_t i, size_t j) { return i * n + j; };
  const double g_pos = in.rule.gamma_pos, g_neg = in.rule.gamma_neg, w_max = in.rule.w_max;
  std::vector<Doubles> memory(1, Doubles(n * n, 0.0)), key, read, xhat, value;
  Doubles rstd;
  for (int64_t t = 0; t < steps; ++t) {
    const Doubles& m = memory.back();
    Doubles k(n), s(n, 0.0), y(n), x(n), v(n), next = m;
    for (size_t i = 0; i < n; ++i) k[i] = in.k[(first + t) * d + static_cast<int64_t>(i)];
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) s[j] += k[i] * m[at(i, j)];
    }
    double mean = 0, variance = 0;
    for (size_t j = 0; j < n; ++j) {
      y[j] = in.a[(first + t) * d + static_cast<int64_t>(j)];
      for (size_t i = 0; i < n; ++i) y[j] += s[i] * in.w[static_cast<int64_t>(at(i, j))];
      mean += y[j] / static_cast<double>(d);
    }
    for (size_t j = 0; j < n; ++j) variance += (y[j] - mean) * (y[j] - mean) / static_cast<double>(d);
    rstd.push_back(1 / std::sqrt(variance + kNormEpsilon));
    for (size_t j = 0; j < n; ++j) {
      x[j] = (y[j] - mean) * rstd.back();
      v[j] = x[j] * in.scale[static_cast<int64_t>(j)] + in.shift[static_cast<int64_t>(j)];
    }
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        const double kv = k[i] * v[j], sign = in.rule.is_signed && kv < 0 ? -1 : 1;
        next[at(i, j)] += g_pos * (w_max * sign - m[at(i, j)]) * (sign * kv) - g_neg * m[at(i, j)] * k[i] * k[i];
      }
    }
    memory.push_back(next);
    key.push_back(k), read.push_back(s), xhat.push_back(x), value.push_back(v);
  }

  // Hops.
  std::vector<Doubles> z, r(1, Doubles(n, 0.0));
  for (int h = 0; h < kHops; ++h) {
    Doubles zh(n);
    for (size_t j = 0; j < n; ++j) {
      zh[j] = in.q[b * d + static_cast<int64_t>(j)];
      for (size_t i = 0; i < n; ++i) zh[j] += r.back()[i] * in.w_r[static_cast<int64_t>(at(i, j))];
    }
    z.push_back(zh);
    r.push_back(test::naive_read(memory.back(), zh));
  }
  for (size_t j = 0; j < n; ++j) total.out[static_cast<size_t>(b) * n + j] = r.back()[j];

  // Backward.
  Doubles dm(n * n, 0.0), dr(n);
  for (size_t j = 0; j < n; ++j) dr[j] = in.dout[b * d + static_cast<int64_t>(j)];
  for (int h = kHops - 1; h >= 0; --h) {
    const Doubles& zh = z[static_cast<size_t>(h)];
    Doubles dz(n, 0.0), before(n, 0.0);
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        dm[at(i, j)] += test::positive_part(zh[i]) * dr[j];
        if (zh[i] > 0) dz[i] += memory.back()[at(i, j)] * dr[j];
      }
    }
    for (size_t i = 0; i < n; ++i) {
      total.dq[static_cast<size_t>(b) * n + i] += dz[i];
      for (size_t j = 0; j < n; ++j) {
        total.dw_r[at(i, j)] += r[static_cast<size_t>(h)][i] * dz[j];
        before[i] += in.w_r[static_cast<int64_t>(at(i, j))] * dz[j];
      }
    }
    dr = before;
  }
  for (int64_t t = steps - 1; t >= 0; --t) {
    const size_t step = static_cast<size_t>(t), row = static_cast<size_t>(first + t) * n;
    const Doubles &m = memory[step], &k = key[step], &v = value[step], &x = xhat[step];
    Doubles dv(n, 0.0), g(n), dy(n), ds(n, 0.0);
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        const double h = dm[at(i, j)], sign = in.rule.is_signed && k[i] * v[j] < 0 ? -1 : 1;
        const double room = w_max - sign * m[at(i, j)];  // of the product k v
        dv[j] += h * g_pos * room * k[i];
        total.dk[row + i] += h * (g_pos * room * v[j] - 2 * g_neg * m[at(i, j)] * k[i]);
        total.dgamma[0] += h * room * k[i] * v[j];
        total.dgamma[1] -= h * m[at(i, j)] * k[i] * k[i];
        dm[at(i, j)] = h * (1 - g_pos * sign * k[i] * v[j] - g_neg * k[i] * k[i]);
      }
    }
    double mean = 0, along = 0;
    for (size_t j = 0; j < n; ++j) {
      total.dscale[j] += dv[j] * x[j];
      total.dshift[j] += dv[j];
      g[j] = dv[j] * in.scale[static_cast<int64_t>(j)];
      mean += g[j] / static_cast<double>(d);
      along += g[j] * x[j] / static_cast<double>(d);
    }
    for (size_t j = 0; j < n; ++j) {
      dy[j] = rstd[step] * (g[j] - mean - x[j] * along);
      total.da[row + j] += dy[j];
    }
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        total.dw[at(i, j)] += read[step][i] * dy[j];
        ds[i] += in.w[static_cast<int64_t>(at(i, j))] * dy[j];
      }
    }
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        total.dk[row + i] += m[at(i, j)] * ds[j];
        dm[at(i, j)] += k[i] * ds[j];
      }
    }
  }
}

TEST_CASE("read-before-write and its adjoint against the equations in double", "[kernel]") {
  const int64_t d = GENERATE(1, 5, 16, 17, 100, 150);
  HebbianRule rule = d == 17 || d == 150 ? HebbianRule{real(0.03), real(0.02), real(1.7)} : HebbianRule{};
  rule.is_signed = GENERATE(false, true);
  CAPTURE(d, rule.is_signed);
  Rng rng(static_cast<uint64_t>(d), "read_before_write_test");
  const Inputs in(d, rule, rng);
  const int64_t rows = in.offsets.back(), ld = padded(d), batch = in.batch();
  const HebbianDims dims = {batch, d, in.offsets.data()};
  Tensor out = nan_tensor({batch, d}), s = nan_tensor({rows, ld}), xhat = nan_tensor({rows, ld}),
         v = nan_tensor({rows, ld}), rstd = nan_tensor({rows}), m = nan_tensor({recall_saved_m(dims)}),
         z = nan_tensor({recall_saved_z(dims, kHops)}), r = nan_tensor({recall_saved_z(dims, kHops)});
  const ReadBeforeWrite layer = {in.w.data(), in.scale.data(), in.shift.data(), static_cast<real>(kNormEpsilon)};
  const ReadBeforeWriteSaved saved = {s.data(), xhat.data(), rstd.data(), v.data()};
  const RecallSaved recall = {m.data(), z.data(), r.data()};
  read_before_write_recall_forward(out.data(), in.k.data(), in.a.data(), in.q.data(), in.w_r.data(), layer, saved,
                                   recall, dims, rule, kHops);

  // Gradients are added to.
  Tensor dk = random_tensor({rows, d}, rng), da = random_tensor({rows, d}, rng), dw = random_tensor({d, d}, rng),
         dscale = random_tensor({d}, rng), dshift = random_tensor({d}, rng), dq = random_tensor({batch, d}, rng),
         dw_r = random_tensor({d, d}, rng), dgamma = random_tensor({2}, rng);
  Outcome expected = {Doubles(static_cast<size_t>(batch * d), 0.0),
                      test::doubles(dk),
                      test::doubles(da),
                      test::doubles(dw),
                      test::doubles(dscale),
                      test::doubles(dshift),
                      test::doubles(dq),
                      test::doubles(dw_r),
                      test::doubles(dgamma)};
  for (int64_t b = 0; b < batch; ++b) naive_sample(in, b, expected);
  ReadBeforeWriteGrads grads = {dk.data(),     da.data(), dw.data(),   dscale.data(),
                                dshift.data(), dq.data(), dw_r.data(), dgamma.data()};
  read_before_write_recall_backward(grads, in.dout.data(), in.k.data(), in.w_r.data(), layer, saved, recall, dims, rule,
                                    kHops);

  const double tolerance = 2e-4;  // long sums of both signs, and a small deviation in a layer norm, in float
  CHECK(worst_error(out.data(), out.count(), expected.out) <= tolerance);
  CHECK(worst_error(dk.data(), dk.count(), expected.dk) <= tolerance);
  CHECK(worst_error(da.data(), da.count(), expected.da) <= tolerance);
  CHECK(worst_error(dw.data(), dw.count(), expected.dw) <= tolerance);
  CHECK(worst_error(dscale.data(), dscale.count(), expected.dscale) <= tolerance);
  CHECK(worst_error(dshift.data(), dshift.count(), expected.dshift) <= tolerance);
  CHECK(worst_error(dq.data(), dq.count(), expected.dq) <= tolerance);
  CHECK(worst_error(dw_r.data(), dw_r.count(), expected.dw_r) <= tolerance);
  CHECK(worst_error(dgamma.data(), dgamma.count(), expected.dgamma) <= tolerance);

  // Gradients that are not requested are left out, the others have the same bits.
  Tensor again_k({rows, d}), again_a({rows, d}), only_k({rows, d}), only_a({rows, d});
  grads.dk = again_k.data(), grads.da = again_a.data();
  read_before_write_recall_backward(grads, in.dout.data(), in.k.data(), in.w_r.data(), layer, saved, recall, dims, rule,
                                    kHops);
  ReadBeforeWriteGrads only;
  only.dk = only_k.data(), only.da = only_a.data();
  read_before_write_recall_backward(only, in.dout.data(), in.k.data(), in.w_r.data(), layer, saved, recall, dims, rule,
                                    kHops);
  CHECK(test::same_bits(only_k, again_k));
  CHECK(test::same_bits(only_a, again_a));
}

/// Memory after `steps` writes of given keys and values, and dk, dv for a dM of ones.
struct Written {
  Tensor m, dk, dv;
};

Written write(const Tensor& k, const Tensor& v, HebbianRule rule, bool is_signed) {
  rule.is_signed = is_signed;
  const int64_t steps = k.size(0), d = k.size(1), ld = padded(d);
  Tensor histories({steps, d, ld}), values({steps, ld});
  for (int64_t t = 0; t < steps; ++t) {
    std::copy_n(v.data() + t * d, d, values.data() + t * ld);
    simd().rbw_step(histories.data() + t * d * ld, t > 0 ? histories.data() + (t - 1) * d * ld : nullptr, nullptr,
                    k.data() + t * d, values.data() + t * ld, nullptr, d, rule);
  }
  Tensor h({d, ld}), sums({simd().rbw_reverse_scratch(d)});
  h.fill(1);
  Written out = {Tensor({d, ld}), Tensor({steps, d}), Tensor({steps, ld})};
  std::copy_n(histories.data() + (steps - 1) * d * ld, d * ld, out.m.data());
  for (int64_t t = steps - 1; t >= 0; --t) {
    simd().rbw_reverse(h.data(), t > 0 ? histories.data() + (t - 1) * d * ld : nullptr, out.dv.data() + t * ld,
                       out.dk.data() + t * d, nullptr, nullptr, k.data() + t * d, values.data() + t * ld, nullptr,
                       nullptr, d, rule, sums.data());
  }
  return out;
}

TEST_CASE("the signed rule has the bits of the paper's for keys and values that are not negative", "[kernel]") {
  Rng rng(1, "signed");
  Tensor k = random_tensor({40, 21}, rng), v = random_tensor({40, 21}, rng);
  for (Tensor* x : {&k, &v}) {
    for (real& one : *x) one = std::max(one, real(0));
  }
  const HebbianRule rule = {real(0.05), real(0.03), real(1)};
  const Written paper = write(k, v, rule, false), other = write(k, v, rule, true);
  CHECK(test::same_bits(paper.m, other.m));
  CHECK(test::same_bits(paper.dk, other.dk));
  CHECK(test::same_bits(paper.dv, other.dv));
}

TEST_CASE("a thousand sentences with negative keys: the paper's rule overflows, the signed rule stays bounded",
          "[kernel]") {
  constexpr int64_t kSentences = 1000, kD = 32;
  // Layer-normed rows have squares of sum d: here one large number in each, as trained keys have.
  Rng rng(2, "signed");
  Tensor k({kSentences, kD}), v({kSentences, kD});
  for (int64_t t = 0; t < kSentences; ++t) {
    for (int64_t j = 0; j < kD; ++j) k[t * kD + j] = v[t * kD + j] = static_cast<real>(0.3 * rng.normal());
    k[t * kD + 3] = real(-2.5), v[t * kD + 7] = real(5);
  }
  const HebbianRule rule;
  const auto largest = [](const Tensor& x) {
    real most = 0;
    for (const real one : x) most = one == one ? std::max(most, std::abs(one)) : real(INFINITY);
    return most;
  };
  CHECK(largest(write(k, v, rule, false).m) > real(1e12));
  const Written bounded = write(k, v, rule, true);
  CHECK(largest(bounded.m) <= 1);
  CHECK(largest(bounded.m) > real(0.5));
  CHECK(largest(bounded.dk) < 1);
  CHECK(largest(bounded.dv) < 1);
}

}  // namespace
}  // namespace hmem
