// Dropout with Philox 4x32-10 (core/rng.h), 16 blocks of 4 words at a time. A 32-bit word of the state sits in the low
// half of 64 bits; what the high half holds is ignored by the products and cut off at the end.

typedef uint64_t wide __attribute__((vector_size(HMEM_VEC_BYTES)));
constexpr int kWides = HMEM_VEC_BYTES / 8;

/// Low halves times k, all 64 bits.
HMEM_INLINE wide multiply_low(wide a, uint64_t k) {
#if HMEM_VEC_BYTES == 64
  return reinterpret_cast<wide>(
      _mm512_maskz_mul_epu32(0xff, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(k - wide{})));
#elif HMEM_VEC_BYTES == 32 && defined(__AVX2__)
  return reinterpret_cast<wide>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(k - wide{})));
#else
  return (a & 0xffffffff) * k;
#endif
}

/// word [64]: blocks first .. first + 15 of the stream.
HMEM_INLINE void philox_words(uint32_t* word, const uint32_t* key, uint64_t first) {
  constexpr int kParts = 16 / kWides;
  wide lanes = {};
  for (int l = 0; l < kWides; ++l) lanes[l] = static_cast<uint64_t>(l);
  wide c0[kParts], c1[kParts], c2[kParts], c3[kParts];
  HMEM_UNROLL
  for (int p = 0; p < kParts; ++p) {
    c0[p] = lanes + (first + static_cast<uint64_t>(p * kWides));
    c1[p] = c0[p] >> 32;
    c2[p] = c3[p] = wide{};
  }
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; ++round) {
    HMEM_UNROLL
    for (int p = 0; p < kParts; ++p) {
      const wide p0 = multiply_low(c0[p], 0xD2511F53), p1 = multiply_low(c2[p], 0xCD9E8D57);
      c0[p] = (p1 >> 32) ^ c1[p] ^ uint64_t { k0 };
      c1[p] = p1;
      c2[p] = (p0 >> 32) ^ c3[p] ^ uint64_t { k1 };
      c3[p] = p0;
    }
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  HMEM_UNROLL
  for (int p = 0; p < kParts; ++p) {
    for (int l = 0; l < kWides; ++l) {
      uint32_t* block = word + 4 * (p * kWides + l);
      block[0] = static_cast<uint32_t>(c0[p][l]);
      block[1] = static_cast<uint32_t>(c1[p][l]);
      block[2] = static_cast<uint32_t>(c2[p][l]);
      block[3] = static_cast<uint32_t>(c3[p][l]);
    }
  }
}

static void dropout(real* __restrict out, const real* __restrict x, const uint32_t* key, uint64_t block,
                    uint32_t threshold, real scale, bool add, int64_t n) {
  constexpr int64_t kWords = 64;
  uint32_t word[kWords];
  for (int64_t i = 0; i < n; i += kWords, block += kWords / 4) {
    philox_words(word, key, block);
    const int64_t count = n - i < kWords ? n - i : kWords;
    if (add) {
      for (int64_t j = 0; j < count; ++j) out[i + j] += word[j] >= threshold ? x[i + j] * scale : real(0);
    } else {
      for (int64_t j = 0; j < count; ++j) out[i + j] = word[j] >= threshold ? x[i + j] * scale : real(0);
    }
  }
}
