#pragma once
/// \file softmax.h
/// Softmax with cross entropy, fused: probabilities are kept, logits may be discarded.

#include <cstdint>

#include "hmem/core/real.h"

namespace hmem {

/// p [rows, n] = softmax(logits); returns sum over rows of -log p[label] (0 for a negative label: an answer that is
/// not a word). argmax [rows] receives the predicted class. Parallel over rows.
double softmax_cross_entropy_forward(real* p, int32_t* argmax, const real* logits, const int32_t* labels, int64_t rows,
                                     int64_t n);

/// dlogits += scale (p - onehot(label)). saves: p, labels.
void softmax_cross_entropy_backward(real* dlogits, const real* p, const int32_t* labels, real scale, int64_t rows,
                                    int64_t n);

}  // namespace hmem
