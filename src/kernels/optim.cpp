#include "hmem/kernels/optim.h"

#include "kernels/simd/simd.h"

namespace hmem {

void adam_update(real* p, real* m, real* v, const real* g, real scale, real rate, real beta1, real beta2, real epsilon,
                 real decay, int64_t n) {
  simd().adam(p, m, v, g, scale, rate, beta1, beta2, epsilon, decay, n);
}

void sgd_update(real* p, real* u, const real* g, real scale, real rate, real momentum, bool nesterov, real decay,
                int64_t n) {
  simd().sgd(p, u, g, scale, rate, momentum, nesterov, decay, n);
}

}  // namespace hmem
