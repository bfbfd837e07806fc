#pragma once
/// \file half.h
/// 16-bit floating point by bit operations: IEEE 754 binary16 (1 sign bit, 5 exponent bits with bias 15, 10 fraction
/// bits), and bfloat16, the upper half of a float.

#include <cstdint>

namespace hmem {

/// The value rounded once, to nearest, ties to even; infinite from 65520 on, subnormal below 2^-14.
uint16_t half_from_double(double value);
/// Exact.
double double_from_half(uint16_t bits);
/// Exact.
double double_from_bfloat(uint16_t bits);

}  // namespace hmem
