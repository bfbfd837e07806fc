#pragma once
/// \file safetensors_bytes.h
/// Files of the format put together by hand, right or wrong on purpose.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace hmem::test {

/// Length, header and data; the length is the true one unless it is given.
inline std::string safetensors_bytes(std::string_view header, std::string_view data, uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes.append(header).append(data);
}

inline std::string safetensors_bytes(std::string_view header, std::string_view data = "") {
  return safetensors_bytes(header, data, header.size());
}

}  // namespace hmem::test
