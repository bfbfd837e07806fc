// Vectors of the native width of the instruction set that this file is compiled for, as compiler vector types.
// Code is written once for any width; 64-byte types on a 32-byte machine are split badly by compilers, so never those.

#if defined(__AVX512F__)
#define HMEM_VEC_BYTES 64
#elif defined(__AVX__)
#define HMEM_VEC_BYTES 32
#else
#define HMEM_VEC_BYTES 16
#endif

#ifdef HMEM_REAL_DOUBLE
typedef int64_t real_bits;
constexpr real_bits kSignBit = INT64_MIN;
#else
typedef int32_t real_bits;
constexpr real_bits kSignBit = INT32_MIN;
#endif
typedef real vec __attribute__((vector_size(HMEM_VEC_BYTES)));
typedef real_bits vec_bits __attribute__((vector_size(HMEM_VEC_BYTES)));
typedef real vec_unaligned __attribute__((vector_size(HMEM_VEC_BYTES), aligned(sizeof(real)), may_alias));

constexpr int kLanes = HMEM_VEC_BYTES / static_cast<int>(sizeof(real));
/// Sums over columns run in 16 lanes (lane = column mod 16) on every machine; a vector holds kLanes of them.
constexpr int kSumLanes = 16;
static_assert(padded(1) == kSumLanes, "padded rows are whole sums");
constexpr int kSumVecs = kSumLanes / kLanes;

#define HMEM_INLINE static inline __attribute__((always_inline))
/// After the parameters of a lambda whose calls are too many for the compiler to inline it by itself.
#define HMEM_INLINE_LAMBDA __attribute__((always_inline))
#define HMEM_UNROLL _Pragma("GCC unroll 16")

HMEM_INLINE vec splat(real x) { return x - vec{}; }
HMEM_INLINE vec load(const real* p) { return *reinterpret_cast<const vec*>(p); }
HMEM_INLINE void store(real* p, vec x) { *reinterpret_cast<vec*>(p) = x; }
HMEM_INLINE vec load_unaligned(const real* p) { return *reinterpret_cast<const vec_unaligned*>(p); }
HMEM_INLINE void store_unaligned(real* p, vec x) { *reinterpret_cast<vec_unaligned*>(p) = x; }

HMEM_INLINE vec absolute(vec x) { return reinterpret_cast<vec>(reinterpret_cast<vec_bits>(x) & ~kSignBit); }
/// x where the sign bit of `sign` is 0, -x where it is 1.
HMEM_INLINE vec times_sign(vec x, vec sign) {
  return reinterpret_cast<vec>(reinterpret_cast<vec_bits>(x) ^ (reinterpret_cast<vec_bits>(sign) & kSignBit));
}

template <int N>
struct Size {
  static constexpr int value = N;
};

/// The 16 partial sums of a row.
struct LaneSum {
  vec part[kSumVecs];
};

HMEM_INLINE LaneSum zero_lanes() {
  LaneSum sum;
  HMEM_UNROLL
  for (int p = 0; p < kSumVecs; ++p) sum.part[p] = vec{};
  return sum;
}

/// Halves of the 16 lanes are added until one is left: lane l + 8 to lane l, then 4, 2, 1. The same tree for any width.
HMEM_INLINE real tree_sum(LaneSum sum) {
  HMEM_UNROLL
  for (int half = kSumVecs / 2; half > 0; half /= 2) {
    HMEM_UNROLL
    for (int p = 0; p < half; ++p) sum.part[p] += sum.part[p + half];
  }
  const vec x = sum.part[0];
#if HMEM_VEC_BYTES == 64 && !defined(HMEM_REAL_DOUBLE)
  const __m256 x8 = _mm512_maskz_extractf32x8_ps(0xff, x, 0) + _mm512_maskz_extractf32x8_ps(0xff, x, 1);
  const __m128 x4 = _mm256_castps256_ps128(x8) + _mm256_extractf128_ps(x8, 1);
  const __m128 x2 = x4 + _mm_movehl_ps(x4, x4);
  return x2[0] + x2[1];
#elif HMEM_VEC_BYTES == 32 && !defined(HMEM_REAL_DOUBLE)
  const __m128 x4 = _mm256_castps256_ps128(x) + _mm256_extractf128_ps(x, 1);
  const __m128 x2 = x4 + _mm_movehl_ps(x4, x4);
  return x2[0] + x2[1];
#else
  real lanes[kLanes];
  HMEM_UNROLL
  for (int l = 0; l < kLanes; ++l) lanes[l] = x[l];
  HMEM_UNROLL
  for (int half = kLanes / 2; half > 0; half /= 2) {
    HMEM_UNROLL
    for (int l = 0; l < half; ++l) lanes[l] += lanes[l + half];
  }
  return lanes[0];
#endif
}

