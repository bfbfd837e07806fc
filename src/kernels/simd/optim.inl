// Parameter updates, element by element. The formulas and their sources are in hmem/optim/. The decay is a term of
// its own, since a factor 1 - decay keeps few digits of a small decay.

#ifdef HMEM_REAL_DOUBLE
HMEM_INLINE real square_root(real x) { return __builtin_sqrt(x); }
#else
HMEM_INLINE real square_root(real x) { return __builtin_sqrtf(x); }
#endif

static void adam(real* __restrict p, real* __restrict m, real* __restrict v, const real* __restrict g, real scale,
                 real lr_t, real beta1, real beta2, real epsilon, real decay, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const real gradient = scale * g[i];
    m[i] = beta1 * m[i] + (1 - beta1) * gradient;
    v[i] = beta2 * v[i] + (1 - beta2) * (gradient * gradient);
    p[i] -= lr_t * m[i] / (square_root(v[i]) + epsilon) + decay * p[i];
  }
}

static void sgd(real* __restrict p, real* __restrict u, const real* __restrict g, real scale, real lr, real momentum,
                bool nesterov, real decay, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const real descent = lr * (scale * g[i]);
    u[i] = momentum * u[i] - descent;
    p[i] -= decay * p[i] - (nesterov ? momentum * u[i] - descent : u[i]);
  }
}
