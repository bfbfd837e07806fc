#include "hmem/core/shape.h"

#include "hmem/core/check.h"

namespace hmem {

Shape::Shape(std::initializer_list<int64_t> sizes) {
  HMEM_CHECK(sizes.size() <= kMaxRank, "a shape has at most ", kMaxRank, " dimensions, found ", sizes.size());
  for (int64_t size : sizes) sizes_[rank_++] = size;
  recount();
}

void Shape::recount() {
  constexpr int64_t kMaxElements = int64_t{1} << 46;  // 256 TiB of floats: a larger size is a mistake
  count_ = 1;
  int64_t positive = 1;  // the product without zeros, so that parts of an empty shape do not overflow either
  for (int i = 0; i < rank_; ++i) {
    HMEM_CHECK(sizes_[i] >= 0, "a size must not be negative, found ", sizes_[i], " in ", str());
    HMEM_CHECK(sizes_[i] == 0 || positive <= kMaxElements / sizes_[i], "shape ", str(), " is too large");
    if (sizes_[i] > 0) positive *= sizes_[i];
    count_ *= sizes_[i];
  }
}

int64_t Shape::operator[](int i) const {
  HMEM_CHECK(i >= 0 && i < rank_, "shape ", str(), " has no dimension ", i);
  return sizes_[i];
}

int64_t Shape::row_count() const {
  int64_t count = 1;
  for (int i = 1; i < rank_; ++i) count *= sizes_[i];
  return count;
}

Shape Shape::with_leading(int64_t size) const {
  HMEM_CHECK(rank_ > 0, "a scalar has no leading dimension");
  Shape result = *this;
  result.sizes_[0] = size;
  result.recount();
  return result;
}

std::string Shape::str() const {
  std::string text = "[";
  for (int i = 0; i < rank_; ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(sizes_[i]);
  }
  return text + "]";
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.str(); }

}  // namespace hmem
