#include "hmem/kernels/elementwise.h"

#include <algorithm>

#include "hmem/core/parallel.h"
#include "kernels/simd/simd.h"

namespace hmem {

namespace {

constexpr int64_t kPiece = 1 << 13;
constexpr int64_t kGrain = 8;  // pieces that are not worth a second thread

/// body(begin, count) over pieces of fixed size.
template <typename Body>
void over_pieces(int64_t n, const Body& body) {
  parallel_for((n + kPiece - 1) / kPiece, kGrain, [&](int64_t piece) {
    const int64_t begin = piece * kPiece;
    body(begin, std::min(kPiece, n - begin));
  });
}

}  // namespace

void zero(real* out, int64_t n) {
  over_pieces(n, [&](int64_t i, int64_t count) { std::fill(out + i, out + i + count, real(0)); });
}

void add_forward(real* out, const real* a, const real* b, int64_t n) {
  over_pieces(n, [&](int64_t i, int64_t count) { simd().add(out + i, a + i, b + i, count); });
}

void accumulate(real* out, const real* a, int64_t n) {
  over_pieces(n, [&](int64_t i, int64_t count) { simd().accumulate(out + i, a + i, count); });
}

void axpy(real* out, real scale, const real* a, int64_t n) {
  over_pieces(n, [&](int64_t i, int64_t count) { simd().axpy(out + i, scale, a + i, count); });
}

void relu_forward(real* out, const real* inp, int64_t n) {
  over_pieces(n, [&](int64_t i, int64_t count) { simd().relu(out + i, inp + i, count); });
}

void relu_backward(real* dinp, const real* inp, const real* dout, int64_t n) {
  over_pieces(n, [&](int64_t i, int64_t count) { simd().relu_backward(dinp + i, inp + i, dout + i, count); });
}

double sum_of_squares(const real* a, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; i += kPiece)
    sum += static_cast<double>(simd().sum_of_squares(a + i, std::min(kPiece, n - i)));
  return sum;
}

}  // namespace hmem
