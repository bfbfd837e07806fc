#include "hmem/core/hash.h"

#include <cstring>

namespace hmem {

void Fnv1a::add_bytes(const void* data, size_t bytes) {
  const auto* next = static_cast<const unsigned char*>(data);
  for (size_t i = 0; i < bytes; ++i) add_byte(next[i]);
}

void Fnv1a::add(uint64_t number) {
  for (int byte = 0; byte < 8; ++byte, number >>= 8) add_byte(number & 255);
}

void WordHash::add_bytes(const void* data, size_t bytes) {
  const auto* next = static_cast<const unsigned char*>(data);
  add(bytes);
  for (; bytes >= 8; bytes -= 8, next += 8) {
    uint64_t word = 0;
    std::memcpy(&word, next, 8);
    swap_to_little_endian(&word, 1);
    add(word);
  }
  uint64_t rest = 0;
  std::memcpy(&rest, next, bytes);
  swap_to_little_endian(&rest, 1);
  add(rest);
}

std::string hash_text(uint64_t hash) {
  std::string text(16, '0');
  for (size_t i = text.size(); i-- > 0; hash >>= 4) text[i] = "0123456789abcdef"[hash & 15];
  return text;
}

}  // namespace hmem
