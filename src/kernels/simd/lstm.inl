// One step of an LSTM for one sample; columns of gates [4n] in the order i f g o.

#ifdef HMEM_REAL_DOUBLE
HMEM_INLINE vec exp_negative(vec x) {
  vec y;
  for (int l = 0; l < kLanes; ++l) y[l] = __builtin_exp(x[l]);
  return y;
}
#else
HMEM_INLINE vec exp_negative(vec x) { return exp_vec(x); }
#endif

/// e / (1 + e) or 1 / (1 + e) with e = exp(-|x|): no overflow, nothing cancels.
HMEM_INLINE vec sigmoid_vec(vec x) {
  const vec e = exp_negative(x > vec{} ? -x : x), one = splat(1);
  return (x > vec{} ? one : e) / (one + e);
}

/// With t = exp(-2 |x|) - 1:  tanh |x| = -t / (t + 2).
HMEM_INLINE vec tanh_vec(vec x) {
  const vec t = expm1_negative(x > vec{} ? splat(-2) * x : splat(2) * x);
  const vec y = t / (t + splat(2));
  return x > vec{} ? -y : y;
}

HMEM_INLINE vec load_up_to(const real* p, int64_t count) {
  return count >= kLanes ? load_unaligned(p) : load_some(p, count);
}

HMEM_INLINE void store_up_to(real* p, vec x, int64_t count) {
  if (count >= kLanes) {
    store_unaligned(p, x);
  } else {
    store_some(p, x, count);
  }
}

static void lstm_step(real* h, real* c, real* gates, const real* c_before, int64_t n) {
  for (int64_t j = 0; j < n; j += kLanes) {
    const int64_t left = n - j;
    real* z = gates + j;
    const vec i = sigmoid_vec(load_up_to(z, left)), f = sigmoid_vec(load_up_to(z + n, left)),
              g = tanh_vec(load_up_to(z + 2 * n, left)), o = sigmoid_vec(load_up_to(z + 3 * n, left));
    const vec c_new = (c_before ? f * load_up_to(c_before + j, left) : vec{}) + i * g;
    store_up_to(z, i, left);
    store_up_to(z + n, f, left);
    store_up_to(z + 2 * n, g, left);
    store_up_to(z + 3 * n, o, left);
    store_up_to(c + j, c_new, left);
    store_up_to(h + j, o * tanh_vec(c_new), left);
  }
}

// Forward: c = f c_before + i g,  h = o tanh(c),  sigmoid' = s (1 - s),  tanh' = 1 - tanh^2.
static void lstm_step_backward(real* dz, real* dc, const real* dh, const real* gates, const real* c,
                               const real* c_before, int64_t n) {
  const vec one = splat(1);
  for (int64_t j = 0; j < n; j += kLanes) {
    const int64_t left = n - j;
    const real* z = gates + j;
    const vec i = load_up_to(z, left), f = load_up_to(z + n, left), g = load_up_to(z + 2 * n, left),
              o = load_up_to(z + 3 * n, left), dh_j = load_up_to(dh + j, left);
    const vec tanh_c = tanh_vec(load_up_to(c + j, left));
    const vec dc_j = load_up_to(dc + j, left) + dh_j * o * (one - tanh_c * tanh_c);
    const vec before = c_before ? load_up_to(c_before + j, left) : vec{};
    store_up_to(dz + j, dc_j * g * i * (one - i), left);
    store_up_to(dz + n + j, dc_j * before * f * (one - f), left);
    store_up_to(dz + 2 * n + j, dc_j * i * (one - g * g), left);
    store_up_to(dz + 3 * n + j, dh_j * tanh_c * o * (one - o), left);
    store_up_to(dc + j, dc_j * f, left);
  }
}
