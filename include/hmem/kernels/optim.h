#pragma once
/// \file optim.h
/// Element-wise parameter updates over n elements, one thread. Formulas and sources: optim/optimizer.h.

#include <cstdint>

#include "hmem/core/real.h"

namespace hmem {

/// g' = scale g;  m = beta1 m + (1 - beta1) g';  v = beta2 v + (1 - beta2) g'^2;  p -= rate m / (sqrt(v) + epsilon)
void adam_update(real* p, real* m, real* v, const real* g, real scale, real rate, real beta1, real beta2, real epsilon,
                 int64_t n);

/// u = momentum u - rate scale g;  p += u
void sgd_update(real* p, real* u, const real* g, real scale, real rate, real momentum, int64_t n);

}  // namespace hmem
