// Course, chapter 1: an associative memory by hand, then with random pairs. `course_1_associative_memory solutions`
// prints the solutions of the exercises.

#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include "hmem/study/capacity.h"

using Row = std::vector<double>;
using Matrix = std::vector<Row>;  // row = key unit, column = value unit

/// M <- M + k v^T
void write(Matrix& m, const Row& k, const Row& v) {
  for (size_t i = 0; i < k.size(); ++i) {
    for (size_t j = 0; j < v.size(); ++j) m[i][j] += k[i] * v[j];
  }
}

/// r = M^T k
Row read(const Matrix& m, const Row& k) {
  Row r(m[0].size(), 0.0);
  for (size_t i = 0; i < k.size(); ++i) {
    for (size_t j = 0; j < r.size(); ++j) r[j] += k[i] * m[i][j];
  }
  return r;
}

double dot(const Row& a, const Row& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

void print(const char* what, const Row& row) {
  std::printf("%-24s", what);
  for (double x : row) std::printf(" %4g", x);
  std::printf("\n");
}

hmem::CapacityPoint measured(int64_t size, int64_t active, int64_t pairs) {
  hmem::CapacitySettings settings;
  settings.memory_size = size;
  settings.active = active;
  return measure_capacity(settings, hmem::KeyKind::sparse, hmem::Store::outer, pairs);
}

const Row mary = {1, 1, 0, 0}, john = {0, 0, 1, 1}, sandra = {0, 1, 1, 0};
const Row kitchen = {1, 0, 0, 0}, garden = {0, 1, 0, 0}, office = {0, 0, 1, 0};

void chapter() {
  Matrix m(4, Row(4, 0.0));
  write(m, mary, kitchen);
  write(m, john, garden);
  for (const Row& row : m) print("M", row);
  print("where is Mary?", read(m, mary));
  print("where is John?", read(m, john));
  write(m, sandra, office);
  std::printf("matches of Sandra with Mary %g, John %g, herself %g\n", dot(sandra, mary), dot(sandra, john),
              dot(sandra, sandra));
  for (const Row& row : m) print("M", row);
  print("where is Mary?", read(m, mary));
  print("where is Sandra?", read(m, sandra));
  std::printf("pairs  signal/noise  formula  recalled\n");
  for (const int64_t n : {10, 50, 200, 500}) {
    const hmem::CapacityPoint point = measured(100, 10, n);
    std::printf("%5d %13.1f %8.1f %7.0f %%\n", static_cast<int>(n), point.snr, 1 / std::sqrt(0.01818 * double(n - 1)),
                100 * point.recall);
  }
}

void solutions() {
  Matrix m(4, Row(4, 0.0));
  write(m, mary, kitchen);
  write(m, john, garden);
  print("1. one unit of Mary", read(m, {1, 0, 0, 0}));
  write(m, mary, office);
  print("2. Mary has moved", read(m, mary));
  for (const int64_t size : {10, 100}) {
    int64_t pairs = 2;
    while (measured(size, size / 10, pairs).recall >= 0.9) pairs += size / 10;
    std::printf("3. D = %d: below 90 %% at %d pairs\n", static_cast<int>(size), static_cast<int>(pairs));
  }
}

int main(int argc, char** argv) { argc > 1 && std::strcmp(argv[1], "solutions") == 0 ? solutions() : chapter(); }
