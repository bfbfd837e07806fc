// Course, chapter 6: why a delay makes a pair fade. Random keys and values take the place of photographs and digits.
// With `solutions` it prints the solutions of the exercises.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include "hmem/core/rng.h"

using Row = std::vector<double>;
constexpr int kSize = 100, kPairs = 3;

struct Frame {
  Row k, v;
  bool is_pair;
};

double dot(const Row& a, const Row& b) {
  double sum = 0;
  for (int i = 0; i < kSize; ++i) sum += a[i] * b[i];
  return sum;
}

/// relu of normal variables.
Row random_row(hmem::Rng& rng, double scale = 1) {
  Row row(kSize);
  for (double& x : row) x = scale * std::max(0.0, rng.normal());
  return row;
}

/// Three pairs, each followed by `delay` frames of noise whose keys are `noise` times as large.
std::vector<Frame> frames(int delay, double noise = 1) {
  hmem::Rng pairs(1, "pairs"), other(1, "noise");
  std::vector<Frame> sequence;
  for (int pair = 0; pair < kPairs; ++pair) {
    sequence.push_back({random_row(pairs), random_row(pairs), true});
    for (int n = 0; n < delay; ++n) sequence.push_back({random_row(other, noise), random_row(other), false});
  }
  return sequence;
}

/// What frame t contributes to the value read with the key `query`: its term of the memory, C_t = g+ k v^T (*) the
/// factors F of all later writes, times the query. g+ = 0.01, w_max = 1.
Row term(const std::vector<Frame>& sequence, size_t t, const Row& query, double decay) {
  Row c(kSize, 0.0);
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize && query[i] * sequence[t].k[i] > 0; ++j) {
      double element = 0.01 * sequence[t].k[i] * sequence[t].v[j];
      for (size_t s = t + 1; s < sequence.size(); ++s)
        element *= 1 - sequence[s].k[i] * (0.01 * sequence[s].v[j] + decay * sequence[s].k[i]);
      c[j] += query[i] * element;
    }
  }
  return c;
}

struct Part {
  double match, left, rest;  ///< c = 0.01 match left v + rest, with the best `left`; rest as a part of |c|
};
Part part_of(const std::vector<Frame>& sequence, size_t t, const Row& query, double decay = 0.01) {
  const Row c = term(sequence, t, query, decay), &v = sequence[t].v;
  const double match = dot(query, sequence[t].k), fit = dot(c, v) / dot(v, v);
  return {match, fit / (0.01 * match), std::sqrt(std::max(0.0, 1 - fit * dot(c, v) / dot(c, c)))};
}

void chapter() {
  const std::vector<Frame> sequence = frames(1);
  const Row query = sequence[0].k;
  std::printf("frame  match   left  match x left\n");
  for (size_t t = 0; t < sequence.size(); ++t) {
    const Part part = part_of(sequence, t, query);
    std::printf("%-5s %6.1f %6.2f %13.1f\n", sequence[t].is_pair ? "pair" : "noise", part.match, part.left,
                part.match * part.left);
  }
  std::printf("delay   left of the first pair   rest\n");
  for (const int delay : {0, 5, 20, 40}) {
    const Part part = part_of(frames(delay), 0, query);
    std::printf("%5d %24.2f %5.0f %%\n", delay, part.left, 100 * part.rest);
  }
}

void solutions() {
  const Row query = frames(0)[0].k;
  const double at_0 = part_of(frames(0), 0, query).left, at_5 = part_of(frames(5), 0, query).left;
  std::printf("1. predicted for delay 20: %.2f\n", at_0 * std::pow(at_5 / at_0, 4));
  std::printf("2. delay 40 without decay: %.2f left\n", part_of(frames(40), 0, query, 0).left);
  std::printf("3. delay 40, noise keys of a third: %.2f left\n", part_of(frames(40, 1.0 / 3), 0, query).left);
}

int main(int argc, char** argv) { argc > 1 && std::strcmp(argv[1], "solutions") == 0 ? solutions() : chapter(); }
