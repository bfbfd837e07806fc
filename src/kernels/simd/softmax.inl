// exp and softmax of one row.

#ifdef HMEM_REAL_DOUBLE

// The double build exists for gradient checks: the C library's exp is exact enough and speed does not matter.
static void exp(real* out, const real* a, int64_t n) {
  for (int64_t j = 0; j < n; ++j) out[j] = __builtin_exp(a[j]);
}

#else

typedef int32_t ivec __attribute__((vector_size(HMEM_VEC_BYTES)));

/// exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln(2) / 2. Taylor polynomial of degree 7; ln 2 in two parts so that
/// r is exact to the last bit that matters. Below -87.3 the result is 0 (the smallest normal number is e^-87.3),
/// above 88.7 infinity; NaN stays NaN. Measured against double: error below 1.1 ulp (tests/kernels/softmax_test.cpp).
HMEM_INLINE vec exp_vec(vec x) {
  const vec low = splat(-87.33654f), high = splat(88.72283f);
  const vec clamped = x < low ? low : (x > high ? high : x);
  const vec magic = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer in the low mantissa bits
  const vec shifted = clamped * splat(1.44269504f) + magic;
  const vec n = shifted - magic;
  const vec r = (clamped - n * splat(0.693359375f)) - n * splat(-2.12194440e-4f);
  vec p = splat(1.0f / 5040);
  p = p * r + splat(1.0f / 720);
  p = p * r + splat(1.0f / 120);
  p = p * r + splat(1.0f / 24);
  p = p * r + splat(1.0f / 6);
  p = p * r + splat(0.5f);
  p = (p * r) * r + r;
  p = p + splat(1.0f);
  // 2^n in two halves, because 2^128 is not a float while 1.99 * 2^127 is.
  const ivec exponent = reinterpret_cast<ivec>(shifted) - reinterpret_cast<ivec>(magic);
  const ivec half = exponent >> 1;
  const vec scale_a = reinterpret_cast<vec>((half + 127) << 23);
  const vec scale_b = reinterpret_cast<vec>((exponent - half + 127) << 23);
  const vec result = (p * scale_a) * scale_b;
  const vec infinity = splat(__builtin_inff());
  return x < low ? vec{} : (x > high ? infinity : (x == x ? result : x));
}

static void exp(real* out, const real* a, int64_t n) {
  int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes) store_unaligned(out + j, exp_vec(load_unaligned(a + j)));
  if (j == n) return;
  real tail[kLanes] __attribute__((aligned(64))) = {};
  for (int64_t i = j; i < n; ++i) tail[i - j] = a[i];
  store(tail, exp_vec(load(tail)));
  for (int64_t i = j; i < n; ++i) out[i] = tail[i - j];
}

#endif

static real softmax_row(real* p, const real* logits, int64_t n, int64_t* argmax) {
  int64_t best = 0;
  for (int64_t j = 1; j < n; ++j) {
    if (logits[j] > logits[best]) best = j;
  }
  const real max = logits[best];  // subtracted so that no exponential overflows; the quotient does not change
  for (int64_t j = 0; j < n; ++j) p[j] = logits[j] - max;
  exp(p, p, n);
  LaneSum sum = zero_lanes();
  int64_t j = 0;
  for (; j + kSumLanes <= n; j += kSumLanes) {
    HMEM_UNROLL
    for (int s = 0; s < kSumVecs; ++s) sum.part[s] += load_unaligned(p + j + s * kLanes);
  }
  real tail[kSumLanes] __attribute__((aligned(64))) = {};
  for (int64_t i = j; i < n; ++i) tail[i - j] = p[i];
  HMEM_UNROLL
  for (int s = 0; s < kSumVecs; ++s) sum.part[s] += load(tail + s * kLanes);
  const real total = tree_sum(sum);
  for (int64_t i = 0; i < n; ++i) p[i] /= total;
  *argmax = best;
#ifdef HMEM_REAL_DOUBLE
  return __builtin_log(total);
#else
  return __builtin_logf(total);
#endif
}
