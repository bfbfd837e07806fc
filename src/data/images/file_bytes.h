#pragma once
/// \file file_bytes.h
/// Numbers from the bytes of a file.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hmem {

// Numbers of 1, 2 or 4 bytes from `at` on, which must be there.

inline uint32_t byte_at(std::string_view bytes, size_t at) { return static_cast<unsigned char>(bytes[at]); }

inline uint32_t big_endian(std::string_view bytes, size_t at) {
  return byte_at(bytes, at) << 24 | byte_at(bytes, at + 1) << 16 | byte_at(bytes, at + 2) << 8 | byte_at(bytes, at + 3);
}

inline uint32_t big_endian_16(std::string_view bytes, size_t at) {
  return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

inline uint32_t little_endian_16(std::string_view bytes, size_t at) {
  return byte_at(bytes, at) | byte_at(bytes, at + 1) << 8;
}

inline uint32_t little_endian(std::string_view bytes, size_t at) {
  return little_endian_16(bytes, at) | little_endian_16(bytes, at + 2) << 16;
}

}  // namespace hmem
