#pragma once
/// \file op_by_op.h
/// The Hebbian write as other implementations compute it. Sequences have equal length: z_k, z_v [B, T, d].
///
///   OpByOp      one pass over [B, d, d] for every operation of the equation, every intermediate kept for the backward
///               pass: a framework without fusion. Its memory is allocated once, which a framework would not do.
///   FusedSteps  one pass over [d, d] per step and sample, every M(t) kept.

#include <algorithm>
#include <cstdint>

#include "hmem/core/tensor.h"
#include "hmem/kernels/hebbian.h"

// Simple loops that the compiler vectorises for this machine, as a framework's build does.
#if defined(__x86_64__) && defined(__gnu_linux__)
#define HMEM_BENCH_CLONES __attribute__((target_clones("default", "avx2", "arch=skylake-avx512")))
#else
#define HMEM_BENCH_CLONES
#endif
#if defined(__GNUC__)  // with -fopenmp-simd
#define HMEM_BENCH_SUM(...) _Pragma(HMEM_BENCH_TEXT(omp simd reduction(+ : __VA_ARGS__)))
#define HMEM_BENCH_TEXT(...) #__VA_ARGS__
#else
#define HMEM_BENCH_SUM(...)
#endif

namespace hmem::bench {

HMEM_BENCH_CLONES void multiply(real* __restrict out, const real* a, const real* b, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = a[i] * b[i];
}
HMEM_BENCH_CLONES void add(real* __restrict out, const real* a, const real* b, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = a[i] + b[i];
}
HMEM_BENCH_CLONES void subtract(real* __restrict out, const real* a, const real* b, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = a[i] - b[i];
}
HMEM_BENCH_CLONES void subtract_from(real* __restrict out, real a, const real* b, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = a - b[i];
}
HMEM_BENCH_CLONES void scale(real* __restrict out, real factor, const real* a, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = factor * a[i];
}
/// out [rows, d] = a [rows, d] * factor [rows, 1]
HMEM_BENCH_CLONES void scale_rows(real* __restrict out, const real* a, const real* factor, int64_t rows, int64_t d) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < d; ++j) out[i * d + j] = factor[i] * a[i * d + j];
  }
}
/// sum [rows] = a [rows, d] summed over columns
HMEM_BENCH_CLONES void sum_columns(real* __restrict sum, const real* a, int64_t rows, int64_t d) {
  for (int64_t i = 0; i < rows; ++i) {
    real row = 0;
    HMEM_BENCH_SUM(row)
    for (int64_t j = 0; j < d; ++j) row += a[i * d + j];
    sum[i] = row;
  }
}
/// out [d, d] = k v^T
HMEM_BENCH_CLONES void outer(real* __restrict out, const real* k, const real* v, int64_t d) {
  for (int64_t i = 0; i < d; ++i) {
    for (int64_t j = 0; j < d; ++j) out[i * d + j] = k[i] * v[j];
  }
}
/// Adjoint of outer: dk += dout v, dv += dout^T k
HMEM_BENCH_CLONES void outer_backward(real* __restrict dk, real* __restrict dv, const real* dout, const real* k,
                                      const real* v, int64_t d) {
  for (int64_t i = 0; i < d; ++i) {
    real row = 0;
    HMEM_BENCH_SUM(row)
    for (int64_t j = 0; j < d; ++j) row += dout[i * d + j] * v[j];
    dk[i] += row;
  }
  for (int64_t i = 0; i < d; ++i) {
    for (int64_t j = 0; j < d; ++j) dv[j] += dout[i * d + j] * k[i];
  }
}

inline void relu(Tensor& out, const real* z) {
  for (int64_t i = 0; i < out.count(); ++i) out[i] = std::max(z[i], real(0));
}
inline void relu_backward(real* dz, const real* z, const Tensor& dout) {
  for (int64_t i = 0; i < dout.count(); ++i) dz[i] += z[i] > 0 ? dout[i] : real(0);
}

