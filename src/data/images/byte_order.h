#pragma once
/// \file byte_order.h
/// Numbers in the bytes of foreign files.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hmem {

inline uint32_t byte_at(std::string_view bytes, size_t at) { return static_cast<unsigned char>(bytes[at]); }

/// The 4 bytes from `at` on, which must be there.
inline uint32_t big_endian(std::string_view bytes, size_t at) {
  return byte_at(bytes, at) << 24 | byte_at(bytes, at + 1) << 16 | byte_at(bytes, at + 2) << 8 | byte_at(bytes, at + 3);
}

inline uint32_t little_endian_16(std::string_view bytes, size_t at) {
  return byte_at(bytes, at) | byte_at(bytes, at + 1) << 8;
}

inline uint32_t little_endian(std::string_view bytes, size_t at) {
  return little_endian_16(bytes, at) | little_endian_16(bytes, at + 2) << 16;
}

}  // namespace hmem
