#include "hmem/kernels/blas.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "kernels/scratch.h"
#include "kernels/simd/simd.h"

#ifdef HMEM_BLAS_OPENBLAS
#include <cblas.h>
extern "C" {
void openblas_set_num_threads(int);
char* openblas_get_config();
char* openblas_get_corename();
}
#endif

namespace hmem {

namespace {

#ifdef HMEM_BLAS_OPENBLAS
GemmBackend g_backend = GemmBackend::blas;

void blas_piece(real* c, int64_t ldc, const MatrixRef& a, const MatrixRef& b, int64_t m, int64_t n, int64_t k,
                bool accumulate) {
  const auto ta = a.transposed ? CblasTrans : CblasNoTrans, tb = b.transposed ? CblasTrans : CblasNoTrans;
  const auto size = [](int64_t x) { return static_cast<blasint>(x); };
  const real beta = accumulate ? 1 : 0;
#ifdef HMEM_REAL_DOUBLE
  const auto product = cblas_dgemm;
#else
  const auto product = cblas_sgemm;
#endif
  product(CblasRowMajor, ta, tb, size(m), size(n), size(k), 1, a.data, size(a.ld), b.data, size(b.ld), beta, c,
          size(ldc));
}

/// OpenBLAS must not start threads of its own: we cut the products, and its bits depend on its thread count.
void pin_blas_threads() {
  static const bool pinned = [] {
    openblas_set_num_threads(1);
    return true;
  }();
  (void)pinned;
}
#else
GemmBackend g_backend = GemmBackend::builtin;
#endif

/// op(b) copied to rows of `ld`, zero beyond n, so that the kernel reads whole aligned vectors.
void pack(real* packed, const MatrixRef& b, int64_t n, int64_t k, int64_t ld) {
  for (int64_t p = 0; p < k; ++p) {
    real* row = packed + p * ld;
    for (int64_t j = 0; j < n; ++j) row[j] = b.transposed ? b.data[j * b.ld + p] : b.data[p * b.ld + j];
    std::fill(row + n, row + ld, real(0));
  }
}

void builtin_piece(real* c, int64_t ldc, const MatrixRef& a, const real* b_packed, int64_t m, int64_t n, int64_t k,
                   bool accumulate) {
  const int64_t ld = padded(n);
  Scratch scratch;
  real* sum = scratch.take(m * ld);
  for (int64_t i = 0; i < m; ++i) {
    std::fill(sum + i * ld, sum + (i + 1) * ld, real(0));
    if (accumulate) std::copy(c + i * ldc, c + i * ldc + n, sum + i * ld);
  }
  simd().gemm_padded(sum, ld, a.data, a.transposed ? 1 : a.ld, a.transposed ? a.ld : 1, b_packed, ld, m, ld, k);
  for (int64_t i = 0; i < m; ++i) std::copy(sum + i * ld, sum + i * ld + n, c + i * ldc);
}

MatrixRef skip_rows(const MatrixRef& a, int64_t rows) {
  return {a.data + (a.transposed ? rows : rows * a.ld), a.ld, a.transposed};
}

}  // namespace

void gemm(real* c, int64_t ldc, const MatrixRef& a, const MatrixRef& b, int64_t m, int64_t n, int64_t k,
          bool accumulate) {
  constexpr int64_t kPiece = 64, kMaxPieces = 8, kUnit = 8;  // a BLAS packs op(b) anew for every piece
  constexpr double kSmall = 5e5;                             // multiplications that are not worth a second thread
  constexpr int64_t kMaxSize = int64_t{1} << 30;             // BLAS counts in 32 bits
  HMEM_CHECK(m <= kMaxSize && n <= kMaxSize && k <= kMaxSize, "matrix product of ", m, " x ", k, " by ", k, " x ", n,
             " is too large");
  if (m == 0 || n == 0) return;
  // An even number, so that two threads get the same work.
  const int64_t pieces = m <= kPiece / 2 ? 1 : std::min(2 * ((m + 2 * kPiece - 1) / (2 * kPiece)), kMaxPieces);
  const int64_t rows = ((m + pieces - 1) / pieces + kUnit - 1) / kUnit * kUnit;
  const int64_t grain = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k) < kSmall ? pieces : 1;

  // product(first row of c, op(a) from that row on, number of rows)
  const auto over_pieces = [&](const auto& product) {
    parallel_for(pieces, grain, [&](int64_t piece) {
      const int64_t begin = piece * rows, end = std::min(m, begin + rows);
      if (begin < end) product(c + begin * ldc, skip_rows(a, begin), end - begin);
    });
  };
#ifdef HMEM_BLAS_OPENBLAS
  if (g_backend == GemmBackend::blas) {
    pin_blas_threads();
    over_pieces([&](real* c_rows, const MatrixRef& a_rows, int64_t count) {
      blas_piece(c_rows, ldc, a_rows, b, count, n, k, accumulate);
    });
    return;
  }
#endif
  const int64_t ld = padded(n);
  Scratch scratch;
  real* packed = scratch.take(k * ld);
  pack(packed, b, n, k, ld);
  over_pieces([&](real* c_rows, const MatrixRef& a_rows, int64_t count) {
    builtin_piece(c_rows, ldc, a_rows, packed, count, n, k, accumulate);
  });
}

void select_gemm_backend([[maybe_unused]] GemmBackend backend) {
#ifdef HMEM_BLAS_OPENBLAS
  g_backend = backend;
#endif
}

GemmBackend gemm_backend() { return g_backend; }

std::string blas_name() {
#ifdef HMEM_BLAS_OPENBLAS
  if (g_backend == GemmBackend::blas) {
    const std::string config = openblas_get_config();  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..."
    const size_t end = config.find(' ', config.find(' ') + 1);
    return config.substr(0, end) + " (" + openblas_get_corename() + ")";
  }
#endif
  return "builtin";
}

}  // namespace hmem
