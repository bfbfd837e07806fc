#pragma once
/// \file softmax.h
/// Softmax with cross entropy, fused: probabilities are kept, logits may be discarded.

#include <cstdint>

#include "hmem/core/real.h"

namespace hmem {

/// p [rows, n] = softmax(logits); returns the sum over rows of - sum_j target_j log p_j with the smoothed target
///   target = (1 - smoothing) onehot(label) + smoothing / n
/// (0 for a negative label: an answer that is not a word). argmax [rows] receives the predicted class. Parallel over
/// rows. Label smoothing: Szegedy et al., CVPR 2016, section 7.
double softmax_cross_entropy_forward(real* p, int32_t* argmax, const real* logits, const int32_t* labels, int64_t rows,
                                     int64_t n, real smoothing = 0);

/// dlogits += scale (p - target). saves: p, labels.
void softmax_cross_entropy_backward(real* dlogits, const real* p, const int32_t* labels, real scale, int64_t rows,
                                    int64_t n, real smoothing = 0);

}  // namespace hmem
