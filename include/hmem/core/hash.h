#pragma once
/// \file hash.h
/// Fingerprints of data: 64-bit hashes that detect damage and accidents, not malice.

#include <cstddef>
#include <cstdint>
#include <string>

#include "hmem/core/byte_order.h"

namespace hmem {

/// FNV-1a (Fowler, Noll, Vo), byte by byte: well known, the same everywhere.
class Fnv1a {
 public:
  void add_bytes(const void* data, size_t bytes);
  /// The eight bytes of a number, the lowest first.
  void add(uint64_t number);
  template <typename Numbers>
  void add_all(const Numbers& numbers) {
    for (const auto number : numbers) add(static_cast<uint64_t>(number));
  }
  /// The bytes of numbers, of each the lowest first.
  template <typename Number>
  void add_numbers(const Number* numbers, int64_t count) {
    for_little_endian(numbers, count, [this](const Number* piece, int64_t size) {
      add_bytes(piece, static_cast<size_t>(size) * sizeof(Number));
    });
  }
  uint64_t value() const { return value_; }

 private:
  void add_byte(uint64_t byte) { value_ = (value_ ^ byte) * 0x100000001b3; }

  uint64_t value_ = 0xcbf29ce484222325;
};

/// Eight bytes at a time, the lowest first: for images, tensors and other large data.
class WordHash {
 public:
  void add(uint64_t word) {
    value_ = (value_ ^ word) * 0x9E3779B97F4A7C15;
    value_ ^= value_ >> 32;
  }
  /// The number of bytes, then the bytes.
  void add_bytes(const void* data, size_t bytes);
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0;
};

/// 16 hexadecimal digits.
std::string hash_text(uint64_t hash);

}  // namespace hmem
