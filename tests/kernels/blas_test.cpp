#include "hmem/kernels/blas.h"

#include <cmath>
#include <string>
#include <vector>

#include "catch.h"
#include "hmem/core/check.h"
#include "support/error_text.h"
#include "support/numbers.h"
#include "support/settings.h"

namespace hmem {
namespace {

struct Sizes {
  int64_t m, n, k;
};

/// A matrix stored with rows longer than needed; the gaps between the rows are NaN and must not be read.
Tensor stored(int64_t rows, int64_t columns, int64_t ld, Rng& rng) {
  Tensor out = test::nan_tensor({rows, ld});
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) out[i * ld + j] = static_cast<real>(rng.normal());
  }
  return out;
}

TEST_CASE("gemm against a triple loop in double", "[kernel]") {
  const Sizes size = GENERATE(Sizes{1, 1, 1}, Sizes{1, 17, 5}, Sizes{3, 2, 200}, Sizes{7, 16, 16}, Sizes{16, 33, 1},
                              Sizes{63, 20, 64}, Sizes{64, 100, 100}, Sizes{65, 15, 33}, Sizes{128, 48, 80},
                              Sizes{129, 130, 31}, Sizes{200, 200, 200}, Sizes{70, 5, 3000}, Sizes{5, 9, 0});
  const bool transpose_a = GENERATE(false, true), transpose_b = GENERATE(false, true);
  const bool accumulate = GENERATE(false, true);
  const GemmBackend backend = GENERATE(GemmBackend::blas, GemmBackend::builtin);
  const auto [m, n, k] = size;
  CAPTURE(m, n, k, transpose_a, transpose_b, accumulate, backend == GemmBackend::builtin);
  const test::UseGemm use(backend);
  Rng rng(static_cast<uint64_t>(m * 1000003 + n * 1009 + k), "gemm");

  const int64_t ld_a = (transpose_a ? m : k) + 3, ld_b = (transpose_b ? k : n) + 5, ld_c = n + 2;
  const Tensor a = transpose_a ? stored(k, m, ld_a, rng) : stored(m, k, ld_a, rng);
  const Tensor b = transpose_b ? stored(n, k, ld_b, rng) : stored(k, n, ld_b, rng);
  // Without `accumulate` c must not be read.
  Tensor c = accumulate ? stored(m, n, ld_c, rng) : test::nan_tensor({m, ld_c});
  std::vector<double> expected;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = accumulate ? c[i * ld_c + j] : 0;
      for (int64_t p = 0; p < k; ++p) {
        sum += static_cast<double>(a[transpose_a ? p * ld_a + i : i * ld_a + p]) *
               static_cast<double>(b[transpose_b ? j * ld_b + p : p * ld_b + j]);
      }
      expected.push_back(sum);
    }
  }
  gemm(c.data(), ld_c, {a.data(), ld_a, transpose_a}, {b.data(), ld_b, transpose_b}, m, n, k, accumulate);

  std::vector<real> found;
  int64_t outside = 0;
  for (int64_t i = 0; i < c.count(); ++i) {
    if (i % ld_c < n) {
      found.push_back(c[i]);
    } else {
      outside += !std::isnan(c[i]);
    }
  }
  CHECK(test::worst_error(found.data(), m * n, expected) <= 1e-5);
  CHECK(outside == 0);
}

TEST_CASE("gemm without rows or columns does nothing", "[kernel]") {
  const GemmBackend backend = GENERATE(GemmBackend::blas, GemmBackend::builtin);
  const test::UseGemm use(backend);
  real c = 7;
  const real a = 1;
  gemm(&c, 1, matrix(&a, 1), matrix(&a, 1), 0, 1, 1, false);
  gemm(&c, 1, matrix(&a, 1), matrix(&a, 1), 1, 0, 1, false);
  CHECK(c == 7);
}

TEST_CASE("gemm refuses sizes that a BLAS integer cannot hold", "[kernel]") {
  real c = 0;
  const int64_t huge = int64_t{1} << 31;
  const std::string text = test::error_text([&] { gemm(&c, 1, matrix(&c, 1), matrix(&c, 1), 1, huge, 1, false); });
  CHECK(text.find("too large") != std::string::npos);
}

TEST_CASE("the backend reports its name", "[kernel]") {
  const test::UseGemm use(GemmBackend::builtin);
  CHECK(gemm_backend() == GemmBackend::builtin);
  CHECK(blas_name() == "builtin");
}

}  // namespace
}  // namespace hmem
