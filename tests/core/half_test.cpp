#include "hmem/core/half.h"

#include <cmath>
#include <limits>

#include "catch.h"

namespace hmem {
namespace {

TEST_CASE("half: every value reads back as itself", "[core]") {
  int wrong = 0;
  for (int bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const double value = double_from_half(half);
    if (std::isnan(value)) continue;
    wrong += half_from_double(value) != half;
  }
  CHECK(wrong == 0);
  CHECK(std::isnan(double_from_half(half_from_double(std::nan("")))));
}

TEST_CASE("half: rounding to nearest, ties to even", "[core]") {
  int wrong = 0;
  for (int bits = 0; bits < 0x7bff; ++bits) {  // from 0 through subnormal to the largest
    const auto low = static_cast<uint16_t>(bits), high = static_cast<uint16_t>(bits + 1);
    const double a = double_from_half(low), b = double_from_half(high), tie = a + (b - a) / 2;
    const uint16_t even = bits % 2 == 0 ? low : high;
    wrong += half_from_double(tie) != even;
    wrong += half_from_double(-tie) != (even | 0x8000);
    wrong += half_from_double(std::nextafter(tie, a)) != low;
    wrong += half_from_double(std::nextafter(tie, b)) != high;
  }
  CHECK(wrong == 0);
}

TEST_CASE("half: well-known values and the limits", "[core]") {
  CHECK(half_from_double(1) == 0x3c00);
  CHECK(half_from_double(-2) == 0xc000);
  CHECK(half_from_double(1.0 / 3) == 0x3555);
  CHECK(half_from_double(65504) == 0x7bff);
  CHECK(half_from_double(65519.99) == 0x7bff);
  CHECK(half_from_double(65520) == 0x7c00);
  CHECK(half_from_double(-1e300) == 0xfc00);
  CHECK(half_from_double(std::numeric_limits<double>::infinity()) == 0x7c00);
  CHECK(half_from_double(std::ldexp(1, -14)) == 0x0400);
  CHECK(half_from_double(std::ldexp(1, -24)) == 0x0001);
  CHECK(half_from_double(std::ldexp(1, -25)) == 0x0000);
  CHECK(half_from_double(std::ldexp(1.001, -25)) == 0x0001);
  CHECK(half_from_double(std::numeric_limits<double>::denorm_min()) == 0x0000);
  CHECK(half_from_double(-0.0) == 0x8000);
}

TEST_CASE("bfloat16 is the upper half of a float", "[core]") {
  CHECK(double_from_bfloat(0x0000) == 0);
  CHECK(double_from_bfloat(0x3f80) == 1);
  CHECK(double_from_bfloat(0xc049) == -3.140625);
  CHECK(double_from_bfloat(0x0001) == std::ldexp(1, -133));
  CHECK(double_from_bfloat(0xff80) == -HUGE_VAL);
  CHECK(std::isnan(double_from_bfloat(0x7fc0)));
}

}  // namespace
}  // namespace hmem
