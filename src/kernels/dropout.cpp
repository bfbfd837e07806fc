#include "hmem/kernels/dropout.h"

#include <algorithm>
#include <cmath>

#include "hmem/core/parallel.h"
#include "hmem/core/rng.h"

namespace hmem {

namespace {

constexpr int64_t kPiece = 4096;  // elements of one task, a multiple of 4

/// f(i, keep) for all elements.
template <typename F>
void for_mask(const DropoutMask& mask, int64_t n, const F& f) {
  // Dropped below this: rate of all 32-bit words.
  const auto threshold = static_cast<uint32_t>(std::min(std::ldexp(mask.rate, 32), 4294967295.0));
  parallel_for((n + kPiece - 1) / kPiece, 4, [&](int64_t piece) {
    const int64_t end = std::min(n, (piece + 1) * kPiece);
    for (int64_t i = piece * kPiece; i < end; i += 4) {
      const uint64_t block = (mask.first + static_cast<uint64_t>(i)) / 4;
      const uint32_t counter[4] = {static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), 0, 0};
      uint32_t word[4];
      philox4x32(counter, mask.key, word);
      for (int64_t j = i; j < std::min(end, i + 4); ++j) f(j, word[j - i] >= threshold);
    }
  });
}

}  // namespace

void dropout_forward(real* out, const real* x, const DropoutMask& mask, int64_t n) {
  const auto scale = static_cast<real>(1 / (1 - mask.rate));
  for_mask(mask, n, [=](int64_t i, bool keep) { out[i] = keep ? x[i] * scale : real(0); });
}

void dropout_backward(real* dx, const real* dout, const DropoutMask& mask, int64_t n) {
  const auto scale = static_cast<real>(1 / (1 - mask.rate));
  for_mask(mask, n, [=](int64_t i, bool keep) { dx[i] += keep ? dout[i] * scale : real(0); });
}

}  // namespace hmem
