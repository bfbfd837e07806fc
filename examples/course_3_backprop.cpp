// Course, chapter 3: the gradient of a loss through two Hebbian writes, by hand, by the tape and by differences. With
// `solutions` it prints the solutions of the exercises.

#include <cstdio>
#include <cstring>

#include "hmem/autodiff/ops_basic.h"
#include "hmem/autodiff/ops_memory.h"

using namespace hmem;

constexpr int kSteps = 2, kSize = 2;  // two writes into a memory of 2 x 2
const HebbianRule kRule = {real(0.1), real(0.1), real(1)};

struct Pairs {
  double at[4 * kSteps];  // k_1, v_1, k_2, v_2, or their gradients
  double& k(int t, int i) { return at[4 * t + i]; }
  double& v(int t, int j) { return at[4 * t + 2 + j]; }
};
const Pairs kGiven = {{1, 2, 3, 1, 2, 1, 1, 2}};
const double kWeight[kSize][kSize] = {{1, -1}, {2, 0.5}};  // loss = sum of weight (*) M

double factor(Pairs& x, int t, int i, int j) { return 1 - 0.1 * x.k(t, i) * x.v(t, j) - 0.1 * x.k(t, i) * x.k(t, i); }

double loss(Pairs x) {
  double sum = 0;
  for (int n = 0; n < 4; ++n) {
    const int i = n / 2, j = n % 2;
    double m = 0;
    for (int t = 0; t < kSteps; ++t) m = m * factor(x, t, i, j) + 0.1 * x.k(t, i) * x.v(t, j);
    sum += kWeight[i][j] * m;
  }
  return sum;
}

/// From the last write to the first, for each element: h = dL/dM, p = h m, q = h - p. `drop_p` uses q = h.
Pairs by_hand(Pairs x, bool drop_p = false) {
  Pairs d = {};
  for (int n = 0; n < 4; ++n) {
    const int i = n / 2, j = n % 2;
    double before[kSteps] = {}, m = 0, h = kWeight[i][j];
    for (int t = 0; t < kSteps; ++t) before[t] = m, m = m * factor(x, t, i, j) + 0.1 * x.k(t, i) * x.v(t, j);
    for (int t = kSteps - 1; t >= 0; --t) {
      const double p = h * before[t], q = drop_p ? h : h - p;
      d.v(t, j) += 0.1 * x.k(t, i) * q;
      d.k(t, i) += 0.1 * x.v(t, j) * q - 2 * 0.1 * x.k(t, i) * p;
      h *= factor(x, t, i, j);
    }
  }
  return d;
}

Pairs by_tape(Pairs x) {
  Parameter k("k", {kSteps, kSize}), v("v", {kSteps, kSize});
  Tensor weight({1, kSize, kSize});
  for (int n = 0; n < 4; ++n) {
    k.value[n] = static_cast<real>(x.k(n / 2, n % 2)), v.value[n] = static_cast<real>(x.v(n / 2, n % 2));
    weight[n] = static_cast<real>(kWeight[n / 2][n % 2]);
  }
  Tape tape;
  const Memory memory = hebbian_write(tape.leaf(k), tape.leaf(v), {0, kSteps}, kRule);
  tape.backward(weighted_sum(memory_values(memory), weight));
  Pairs d = {};
  for (int n = 0; n < 4; ++n) d.k(n / 2, n % 2) = k.grad[n], d.v(n / 2, n % 2) = v.grad[n];
  return d;
}

Pairs by_differences(const Pairs& x) {
  Pairs d = {};
  for (int n = 0; n < 8; ++n) {
    Pairs up = x, down = x;
    up.at[n] += 1e-4, down.at[n] -= 1e-4;
    d.at[n] = (loss(up) - loss(down)) / 2e-4;
  }
  return d;
}

void print(const char* what, const Pairs& d) {
  std::printf("%-15s", what);
  for (const double x : d.at) std::printf(" %6.3f", x);
  std::printf("\n");
}

int main(int argc, char** argv) {
  if (argc < 2 || std::strcmp(argv[1], "solutions") != 0) {
    std::printf("%-15s %13s %13s %13s %13s\n", "gradient of", "k_1", "v_1", "k_2", "v_2");
    print("by hand", by_hand(kGiven)), print("by the tape", by_tape(kGiven));
    return print("by differences", by_differences(kGiven)), 0;
  }
  print("1. without - p", by_hand(kGiven, /*drop_p=*/true));
  for (const double k : {0, 2, 3, 4}) {  // the first unit of the second key
    Pairs x = kGiven;
    x.k(1, 0) = k;
    const double f = factor(x, 1, 0, 0);
    std::printf("2. k_2 = %g: F = %5.2f, dM_11 / dv_1 = %5.2f\n", k, f, 0.1 * x.k(0, 0) * f);
  }
  const Pairs closed = {{1, 2, 3, 1, -1, 1, 1, 2}};  // the first unit of k_2 is closed by the ReLU
  std::printf("3. gradient of a closed unit: %.3f\n", by_tape(closed).k(1, 0));
}
