#include "hmem/kernels/blas.h"

#include <algorithm>
#include <mutex>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "kernels/scratch.h"
#include "kernels/simd/simd.h"

#ifdef HMEM_BLAS_OPENBLAS
#include <cblas.h>
#include <sys/mman.h>
extern "C" {
void openblas_set_num_threads(int);
char* openblas_get_config();
char* openblas_get_corename();
int openblas_get_parallel();
}
#endif

namespace hmem {

namespace {

#ifdef HMEM_BLAS_OPENBLAS
/// OpenBLAS maps a buffer for every thread that calls it, and tries again for ever when it cannot.
bool has_space_for_buffers() {
  constexpr size_t kBuffer = size_t{128} << 20;
  const size_t bytes = (static_cast<size_t>(max_threads()) + 1) * kBuffer;
  void* space = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (space == MAP_FAILED) return false;
  ::munmap(space, bytes);
  return true;
}

/// Chosen at the first use, so that the number of threads is known.
GemmBackend& backend() {
  static GemmBackend chosen = has_space_for_buffers() ? GemmBackend::blas : GemmBackend::builtin;
  return chosen;
}

/// Whether this OpenBLAS was built without threads: then it has no locks either, and calls from two threads at once
/// give wrong results.
bool is_serial_blas() {
  static const bool serial = openblas_get_parallel() == 0;
  return serial;
}

/// OpenBLAS must not start threads of its own: we cut the products, and its bits depend on its thread count. Its
/// variant with OpenMP has a number for each thread that calls it.
void pin_blas_threads() {
  thread_local bool pinned = false;
  if (pinned) return;
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  openblas_set_num_threads(1);
  pinned = true;
}
void blas_piece(real* c, int64_t ldc, const MatrixRef& a, const MatrixRef& b, int64_t m, int64_t n, int64_t k,
                bool accumulate) {
  const auto ta = a.transposed ? CblasTrans : CblasNoTrans, tb = b.transposed ? CblasTrans : CblasNoTrans;
  const auto size = [](int64_t x) { return static_cast<blasint>(x); };
  pin_blas_threads();
  const real beta = accumulate ? 1 : 0;
#ifdef HMEM_REAL_DOUBLE
  const auto product = cblas_dgemm;
#else
  const auto product = cblas_sgemm;
#endif
  product(CblasRowMajor, ta, tb, size(m), size(n), size(k), 1, a.data, size(a.ld), b.data, size(b.ld), beta, c,
          size(ldc));
}

#else
GemmBackend& backend() {
  static GemmBackend chosen = GemmBackend::builtin;
  return chosen;
}
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
  if (backend() == GemmBackend::blas) {
    static std::mutex serial;
    over_pieces([&](real* c_rows, const MatrixRef& a_rows, int64_t count) {
      const auto lock = is_serial_blas() ? std::unique_lock(serial) : std::unique_lock<std::mutex>();
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

void select_gemm_backend([[maybe_unused]] GemmBackend chosen) {
#ifdef HMEM_BLAS_OPENBLAS
  backend() = chosen;
#endif
}

GemmBackend gemm_backend() { return backend(); }

std::string blas_name() {
#ifdef HMEM_BLAS_OPENBLAS
  if (backend() == GemmBackend::blas) {
    const std::string config = openblas_get_config();  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..."
    const size_t end = config.find(' ', config.find(' ') + 1);
    return config.substr(0, end) + " (" + openblas_get_corename() + ")";
  }
#endif
  return "builtin";
}

std::string blas_note() {
#ifdef HMEM_BLAS_OPENBLAS
  if (backend() == GemmBackend::builtin) {
    return "there is too little address space for the buffers of OpenBLAS (see ulimit -v): the built-in matrix product "
           "takes its place, with other rounding";
  }
  if (is_serial_blas() && max_threads() > 1) {
    return "this OpenBLAS was built without threads (libopenblas0-serial): its matrix products run one at a time";
  }
#endif
  return "";
}

}  // namespace hmem
