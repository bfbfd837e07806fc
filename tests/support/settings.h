#pragma once
/// \file settings.h
/// Settings of the process for the length of a scope.

#include <string>

#include "hmem/core/parallel.h"
#include "hmem/kernels/blas.h"
#include "hmem/kernels/isa.h"

namespace hmem::test {

/// Number of threads.
class UseThreads {
 public:
  explicit UseThreads(int count) : old_(num_threads()) { set_num_threads(count); }
  ~UseThreads() { set_num_threads(old_); }
  UseThreads(const UseThreads&) = delete;
  UseThreads& operator=(const UseThreads&) = delete;

 private:
  int old_;
};

/// Kernel set, by name.
class UseKernels {
 public:
  explicit UseKernels(const std::string& name) : old_(kernel_set_name()) { select_kernel_set(name); }
  ~UseKernels() { select_kernel_set(old_); }
  UseKernels(const UseKernels&) = delete;
  UseKernels& operator=(const UseKernels&) = delete;

 private:
  std::string old_;
};

/// Matrix product.
class UseGemm {
 public:
  explicit UseGemm(GemmBackend backend) : old_(gemm_backend()) { select_gemm_backend(backend); }
  ~UseGemm() { select_gemm_backend(old_); }
  UseGemm(const UseGemm&) = delete;
  UseGemm& operator=(const UseGemm&) = delete;

 private:
  GemmBackend old_;
};

}  // namespace hmem::test
