#include "hmem/core/half.h"

#include <cmath>
#include <cstring>

namespace hmem {

uint16_t half_from_double(double value) {
  constexpr int kBias = 1023, kFraction = 52, kHalfFraction = 10, kHalfLowest = -14, kHalfHighest = 15;
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const auto sign = static_cast<uint16_t>(bits >> 63 << 15);
  const int stored = static_cast<int>(bits >> kFraction & 0x7ff), exponent = stored - kBias;
  const uint64_t fraction = bits & ((uint64_t{1} << kFraction) - 1);
  if (stored == 0x7ff) return static_cast<uint16_t>(sign | (fraction == 0 ? 0x7c00 : 0x7e00));
  if (exponent > kHalfHighest) return static_cast<uint16_t>(sign | 0x7c00);

  // Normal: exponent and fraction side by side, so that a carry of the rounding goes into the exponent (and to
  // infinity). Subnormal: the significand in units of 2^-24. Both lose `lost` bits; below 2^-25 nothing is left.
  const int missing = exponent < kHalfLowest ? kHalfLowest - exponent : 0;
  const int lost = kFraction - kHalfFraction + missing;
  if (missing > kHalfFraction + 1) return sign;
  const uint64_t significand = uint64_t{1} << kFraction | fraction;
  uint64_t kept = significand >> lost;
  const uint64_t rest = significand & ((uint64_t{1} << lost) - 1), tie = uint64_t{1} << (lost - 1);
  if (missing == 0) kept += static_cast<uint64_t>(exponent - kHalfLowest) << kHalfFraction;
  if (rest > tie || (rest == tie && (kept & 1) != 0)) ++kept;
  return static_cast<uint16_t>(sign | kept);
}

double double_from_half(uint16_t bits) {
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent == 31) return fraction == 0 ? sign * HUGE_VAL : std::nan("");
  return sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024, exponent - 25));
}

double double_from_bfloat(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return static_cast<double>(value);
}

}  // namespace hmem
