#include "hmem/kernels/optim.h"

#include "kernels/simd/simd.h"

namespace hmem {

void adam_update(real* p, real* m, real* v, const real* g, real scale, real rate, real beta1, real beta2, real epsilon,
                 int64_t n) {
  simd().adam(p, m, v, g, scale, rate, beta1, beta2, epsilon, n);
}

void sgd_update(real* p, real* u, const real* g, real scale, real rate, real momentum, int64_t n) {
  simd().sgd(p, u, g, scale, rate, momentum, n);
}

}  // namespace hmem
