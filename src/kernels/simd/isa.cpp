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

}  // namespace

extern const SimdKernels HMEM_JOIN(simd_, HMEM_ISA);

const SimdKernels HMEM_JOIN(simd_, HMEM_ISA) = {
    HMEM_TEXT(HMEM_ISA),
    hebbian_scratch,
    hebbian_write_forward,
    hebbian_write_backward,
    rbw_step,
    rbw_reverse_scratch,
    rbw_reverse,
    memory_grad_dense,
    memory_read_forward,
    memory_read_backward,
    gemm_padded,
    add,
    accumulate,
    axpy,
    multiply_accumulate,
    relu,
    relu_backward,
    sum_rows,
    sentence_encoding_backward,
    sum_of_squares,
    column_moments,
    affine,
    norm_backward_sums,
    norm_backward,
    layer_norm_row,
    layer_norm_row_backward,
    softmax_row,
    exp,
    elu,
    elu_backward,
    bias,
    bias_elu,
    bias_backward,
    lstm_step,
    lstm_step_backward,
    max_pool_row,
    max_pool_row_backward,
    dropout,
    conv_forward,
    conv_weights,
    adam,
    sgd,
};

}  // namespace hmem
