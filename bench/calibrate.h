#pragma once
/// \file calibrate.h
/// What the vector units of this core can do, measured: the yardstick of the kernel benchmarks.
///
/// Two loops for every kernel set, at its vector width, in registers: fused multiply-adds, and independent
/// as many multiplications as additions. The memory kernels may not fuse, so the second is their bound;
/// on cores with separate adders (Zen) it is up to twice the first, on cores without (Intel's 512-bit ports) the same.

#include <cstdint>
#include <string>

#include "hmem/core/check.h"
#include "timing.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace hmem::bench {

constexpr int kChains = 14;  // independent, so that latency is hidden; in 16 registers with room for an operand
constexpr int64_t kRounds = 2048;

/// Either loop over vectors of type V. Every chain starts from a value that the compiler does not know: it would merge
/// equal chains. Values stay between 1 and kRounds + 1, never denormal.
#define HMEM_BENCH_CHAINS(statement)                                          \
  const volatile float opaque_one = 1;                                        \
  const V one = opaque_one - V{};                                             \
  V x[kChains];                                                               \
  _Pragma("GCC unroll 16") for (V & chain : x) chain = opaque_one - V{};      \
  for (int64_t round = 0; round < kRounds; ++round) {                         \
    _Pragma("GCC unroll 16") for (int c = 0; c < kChains; ++c) { statement; } \
  }                                                                           \
  V sum = one;                                                                \
  _Pragma("GCC unroll 16") for (const V& chain : x) sum += chain;             \
  volatile float sink = sum[0];                                               \
  (void)sink

#define HMEM_BENCH_MIXED x[c] = c % 2 == 0 ? x[c] * one : x[c] + one

inline void mixed_generic() {
  typedef float V __attribute__((vector_size(16)));
  HMEM_BENCH_CHAINS(HMEM_BENCH_MIXED);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) inline void mixed_avx2() {
  typedef float V __attribute__((vector_size(32)));
  HMEM_BENCH_CHAINS(HMEM_BENCH_MIXED);
}
__attribute__((target("avx2,fma"))) inline void fma_avx2() {
  typedef float V __attribute__((vector_size(32)));
  HMEM_BENCH_CHAINS(x[c] = _mm256_fmadd_ps(x[c], one, one));
}
__attribute__((target("avx512f"))) inline void mixed_avx512() {
  typedef float V __attribute__((vector_size(64)));
  HMEM_BENCH_CHAINS(HMEM_BENCH_MIXED);
}
__attribute__((target("avx512f"))) inline void fma_avx512() {
  typedef float V __attribute__((vector_size(64)));
  HMEM_BENCH_CHAINS(x[c] = _mm512_fmadd_ps(x[c], one, one));
}
#endif

#undef HMEM_BENCH_MIXED
#undef HMEM_BENCH_CHAINS

/// Operations per second on vectors of 16 elements, whatever the width of the machine's own vectors.
struct VectorRates {
  double fma;    ///< fused multiply-adds; pairs of a multiplication and an addition where they cannot be fused
  double mixed;  ///< as many multiplications as additions
};

/// The calibration loops of one kernel set.
class Calibration {
 public:
  explicit Calibration(const std::string& kernel_set) {
    if (kernel_set == "generic") {
      mixed_ = mixed_generic;
      lanes_ = 4;
#if defined(__x86_64__)
    } else if (kernel_set == "avx2") {
      fma_ = fma_avx2;
      mixed_ = mixed_avx2;
      lanes_ = 8;
    } else if (kernel_set == "avx512") {
      fma_ = fma_avx512;
      mixed_ = mixed_avx512;
      lanes_ = 16;
#endif
    } else {
      fail("no calibration for the kernel set ", kernel_set);
    }
  }

  bool has_fma() const { return fma_ != nullptr; }

  /// A subject and the rates at that moment: both loops and the subject run in turn.
  struct Measured {
    double seconds;
    VectorRates rates;
  };
  Measured measure(const Subject& subject) const {
    const std::vector<double> seconds = fastest({mixed_, has_fma() ? fma_ : mixed_, subject});
    const double vectors = static_cast<double>(kRounds * kChains * lanes_) / 16;
    const double mixed = vectors / seconds[0];
    return {seconds[2], {has_fma() ? vectors / seconds[1] : mixed / 2, mixed}};
  }

 private:
  void (*fma_)() = nullptr;
  void (*mixed_)() = nullptr;
  int lanes_ = 0;
};

}  // namespace hmem::bench