class OpByOp {
 public:
  OpByOp(int64_t batch, int64_t steps, int64_t d, const HebbianRule& rule)
      : batch_(batch), steps_(steps), d_(d), n_(batch * d * d), rule_(rule) {
    for (Tensor* t : {&outer_, &room_, &grown_, &growth_, &decayed_, &decay_, &sum_}) *t = Tensor({steps, n_});
    m_ = Tensor({steps + 1, n_});
    for (Tensor* t : {&k_, &v_, &dk_, &dv_, &k_squared_}) *t = Tensor({batch * steps, d});
    for (Tensor* t : {&dm_, &dm_sum_, &grad_, &product_, &grad2_}) *t = Tensor({n_});
    row_ = Tensor({d});
  }

  /// Returns M [B, d, d].
  const real* forward(const real* z_k, const real* z_v) {
    relu(k_, z_k);
    relu(v_, z_v);
    multiply(k_squared_.data(), k_.data(), k_.data(), k_.count());
    for (int64_t t = 0; t < steps_; ++t) {
      const real* m = at(m_, t);
      for (int64_t b = 0; b < batch_; ++b) outer(at(outer_, t) + b * d_ * d_, of(k_, b, t), of(v_, b, t), d_);
      subtract_from(at(room_, t), rule_.w_max, m, n_);
      multiply(at(grown_, t), at(room_, t), at(outer_, t), n_);
      scale(at(growth_, t), rule_.gamma_pos, at(grown_, t), n_);
      for (int64_t b = 0; b < batch_; ++b) {
        scale_rows(at(decayed_, t) + b * d_ * d_, m + b * d_ * d_, of(k_squared_, b, t), d_, d_);
      }
      scale(at(decay_, t), rule_.gamma_neg, at(decayed_, t), n_);
      add(at(sum_, t), m, at(growth_, t), n_);
      subtract(at(m_, t + 1), at(sum_, t), at(decay_, t), n_);
    }
    return at(m_, steps_);
  }

  /// dm [B, d, d]; adds to dz_k, dz_v.
  void backward(real* dz_k, real* dz_v, const real* dm, const real* z_k, const real* z_v) {
    dk_.fill(0);
    dv_.fill(0);
    std::copy(dm, dm + n_, dm_.data());
    for (int64_t t = steps_ - 1; t >= 0; --t) {
      scale(grad_.data(), -1, dm_.data(), n_);                  // m' = sum - decay: gradient of decay
      scale(grad2_.data(), rule_.gamma_neg, grad_.data(), n_);  // of decayed = m * k^2
      multiply(product_.data(), grad2_.data(), at(m_, t), n_);
      for (int64_t b = 0; b < batch_; ++b) {
        sum_columns(row_.data(), product_.data() + b * d_ * d_, d_, d_);  // of k^2
        for (int64_t i = 0; i < d_; ++i) of(dk_, b, t)[i] += 2 * of(k_, b, t)[i] * row_[i];
        scale_rows(grad_.data() + b * d_ * d_, grad2_.data() + b * d_ * d_, of(k_squared_, b, t), d_, d_);
      }
      add(dm_sum_.data(), dm_.data(), grad_.data(), n_);            // sum = m + growth, decayed = m * k^2
      scale(grad2_.data(), rule_.gamma_pos, dm_.data(), n_);        // of grown = room * outer
      multiply(grad_.data(), grad2_.data(), at(room_, t), n_);      // of outer
      multiply(product_.data(), grad2_.data(), at(outer_, t), n_);  // of room = w_max - m
      subtract(dm_.data(), dm_sum_.data(), product_.data(), n_);
      for (int64_t b = 0; b < batch_; ++b) {
        outer_backward(of(dk_, b, t), of(dv_, b, t), grad_.data() + b * d_ * d_, of(k_, b, t), of(v_, b, t), d_);
      }
    }
    relu_backward(dz_k, z_k, dk_);
    relu_backward(dz_v, z_v, dv_);
  }

 private:
  real* at(Tensor& tensor, int64_t t) { return tensor.data() + t * n_; }
  real* of(Tensor& tensor, int64_t b, int64_t t) { return tensor.data() + (b * steps_ + t) * d_; }

