#include "hmem/kernels/lstm.h"

#include <cmath>
#include <vector>

#include "catch.h"
#include "hmem/autodiff/ops_basic.h"
#include "hmem/autodiff/ops_sequence.h"
#include "hmem/core/check.h"
#include "support/numbers.h"

namespace hmem {
namespace {

using test::doubles;
using test::nan_tensor;
using test::random_tensor;
using test::worst_error;
using Doubles = std::vector<double>;

/// The composed reference: one unit, one step, one number at a time, in double, with the chain rule written out;
/// central differences are in the gradient table.
struct ComposedLstm {
  LstmDims d;
  Doubles x, kernel, recurrent, bias;
  Doubles i, f, g, o, c, h;
  Doubles dx, dkernel, drecurrent, dbias;

  size_t at(int64_t b, int64_t t, int64_t j) const { return static_cast<size_t>((b * d.steps + t) * d.hidden + j); }
  size_t in_at(int64_t b, int64_t t, int64_t k) const { return static_cast<size_t>((b * d.steps + t) * d.in + k); }
  size_t column(int64_t row, int64_t gate, int64_t j) const {
    return static_cast<size_t>((row * 4 + gate) * d.hidden + j);
  }
  static double sigmoid(double z) { return 1 / (1 + std::exp(-z)); }

  void forward() {
    for (Doubles* values : {&i, &f, &g, &o, &c, &h})
      values->assign(static_cast<size_t>(d.batch * d.steps * d.hidden), 0);
    for (int64_t b = 0; b < d.batch; ++b)
      for (int64_t t = 0; t < d.steps; ++t)
        for (int64_t j = 0; j < d.hidden; ++j) {
          double z[4];
          for (int64_t gate = 0; gate < 4; ++gate) {
            z[gate] = bias[column(0, gate, j)];
            for (int64_t k = 0; k < d.in; ++k) z[gate] += x[in_at(b, t, k)] * kernel[column(k, gate, j)];
            for (int64_t k = 0; k < d.hidden && t > 0; ++k)
              z[gate] += h[at(b, t - 1, k)] * recurrent[column(k, gate, j)];
          }
          const size_t s = at(b, t, j);
          i[s] = sigmoid(z[0]);
          f[s] = sigmoid(z[1]);
          g[s] = std::tanh(z[2]);
          o[s] = sigmoid(z[3]);
          c[s] = (t > 0 ? f[s] * c[at(b, t - 1, j)] : 0) + i[s] * g[s];
          h[s] = o[s] * std::tanh(c[s]);
        }
  }

