// Activations that need exp, and biases.

#ifdef HMEM_REAL_DOUBLE

HMEM_INLINE vec expm1_negative(vec x) {
  vec y;
  for (int l = 0; l < kLanes; ++l) y[l] = __builtin_expm1(x[l]);
  return y;
}

#else

/// exp(x) - 1 for x <= 0, relative error below 3 ulp (tests/kernels/activation_test.cpp): the reduction and polynomial
/// of exp_vec, but the 1 is added in 2^n q + (2^n - 1), q = exp(r) - 1, where it cancels nothing.
HMEM_INLINE vec expm1_negative(vec x) {
  const vec low = splat(-87.33654f);
  const vec clamped = x < low ? low : x;
  const vec magic = splat(12582912.0f);
  const vec shifted = clamped * splat(1.44269504f) + magic;
  const vec n = shifted - magic;
  const vec r = (clamped - n * splat(0.693359375f)) - n * splat(-2.12194440e-4f);
  vec p = splat(1.0f / 5040);
  p = p * r + splat(1.0f / 720);
  p = p * r + splat(1.0f / 120);
  p = p * r + splat(1.0f / 24);
  p = p * r + splat(1.0f / 6);
  p = p * r + splat(0.5f);
  const vec q = (p * r) * r + r;
  const ivec exponent = reinterpret_cast<ivec>(shifted) - reinterpret_cast<ivec>(magic);
  const vec scale = reinterpret_cast<vec>((exponent + 127) << 23);  // n >= -126: a normal number
  const vec result = q * scale + (scale - splat(1.0f));
  return x == x ? result : x;
}

#endif

HMEM_INLINE vec elu_vec(vec x) {
  const vec zero = {};
  return x > zero ? x : expm1_negative(x > zero ? zero : x);
}

/// Slope of the ELU from its output.
HMEM_INLINE vec elu_slope(vec out) { return out > vec{} ? splat(1) : out + splat(1); }

/// Fewer than kLanes numbers as a vector, zero beyond them, and back.
HMEM_INLINE vec load_some(const real* p, int64_t count) {
  real lanes[kLanes] __attribute__((aligned(64))) = {};
  for (int64_t l = 0; l < count; ++l) lanes[l] = p[l];
  return load(lanes);
}

HMEM_INLINE void store_some(real* p, vec x, int64_t count) {
  real lanes[kLanes] __attribute__((aligned(64)));
  store(lanes, x);
  for (int64_t l = 0; l < count; ++l) p[l] = lanes[l];
}

static void elu(real* out, const real* a, int64_t n) {
  int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes) store_unaligned(out + j, elu_vec(load_unaligned(a + j)));
  if (j < n) store_some(out + j, elu_vec(load_some(a + j, n - j)), n - j);
}

static void elu_backward(real* __restrict dinp, const real* out, const real* dout, int64_t n) {
  for (int64_t j = 0; j < n; ++j) dinp[j] += dout[j] * (out[j] > 0 ? real(1) : out[j] + 1);
}

static void bias(real* out, const real* a, const real* bias_row, int64_t rows, int64_t n) {
  for (int64_t i = 0; i < rows; ++i) {
    int64_t j = 0;
    for (; j + kLanes <= n; j += kLanes) {
      store_unaligned(out + i * n + j, load_unaligned(a + i * n + j) + load_unaligned(bias_row + j));
    }
    for (; j < n; ++j) out[i * n + j] = a[i * n + j] + bias_row[j];
  }
}

static void bias_elu(real* out, const real* a, const real* bias_row, int64_t rows, int64_t n) {
  for (int64_t i = 0; i < rows; ++i) {
    const real* from = a + i * n;
    real* to = out + i * n;
    int64_t j = 0;
    for (; j + kLanes <= n; j += kLanes) {
      store_unaligned(to + j, elu_vec(load_unaligned(from + j) + load_unaligned(bias_row + j)));
    }
    if (j < n) store_some(to + j, elu_vec(load_some(from + j, n - j) + load_some(bias_row + j, n - j)), n - j);
  }
}

/// One vector of columns: returns dz.
HMEM_INLINE vec bias_backward_vec(const real* dout, const real* out) {
  const vec d = load_unaligned(dout);
  return out ? d * elu_slope(load_unaligned(out)) : d;
}

static void bias_backward(real* dz, real* __restrict sum, const real* dout, const real* out, int64_t rows, int64_t n) {
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t row = i * n;
    int64_t j = 0;
    for (; j + kLanes <= n; j += kLanes) {
      const vec d = bias_backward_vec(dout + row + j, out ? out + row + j : nullptr);
      if (dz) store_unaligned(dz + row + j, d);
      if (sum) store_unaligned(sum + j, load_unaligned(sum + j) + d);
    }
    for (; j < n; ++j) {
      const real d = out ? dout[row + j] * (out[row + j] > 0 ? real(1) : out[row + j] + 1) : dout[row + j];
      if (dz) dz[row + j] = d;
      if (sum) sum[j] += d;
    }
  }
}
