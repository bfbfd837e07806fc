#pragma once
/// \file blas.h
/// Matrix products: the system's BLAS (OpenBLAS) or our own kernel, cut into pieces fixed by the problem.

#include <cstdint>
#include <string>

#include "hmem/core/real.h"

namespace hmem {

/// A row-major operand: op(X) = X, or its transpose; `ld` elements from one stored row to the next.
struct MatrixRef {
  const real* data = nullptr;
  int64_t ld = 0;
  bool transposed = false;
};

inline MatrixRef matrix(const real* data, int64_t ld) { return {data, ld, false}; }
inline MatrixRef transposed(const real* data, int64_t ld) { return {data, ld, true}; }

/// c [m, n] = op(a) [m, k] op(b) [k, n], or c += with `accumulate`; 2 m n k flops.
///
/// The rows of c are cut into at most 8 pieces of about 64 or more, whatever the number of threads; each piece is one
/// single-threaded product: the bits are the same for any number of threads. (They do depend on the BLAS library and
/// the processor.)
void gemm(real* c, int64_t ldc, const MatrixRef& a, const MatrixRef& b, int64_t m, int64_t n, int64_t k,
          bool accumulate);

/// The product that `gemm` calls.
enum class GemmBackend {
  blas,     ///< the linked BLAS; same as builtin when there is none
  builtin,  ///< our own: slower, the same bits on every machine and instruction set
};
void select_gemm_backend(GemmBackend backend);
GemmBackend gemm_backend();

/// "OpenBLAS 0.3.21 (SkylakeX)" or "builtin".
std::string blas_name();

/// What the user should know about that library; "": nothing. Two cases: a library without protection against several
/// threads (Debian's libopenblas0-serial), whose calls are then made one at a time; and too little address space for
/// its buffers, in which case the built-in product takes its place.
std::string blas_note();

}  // namespace hmem
