#include "hmem/kernels/softmax.h"

#include "hmem/core/parallel.h"
#include "kernels/scratch.h"
#include "kernels/simd/simd.h"

namespace hmem {

double softmax_cross_entropy_forward(real* p, int32_t* argmax, const real* logits, const int32_t* labels, int64_t rows,
                                     int64_t n, real smoothing) {
  Scratch scratch;
  real* losses = scratch.take(rows);
  parallel_for(rows, 16, [&](int64_t i) {
    int64_t best = 0;
    const real log_sum = simd().softmax_row(p + i * n, logits + i * n, n, &best);
    argmax[i] = static_cast<int32_t>(best);
    // The difference of the logits first: added to the maximum, a small loss would be rounded away.
    losses[i] = labels[i] < 0 ? real(0) : log_sum + (logits[i * n + best] - logits[i * n + labels[i]]);
    if (smoothing == 0 || labels[i] < 0) return;
    real above_label = 0;  // sum of logit_j - logit_label
    for (int64_t j = 0; j < n; ++j) above_label += logits[i * n + j] - logits[i * n + labels[i]];
    losses[i] -= smoothing / static_cast<real>(n) * above_label;
  });
  double sum = 0;
  for (int64_t i = 0; i < rows; ++i) sum += static_cast<double>(losses[i]);
  return sum;
}

// Forward: loss = sum_i log sum_j exp(logit_ij) - logit_i,label - smoothing (mean_j logit_ij - logit_i,label).
void softmax_cross_entropy_backward(real* dlogits, const real* p, const int32_t* labels, real scale, int64_t rows,
                                    int64_t n, real smoothing) {
  parallel_for(rows, 16, [&](int64_t i) {
    if (labels[i] < 0) return;
    simd().axpy(dlogits + i * n, scale, p + i * n, n);
    dlogits[i * n + labels[i]] -= scale * (1 - smoothing);
    if (smoothing == 0) return;
    for (int64_t j = 0; j < n; ++j) dlogits[i * n + j] -= scale * smoothing / static_cast<real>(n);
  });
}

}  // namespace hmem