  void backward(const Doubles& dout) {
    Doubles dh = dout, dc(c.size(), 0.0);
    for (int64_t b = 0; b < d.batch; ++b)
      for (int64_t t = d.steps - 1; t >= 0; --t)
        for (int64_t j = 0; j < d.hidden; ++j) {
          const size_t s = at(b, t, j);
          const double tanh_c = std::tanh(c[s]);
          dc[s] += dh[s] * o[s] * (1 - tanh_c * tanh_c);
          const double before = t > 0 ? c[at(b, t - 1, j)] : 0;
          if (t > 0) dc[at(b, t - 1, j)] += dc[s] * f[s];
          const double dz[4] = {dc[s] * g[s] * i[s] * (1 - i[s]), dc[s] * before * f[s] * (1 - f[s]),
                                dc[s] * i[s] * (1 - g[s] * g[s]), dh[s] * tanh_c * o[s] * (1 - o[s])};
          for (int64_t gate = 0; gate < 4; ++gate) {
            dbias[column(0, gate, j)] += dz[gate];
            for (int64_t k = 0; k < d.in; ++k) {
              dkernel[column(k, gate, j)] += dz[gate] * x[in_at(b, t, k)];
              dx[in_at(b, t, k)] += dz[gate] * kernel[column(k, gate, j)];
            }
            for (int64_t k = 0; k < d.hidden && t > 0; ++k) {
              drecurrent[column(k, gate, j)] += dz[gate] * h[at(b, t - 1, k)];
              dh[at(b, t - 1, k)] += dz[gate] * recurrent[column(k, gate, j)];
            }
          }
        }
  }
};

TEST_CASE("the fused lstm equals the composed one", "[kernel][equiv]") {
  const LstmDims d =
      GENERATE(LstmDims{1, 1, 1, 1}, LstmDims{3, 7, 5, 16}, LstmDims{2, 12, 20, 37}, LstmDims{40, 3, 8, 5});
  const LstmOutput output = GENERATE(LstmOutput::last, LstmOutput::all);
  CAPTURE(d.batch, d.steps, d.in, d.hidden, static_cast<int>(output));
  Rng rng(static_cast<uint64_t>(d.hidden), "lstm");
  const int64_t rows = d.batch * d.steps, h = d.hidden;
  const Tensor x = random_tensor({rows, d.in}, rng), kernel = random_tensor({d.in, 4 * h}, rng, 0.5),
               recurrent = random_tensor({h, 4 * h}, rng, 0.4), bias = random_tensor({4 * h}, rng);
  Tensor dx = random_tensor({rows, d.in}, rng), dkernel = random_tensor({d.in, 4 * h}, rng),
         drecurrent = random_tensor({h, 4 * h}, rng), dbias = random_tensor({4 * h}, rng);
  const Tensor dout = random_tensor({output == LstmOutput::all ? rows : d.batch, h}, rng);
  ComposedLstm composed = {d,  doubles(x),  doubles(kernel),  doubles(recurrent),  doubles(bias), {}, {}, {}, {}, {},
                           {}, doubles(dx), doubles(dkernel), doubles(drecurrent), doubles(dbias)};
  composed.forward();
  Doubles dstates(static_cast<size_t>(rows * h), 0.0);
  for (int64_t r = 0; r < dout.size(0); ++r) {
    const int64_t to = output == LstmOutput::all ? r : (r + 1) * d.steps - 1;
    for (int64_t j = 0; j < h; ++j) dstates[static_cast<size_t>(to * h + j)] = dout[r * h + j];
  }
  composed.backward(dstates);

  Tensor gates = nan_tensor({rows, 4 * h}), c = nan_tensor({rows, h}), states = nan_tensor({rows, h});
  const LstmSaved saved = {gates.data(), c.data(), states.data()};
  lstm_forward(saved, x.data(), kernel.data(), recurrent.data(), bias.data(), d);
  CHECK(worst_error(c, composed.c) <= 2e-6);
  CHECK(worst_error(states, composed.h) <= 2e-6);
  lstm_backward({dx.data(), dkernel.data(), drecurrent.data(), dbias.data()}, dout.data(), output, x.data(),
                kernel.data(), recurrent.data(), saved, d);
  CHECK(worst_error(dx, composed.dx) <= 5e-6);
  CHECK(worst_error(dkernel, composed.dkernel) <= 5e-6);
  CHECK(worst_error(drecurrent, composed.drecurrent) <= 5e-6);
  CHECK(worst_error(dbias, composed.dbias) <= 5e-6);
}

TEST_CASE("sigmoid and tanh of the gates: error below 4 ulp", "[kernel]") {
  std::vector<real> z;
  for (double size = 1e-30; size < 200; size *= 1.002) {
    z.push_back(static_cast<real>(-size));
    z.push_back(static_cast<real>(size));
  }
  const int64_t n = static_cast<int64_t>(z.size());
  std::vector<real> gates;
  for (int gate = 0; gate < 4; ++gate) gates.insert(gates.end(), z.begin(), z.end());
  std::vector<real> x(z.size()), c(z.size()), h(z.size());
  Tensor zero_x({1, 1}), zero_kernel({1, 4 * n}), zero_recurrent({1, 1});
  lstm_forward({gates.data(), c.data(), h.data()}, zero_x.data(), zero_kernel.data(), zero_recurrent.data(),
               std::vector<real>(gates).data(), {1, 1, 1, n});
  double worst = 0;
  const auto compare = [&](real found, double expected) {
    const float size = static_cast<float>(std::abs(expected));
    if (size < 1e-36f) return;  // exp flushes to zero there
    const double error = std::abs(found - expected) / (static_cast<double>(std::nextafter(size, INFINITY)) - size);
    if (!(error <= worst)) worst = error;  // NaN as well
  };
  for (size_t j = 0; j < z.size(); ++j) {
    const double value = z[j], e = std::exp(-std::abs(value)), sigmoid = (value > 0 ? 1 : e) / (1 + e);
    compare(gates[j], sigmoid);
    compare(gates[j + 2 * z.size()], std::tanh(value));
  }
  CAPTURE(worst);
  CHECK(worst < 4);
}

TEST_CASE("lstm on the tape: shapes that do not fit", "[kernel][bad]") {
  Tape tape;
  const Tensor x({2, 3, 4}), kernel({4, 20}), recurrent({5, 20}), bias({20}), flat({6, 4}), other({4, 16});
  const auto run = [&](const Tensor& a, const Tensor& b, const Tensor& c, const Tensor& d) {
    return lstm(tape.constant(a), tape.constant(b), tape.constant(c), tape.constant(d), LstmOutput::all).shape();
  };
  CHECK(run(x, kernel, recurrent, bias) == Shape({2, 3, 5}));
  CHECK_THROWS_AS(run(flat, kernel, recurrent, bias), Error);
  CHECK_THROWS_AS(run(x, other, recurrent, bias), Error);
  CHECK_THROWS_AS(run(x, kernel, kernel, bias), Error);
  CHECK_THROWS_AS(run(x, kernel, recurrent, x), Error);
}

}  // namespace
}  // namespace hmem
