#include "hmem/kernels/dropout.h"

#include <algorithm>
#include <cmath>

#include "hmem/core/parallel.h"
#include "kernels/simd/simd.h"

namespace hmem {

namespace {

constexpr int64_t kPiece = 4096;  // elements of one task, a multiple of 4

void drop(real* out, const real* x, const DropoutMask& mask, bool add, int64_t n) {
  const auto scale = static_cast<real>(1 / (1 - mask.rate));
  // Dropped below this: rate of all 32-bit words.
  const auto threshold = static_cast<uint32_t>(std::min(std::ldexp(mask.rate, 32), 4294967295.0));
  parallel_for((n + kPiece - 1) / kPiece, 4, [&](int64_t piece) {
    const int64_t begin = piece * kPiece, end = std::min(n, begin + kPiece);
    const uint64_t block = (mask.first + static_cast<uint64_t>(begin)) / 4;
    simd().dropout(out + begin, x + begin, mask.key, block, threshold, scale, add, end - begin);
  });
}

}  // namespace

void dropout_forward(real* out, const real* x, const DropoutMask& mask, int64_t n) { drop(out, x, mask, false, n); }

void dropout_backward(real* dx, const real* dout, const DropoutMask& mask, int64_t n) { drop(dx, dout, mask, true, n); }

}  // namespace hmem
