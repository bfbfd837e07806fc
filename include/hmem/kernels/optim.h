#pragma once
/// \file optim.h
/// Element-wise parameter updates over n elements, one thread. Formulas and sources: optim/adam.h, optim/sgd.h.

#include <cstdint>

#include "hmem/core/real.h"

namespace hmem {

/// g' = scale g;  m = beta1 m + (1 - beta1) g';  v = beta2 v + (1 - beta2) g'^2;
/// p -= rate m / (sqrt(v) + epsilon) + decay p
void adam_update(real* p, real* m, real* v, const real* g, real scale, real rate, real beta1, real beta2, real epsilon,
                 real decay, int64_t n);

/// g' = scale g;  u = momentum u - rate g';  p += (nesterov ? momentum u - rate g' : u) - decay p
void sgd_update(real* p, real* u, const real* g, real scale, real rate, real momentum, bool nesterov, real decay,
                int64_t n);

}  // namespace hmem
