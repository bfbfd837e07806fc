// Course, chapter 2: the Hebbian rule, its fixed point, and what happens beyond saturation. With `solutions` it prints
// the solutions of the exercises.

#include <cmath>
#include <cstdio>
#include <cstring>

#include "hmem/core/tensor.h"
#include "hmem/kernels/hebbian.h"

using namespace hmem;

/// The part of itself that an element keeps: F = 1 - g+ k v - g- k^2.
double factor(const HebbianRule& rule, double k, double v) {
  return 1 - static_cast<double>(rule.gamma_pos) * k * v - static_cast<double>(rule.gamma_neg) * k * k;
}

/// The value to which equal writes lead, if they lead anywhere: M* = w_max g+ v / (g+ v + g- k).
double fixed_point(const HebbianRule& rule, double k, double v) {
  const double grow = static_cast<double>(rule.gamma_pos) * v, decay = static_cast<double>(rule.gamma_neg) * k;
  return static_cast<double>(rule.w_max) * grow / (grow + decay);
}

/// M after `writes` equal writes, from the library's kernel with a memory of one element.
double written(const HebbianRule& rule, double k, double v, int writes) {
  Tensor keys({writes, 1}), values({writes, 1}), memory({1, padded(1)});
  keys.fill(static_cast<real>(k)), values.fill(static_cast<real>(v));
  const int64_t offsets[] = {0, writes};
  hebbian_write_forward(memory.data(), keys.data(), values.data(), HebbianDims{1, 1, offsets}, rule);
  return static_cast<double>(memory[0]);
}

void print_writes(const HebbianRule& rule, double k, double v, int writes) {
  std::printf("k = %-3g v = %g  F = %5.2f  M* = %.2f:", k, v, factor(rule, k, v), fixed_point(rule, k, v));
  for (int n = 1; n <= writes; ++n) std::printf(" %.2f", written(rule, k, v, n));
  std::printf("\n");
}

void chapter() {
  const HebbianRule rule;  // g+ = g- = 0.01, w_max = 1
  std::printf("n   M by writing   M* (1 - F^n)\n");
  for (const int n : {1, 2, 5, 20}) {
    const double f = factor(rule, 4, 4);
    std::printf("%-3d %12.3f %14.3f\n", n, written(rule, 4, 4, n), fixed_point(rule, 4, 4) * (1 - std::pow(f, n)));
  }
  for (const double k : {1, 4, 8, 12, 14}) print_writes(rule, k, 1, 8);
  // A pair that others overwrite: each write with the key unit active takes the same part of what is left.
  std::printf("written once, then overwritten with v = 0:");
  for (int n = 0; n <= 3; ++n) std::printf(" %.3f", written(rule, 4, 4, 1) * std::pow(factor(rule, 4, 0), n));
  std::printf("\n");
}

void solutions() {
  const HebbianRule rule;
  std::printf("1. M* = %.2f, after 50 writes %.2f\n", fixed_point(rule, 2, 6), written(rule, 2, 6, 50));
  double turns = 0, grows = 0;  // the smallest k with v = 1 for which F < 0 and F < -1
  for (double k = 0; grows == 0; k += 0.01) {
    if (turns == 0 && factor(rule, k, 1) < 0) turns = k;
    if (factor(rule, k, 1) < -1) grows = k;
  }
  std::printf("2. F < 0 from k = %.1f on, F < -1 from k = %.1f on\n", turns, grows);
  std::printf("3. outer products, k = 14, v = 1:");
  for (int n = 1; n <= 8; ++n) std::printf(" %.2f", written(outer_product_rule(rule.gamma_pos), 14, 1, n));
  std::printf("\n");
}

int main(int argc, char** argv) { argc > 1 && std::strcmp(argv[1], "solutions") == 0 ? solutions() : chapter(); }