  int64_t batch_, steps_, d_, n_;
  HebbianRule rule_;
  Tensor outer_, room_, grown_, growth_, decayed_, decay_, sum_, m_;  // [T, B, d, d]; m_ has M(0) = 0 as well
  Tensor k_, v_, dk_, dv_, k_squared_;                                // [B, T, d]
  Tensor dm_, dm_sum_, grad_, grad2_, product_;                       // [B, d, d]
  Tensor row_;                                                        // [d]
};

/// next = m + g+ (w_max - m) k v^T - g- m k^2
HMEM_BENCH_CLONES void fused_step(real* __restrict next, const real* m, const real* k, const real* v, int64_t d,
                                  const HebbianRule& rule) {
  for (int64_t i = 0; i < d; ++i) {
    const real grow = rule.gamma_pos * k[i], keep = 1 - rule.gamma_neg * k[i] * k[i];
    for (int64_t j = 0; j < d; ++j) next[i * d + j] = m[i * d + j] * keep + grow * v[j] * (rule.w_max - m[i * d + j]);
  }
}
/// Adjoint: dm is the gradient of next on entry and that of m on return.
HMEM_BENCH_CLONES void fused_step_backward(real* __restrict dm, real* __restrict dk, real* __restrict dv, const real* m,
                                           const real* k, const real* v, int64_t d, const HebbianRule& rule) {
  for (int64_t i = 0; i < d; ++i) {
    const real grow = rule.gamma_pos * k[i], keep = 1 - rule.gamma_neg * k[i] * k[i];
    real of_grow = 0, of_keep = 0;
    HMEM_BENCH_SUM(of_grow, of_keep)
    for (int64_t j = 0; j < d; ++j) {
      const real g = dm[i * d + j], room = g * (rule.w_max - m[i * d + j]);
      of_grow += room * v[j];
      of_keep += g * m[i * d + j];
      dv[j] += room * grow;
      dm[i * d + j] = g * (keep - grow * v[j]);
    }
    dk[i] += rule.gamma_pos * of_grow - 2 * rule.gamma_neg * k[i] * of_keep;
  }
}

class FusedSteps {
 public:
  FusedSteps(int64_t batch, int64_t steps, int64_t d, const HebbianRule& rule)
      : batch_(batch), steps_(steps), d_(d), rule_(rule), m_({steps + 1, d * d}), dm_({d * d}) {
    for (Tensor* t : {&k_, &v_, &dk_, &dv_}) *t = Tensor({batch * steps, d});
  }

  /// Sample by sample, so that the history of one sample is all that has to stay in cache. Adds to dz_k, dz_v.
  void forward_backward(real* m_out, real* dz_k, real* dz_v, const real* dm, const real* z_k, const real* z_v) {
    const int64_t n = d_ * d_;
    relu(k_, z_k);
    relu(v_, z_v);
    dk_.fill(0);
    dv_.fill(0);
    for (int64_t b = 0; b < batch_; ++b) {
      const int64_t first = b * steps_ * d_;
      for (int64_t t = 0; t < steps_; ++t) {
        real* m = m_.data() + t * n;
        fused_step(m + n, m, k_.data() + first + t * d_, v_.data() + first + t * d_, d_, rule_);
      }
      std::copy_n(m_.data() + steps_ * n, n, m_out + b * n);
      std::copy_n(dm + b * n, n, dm_.data());
      for (int64_t t = steps_ - 1; t >= 0; --t) {
        const int64_t step = first + t * d_;
        fused_step_backward(dm_.data(), dk_.data() + step, dv_.data() + step, m_.data() + t * n, k_.data() + step,
                            v_.data() + step, d_, rule_);
      }
    }
    relu_backward(dz_k, z_k, dk_);
    relu_backward(dz_v, z_v, dv_);
  }

 private:
  int64_t batch_, steps_, d_;
  HebbianRule rule_;
  Tensor m_, dm_;           // [T + 1, d, d], [d, d]
  Tensor k_, v_, dk_, dv_;  // [B, T, d]
};

}  // namespace hmem::bench
