// The hot kernels for one instruction set. Compiled once per set with -DHMEM_ISA=generic|avx2|avx512 and its flags;
// the only symbol that leaves is the table at the end, so that no function compiled for a large processor can be
// picked by the linker for a small one. Therefore: no standard library templates, no inline functions of headers that
// the compiler might emit, no OpenMP here.

#include "kernels/simd/simd.h"

#ifdef __AVX__
#include <immintrin.h>
#endif

#ifndef HMEM_ISA
#error "compile with -DHMEM_ISA=generic, avx2 or avx512"
#endif

#define HMEM_JOIN2(a, b) a##b
#define HMEM_JOIN(a, b) HMEM_JOIN2(a, b)
#define HMEM_TEXT2(a) #a
#define HMEM_TEXT(a) HMEM_TEXT2(a)

namespace hmem {
namespace {

// Types and lists that the kernels use come first.
#include "kernels/simd/vec.inl"
//
#include "kernels/simd/active_steps.inl"
//
#include "kernels/simd/dropout.inl"
#include "kernels/simd/elementwise.inl"
#include "kernels/simd/gemm.inl"
#include "kernels/simd/hebbian.inl"
#include "kernels/simd/memory_read.inl"
#include "kernels/simd/norm.inl"
#include "kernels/simd/optim.inl"
#include "kernels/simd/pool.inl"
#include "kernels/simd/read_before_write.inl"
#include "kernels/simd/softmax.inl"
//
#include "kernels/simd/activation.inl"
//
#include "kernels/simd/lstm.inl"
//
#include "kernels/simd/conv.inl"
//
#include "kernels/simd/winograd.inl"

// By name, so that no kernel can stand in the place of another; tests/kernels/isa_test.cpp finds a forgotten one.
#define HMEM_ENTRY(kernel) table.kernel = kernel

constexpr SimdKernels kernel_table() {
  SimdKernels table = {};
  table.name = HMEM_TEXT(HMEM_ISA);
  HMEM_ENTRY(hebbian_scratch);
  HMEM_ENTRY(hebbian_write_forward);
  HMEM_ENTRY(hebbian_write_backward);
  HMEM_ENTRY(rbw_step);
  HMEM_ENTRY(rbw_reverse_scratch);
  HMEM_ENTRY(rbw_reverse);
  HMEM_ENTRY(memory_grad_dense);
  HMEM_ENTRY(memory_read_forward);
  HMEM_ENTRY(memory_read_backward);
  HMEM_ENTRY(gemm_padded);
  HMEM_ENTRY(add);
  HMEM_ENTRY(accumulate);
  HMEM_ENTRY(axpy);
  HMEM_ENTRY(multiply_accumulate);
  HMEM_ENTRY(relu);
  HMEM_ENTRY(relu_backward);
  HMEM_ENTRY(sum_rows);
  HMEM_ENTRY(sentence_encoding_backward);
  HMEM_ENTRY(dot);
  HMEM_ENTRY(column_moments);
  HMEM_ENTRY(affine);
  HMEM_ENTRY(norm_backward_sums);
  HMEM_ENTRY(norm_backward);
  HMEM_ENTRY(layer_norm_row);
  HMEM_ENTRY(layer_norm_row_backward);
  HMEM_ENTRY(softmax_row);
  HMEM_ENTRY(exp);
  HMEM_ENTRY(elu);
  HMEM_ENTRY(elu_backward);
  HMEM_ENTRY(bias);
  HMEM_ENTRY(bias_elu);
  HMEM_ENTRY(bias_backward);
  HMEM_ENTRY(lstm_step);
  HMEM_ENTRY(lstm_step_backward);
  HMEM_ENTRY(max_pool_row);
  HMEM_ENTRY(max_pool_row_backward);
  HMEM_ENTRY(dropout);
  HMEM_ENTRY(conv_forward);
  HMEM_ENTRY(conv_weights);
  HMEM_ENTRY(winograd_inputs);
  HMEM_ENTRY(winograd_outputs);
  HMEM_ENTRY(winograd_outputs_adjoint);
  HMEM_ENTRY(winograd_weights);
  HMEM_ENTRY(winograd_weights_adjoint);
  HMEM_ENTRY(adam);
  HMEM_ENTRY(sgd);
  return table;
}

}  // namespace

constexpr SimdKernels HMEM_JOIN(simd_, HMEM_ISA) = kernel_table();

}  // namespace hmem
