#pragma once
/// \file shape.h
/// Sizes of a row-major array of rank 0 to 4.

#include <array>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <string>

namespace hmem {

/// Sizes of a dense row-major array; rank 0 is a scalar (one element). Sizes are `int64_t` and not negative.
class Shape {
 public:
  static constexpr int kMaxRank = 4;

  Shape() = default;
  /// Throws Error on more than 4 dimensions, a negative size, or more elements than memory can address.
  Shape(std::initializer_list<int64_t> sizes);

  int rank() const { return rank_; }
  /// Size of dimension `i`; throws Error when the dimension does not exist.
  int64_t operator[](int i) const;
  /// Product of all sizes.
  int64_t count() const { return count_; }
  /// Elements below one step of the leading dimension: count() / size[0].
  int64_t row_count() const;
  /// The same shape with another leading size.
  Shape with_leading(int64_t size) const;
  /// "[128, 100]"; a scalar is "[]".
  std::string str() const;

  bool operator==(const Shape& other) const { return rank_ == other.rank_ && sizes_ == other.sizes_; }
  bool operator!=(const Shape& other) const { return !(*this == other); }

 private:
  void recount();

  std::array<int64_t, kMaxRank> sizes_{};
  int rank_ = 0;
  int64_t count_ = 1;
};

std::ostream& operator<<(std::ostream& out, const Shape& shape);

}  // namespace hmem
