#include "hmem/kernels/lstm.h"

#include <algorithm>

#include "hmem/core/parallel.h"
#include "hmem/kernels/blas.h"
#include "hmem/kernels/elementwise.h"
#include "kernels/scratch.h"
#include "kernels/simd/simd.h"

namespace hmem {

namespace {

constexpr int64_t kElements = 1 << 12;  // units of one step that are not worth a second thread

/// body(sample) for all samples of one step.
template <typename Body>
void over_samples(const LstmDims& dims, const Body& body) {
  parallel_for(dims.batch, 1 + kElements / dims.hidden, body);
}

}  // namespace

void lstm_forward(const LstmSaved& saved, const real* x, const real* kernel, const real* recurrent, const real* bias,
                  const LstmDims& dims) {
  const int64_t T = dims.steps, h = dims.hidden, rows = dims.batch * T;
  for (int64_t row = 0; row < rows; ++row) std::copy(bias, bias + 4 * h, saved.gates + row * 4 * h);
  gemm(saved.gates, 4 * h, matrix(x, dims.in), matrix(kernel, 4 * h), rows, 4 * h, dims.in, true);
  for (int64_t t = 0; t < T; ++t) {
    // Rows of one step are T rows apart.
    if (t > 0) {
      gemm(saved.gates + t * 4 * h, T * 4 * h, matrix(saved.h + (t - 1) * h, T * h), matrix(recurrent, 4 * h),
           dims.batch, 4 * h, h, true);
    }
    over_samples(dims, [&](int64_t b) {
      const int64_t row = b * T + t;
      real* c = saved.c + row * h;
      simd().lstm_step(saved.h + row * h, c, saved.gates + row * 4 * h, t > 0 ? c - h : nullptr, h);
    });
  }
}

// Forward: z_t = x_t kernel + h_{t-1} recurrent + bias.  From the last step to the first:
//   dh_t += dz_{t+1} recurrent^T,  dz_t and dc_{t-1} by lstm_step_backward,  then over all steps at once
//   dkernel += x^T dz,  drecurrent += h_{t-1}^T dz,  dbias += sum of dz,  dx += dz kernel^T
void lstm_backward(const LstmGrads& grads, const real* dout, LstmOutput output, const real* x, const real* kernel,
                   const real* recurrent, const LstmSaved& saved, const LstmDims& dims) {
  const int64_t T = dims.steps, h = dims.hidden, batch = dims.batch, rows = batch * T;
  Scratch scratch;
  real *dz = scratch.take(rows * 4 * h), *dh = scratch.take(batch * h), *dc = scratch.take(batch * h);
  std::fill(dc, dc + batch * h, real(0));
  for (int64_t t = T - 1; t >= 0; --t) {
    for (int64_t b = 0; b < batch; ++b) {
      const real* from = output == LstmOutput::all ? dout + (b * T + t) * h : dout + b * h;
      if (output == LstmOutput::all || t == T - 1) {
        std::copy(from, from + h, dh + b * h);
      } else {
        std::fill(dh + b * h, dh + (b + 1) * h, real(0));
      }
    }
    if (t + 1 < T) {
      gemm(dh, h, matrix(dz + (t + 1) * 4 * h, T * 4 * h), transposed(recurrent, 4 * h), batch, h, 4 * h, true);
    }
    over_samples(dims, [&](int64_t b) {
      const int64_t row = b * T + t;
      const real* c = saved.c + row * h;
      simd().lstm_step_backward(dz + row * 4 * h, dc + b * h, dh + b * h, saved.gates + row * 4 * h, c,
                                t > 0 ? c - h : nullptr, h);
    });
  }
  if (grads.dkernel) {
    gemm(grads.dkernel, 4 * h, transposed(x, dims.in), matrix(dz, 4 * h), dims.in, 4 * h, rows, true);
  }
  if (grads.drecurrent) {
    real* before = scratch.take(rows * h);  // h_{t-1}
    for (int64_t row = 0; row < rows; ++row) {
      if (row % T == 0) {
        std::fill(before + row * h, before + (row + 1) * h, real(0));
      } else {
        std::copy(saved.h + (row - 1) * h, saved.h + row * h, before + row * h);
      }
    }
    gemm(grads.drecurrent, 4 * h, transposed(before, h), matrix(dz, 4 * h), h, 4 * h, rows, true);
  }
  bias_backward(nullptr, grads.dbias, dz, nullptr, Activation::none, rows, 4 * h);
  if (grads.dx) gemm(grads.dx, dims.in, matrix(dz, 4 * h), transposed(kernel, 4 * h), rows, dims.in, 4 * h, true);
}

}  // namespace hmem
