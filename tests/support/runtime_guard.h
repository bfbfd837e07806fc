#pragma once
/// \file runtime_guard.h
/// Settings of the whole process that a test may change.

#include <string>

#include "hmem/core/parallel.h"
#include "hmem/kernels/blas.h"
#include "hmem/kernels/isa.h"

namespace hmem::test {

/// Restores threads, kernel set and GEMM at the end of the scope.
class RuntimeGuard {
 public:
  RuntimeGuard() = default;
  ~RuntimeGuard() {
    set_num_threads(threads_);
    select_kernel_set(kernels_);
    select_gemm_backend(backend_);
  }
  RuntimeGuard(const RuntimeGuard&) = delete;
  RuntimeGuard& operator=(const RuntimeGuard&) = delete;

 private:
  int threads_ = num_threads();
  std::string kernels_ = kernel_set_name();
  GemmBackend backend_ = gemm_backend();
};

}  // namespace hmem::test