#if HMEM_VEC_BYTES == 64 && !defined(HMEM_REAL_DOUBLE)
/// Lane r: tree_sum of row r of `lanes` [16, 16]. At each level two rows (or pairs, or fours of them) share a vector,
/// low halves are added to high halves: 15 additions for 16 rows. Two bits of the row are swapped in the order of
/// loading, so that the sums come out in order.
HMEM_INLINE vec tree_sums(const real* lanes) {
  __m512 x[16];
  HMEM_UNROLL
  for (int s = 0; s < 16; ++s) {
    const int row = (s & 1) << 1 | (s & 2) >> 1 | (s & 4) << 1 | (s & 8) >> 1;
    x[s] = load(lanes + row * kSumLanes);
  }
  constexpr __mmask16 kAll = 0xffff;
  HMEM_UNROLL
  for (int i = 0; i < 8; ++i) {
    x[i] =
        _mm512_maskz_shuffle_f32x4(kAll, x[i], x[i + 8], 0x44) + _mm512_maskz_shuffle_f32x4(kAll, x[i], x[i + 8], 0xee);
  }
  HMEM_UNROLL
  for (int i = 0; i < 4; ++i) {
    x[i] =
        _mm512_maskz_shuffle_f32x4(kAll, x[i], x[i + 4], 0x88) + _mm512_maskz_shuffle_f32x4(kAll, x[i], x[i + 4], 0xdd);
  }
  HMEM_UNROLL
  for (int i = 0; i < 2; ++i) x[i] = _mm512_shuffle_ps(x[i], x[i + 2], 0x44) + _mm512_shuffle_ps(x[i], x[i + 2], 0xee);
  return _mm512_shuffle_ps(x[0], x[1], 0x88) + _mm512_shuffle_ps(x[0], x[1], 0xdd);
}
#elif HMEM_VEC_BYTES == 32 && !defined(HMEM_REAL_DOUBLE)
/// Lane r: tree_sum of row r of `lanes` [8, 16]: as above, 8 rows at a time.
HMEM_INLINE vec tree_sums(const real* lanes) {
  __m256 x[8];
  HMEM_UNROLL
  for (int s = 0; s < 8; ++s) {
    const int row = (s & 1) << 1 | (s & 2) >> 1 | (s & 4);
    x[s] = load(lanes + row * kSumLanes) + load(lanes + row * kSumLanes + kLanes);
  }
  HMEM_UNROLL
  for (int i = 0; i < 4; ++i) {
    x[i] = _mm256_permute2f128_ps(x[i], x[i + 4], 0x20) + _mm256_permute2f128_ps(x[i], x[i + 4], 0x31);
  }
  HMEM_UNROLL
  for (int i = 0; i < 2; ++i) x[i] = _mm256_shuffle_ps(x[i], x[i + 2], 0x44) + _mm256_shuffle_ps(x[i], x[i + 2], 0xee);
  return _mm256_shuffle_ps(x[0], x[1], 0x88) + _mm256_shuffle_ps(x[0], x[1], 0xdd);
}
#endif

/// Calls f(Size<n>) for n vectors, 1 <= n <= 8.
template <typename F>
HMEM_INLINE void with_size(int n, const F& f) {
  switch (n) {
    case 1:
      return f(Size<1>{});
    case 2:
      return f(Size<2>{});
    case 3:
      return f(Size<3>{});
    case 4:
      return f(Size<4>{});
    case 5:
      return f(Size<5>{});
    case 6:
      return f(Size<6>{});
    case 7:
      return f(Size<7>{});
    default:
      return f(Size<8>{});
  }
}

/// Cuts `vecs` vectors into pieces of nearly equal size, at most `most` and whole multiples of kSumVecs:
/// f(first vector, Size<count>).
template <typename F>
HMEM_INLINE void for_blocks(int64_t vecs, int most, const F& f) {
  const int64_t units = vecs / kSumVecs, most_units = most / kSumVecs;
  const int64_t blocks = (units + most_units - 1) / most_units;
  for (int64_t b = 0; b < blocks; ++b) {
    const int64_t begin = units * b / blocks * kSumVecs, end = units * (b + 1) / blocks * kSumVecs;
    with_size(static_cast<int>(end - begin), [&](auto size) { f(begin, size); });
  }
}
