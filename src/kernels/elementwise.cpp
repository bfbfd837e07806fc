#include "hmem/kernels/elementwise.h"

#include <algorithm>
#include <cmath>

#include "hmem/core/parallel.h"
#include "kernels/scratch.h"
#include "kernels/simd/simd.h"

namespace hmem {

namespace {

constexpr int64_t kPiece = 1 << 13;
constexpr int64_t kGateRows = 64;  // rows that are not worth a second thread
constexpr int64_t kGrain = 8;      // pieces that are not worth a second thread

/// body(begin, count) over pieces of fixed size.
template <typename Body>
void over_pieces(int64_t n, const Body& body) {
  parallel_for((n + kPiece - 1) / kPiece, kGrain, [&](int64_t piece) {
    const int64_t begin = piece * kPiece;
    body(begin, std::min(kPiece, n - begin));
  });
}

/// body(first row, end) over pieces of rows.
template <typename Body>
void over_rows(int64_t rows, int64_t n, const Body& body) {
  const int64_t piece_rows = bias_rows(n);
  parallel_for((rows + piece_rows - 1) / piece_rows, kGrain,
               [&](int64_t piece) { body(piece * piece_rows, std::min(rows, (piece + 1) * piece_rows)); });
}

}  // namespace

// Does not depend on the number of rows, so the order of addition does not, either.
int64_t bias_rows(int64_t n) { return std::max<int64_t>(1, kPiece / std::max<int64_t>(n, 1)); }

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

void exp_forward(real* out, const real* inp, int64_t n) {
  over_pieces(n, [&](int64_t i, int64_t count) { simd().exp(out + i, inp + i, count); });
}

void elu_forward(real* out, const real* inp, int64_t n) {
  over_pieces(n, [&](int64_t i, int64_t count) { simd().elu(out + i, inp + i, count); });
}

void elu_backward(real* dinp, const real* out, const real* dout, int64_t n) {
  over_pieces(n, [&](int64_t i, int64_t count) { simd().elu_backward(dinp + i, out + i, dout + i, count); });
}

void bias_forward(real* out, const real* inp, const real* bias, Activation activation, int64_t rows, int64_t n) {
  over_rows(rows, n, [&](int64_t begin, int64_t end) {
    const auto kernel = activation == Activation::elu ? simd().bias_elu : simd().bias;
    kernel(out + begin * n, inp + begin * n, bias, end - begin, n);
  });
}

// Forward: out = activation(z), z = inp + bias.
void bias_backward(real* dz, real* dbias, const real* dout, const real* out, Activation activation, int64_t rows,
                   int64_t n) {
  if (!dz && !dbias) return;
  const int64_t piece_rows = bias_rows(n), pieces = (rows + piece_rows - 1) / piece_rows;
  Scratch scratch;
  real* sums = dbias ? scratch.take(pieces * n) : nullptr;
  over_rows(rows, n, [&](int64_t begin, int64_t end) {
    real* sum = sums ? sums + begin / piece_rows * n : nullptr;
    if (sum) std::fill(sum, sum + n, real(0));
    simd().bias_backward(dz ? dz + begin * n : nullptr, sum, dout + begin * n,
                         activation == Activation::elu ? out + begin * n : nullptr, end - begin, n);
  });
  for (int64_t piece = 0; piece < pieces && dbias; ++piece) simd().accumulate(dbias, sums + piece * n, n);
}

double sum_of_squares(const real* a, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; i += kPiece) sum += static_cast<double>(simd().dot(a + i, a + i, std::min(kPiece, n - i)));
  return sum;
}

void gate_rows_forward(real* y, real* s, const real* x, const real* g, int64_t rows, int64_t e) {
  parallel_for(rows, kGateRows, [&](int64_t i) {
    s[i] = 1 / (1 + std::exp(-g[i]));
    std::transform(x + i * e, x + (i + 1) * e, y + i * e, [gate = s[i]](real value) { return gate * value; });
  });
}

void gate_rows_backward(real* dx, real* dg, const real* dy, const real* x, const real* s, int64_t rows, int64_t e) {
  parallel_for(rows, kGateRows, [&](int64_t i) {
    if (dx) simd().axpy(dx + i * e, s[i], dy + i * e, e);
    if (dg) dg[i] += s[i] * (1 - s[i]) * simd().dot(dy + i * e, x + i * e, e);
  });
}

}  // namespace hmem
