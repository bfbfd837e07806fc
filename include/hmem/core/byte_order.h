#pragma once
/// \file byte_order.h
/// Numbers as files and hashes have them: the lowest byte first, on every machine.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hmem {

constexpr bool kLittleEndian = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

/// Reverses the bytes of each of `count` numbers where the machine has the highest byte first; nothing elsewhere.
template <typename Number>
void swap_to_little_endian(Number* numbers, int64_t count) {
  if constexpr (!kLittleEndian) {
    for (int64_t i = 0; i < count; ++i) {
      unsigned char bytes[sizeof(Number)];
      std::memcpy(bytes, numbers + i, sizeof(Number));
      std::reverse(bytes, bytes + sizeof(Number));
      std::memcpy(numbers + i, bytes, sizeof(Number));
    }
  }
}

/// Calls `take(const Number* piece, count)` with the numbers in that order, in pieces where they must be copied.
template <typename Number, typename Take>
void for_little_endian(const Number* numbers, int64_t count, const Take& take) {
  if constexpr (kLittleEndian) {
    take(numbers, count);
  } else {
    constexpr int64_t kPiece = 4096;
    Number piece[kPiece];
    for (int64_t first = 0; first < count; first += kPiece) {
      const int64_t size = std::min(kPiece, count - first);
      std::copy(numbers + first, numbers + first + size, piece);
      swap_to_little_endian(piece, size);
      take(piece, size);
    }
  }
}

}  // namespace hmem
