#include "hmem/core/tensor.h"

#include <algorithm>
#include <limits>

#include "hmem/core/check.h"

namespace hmem {

void* detail::aligned_allocate(int64_t count, int64_t size) {
  constexpr int64_t kAlignment = 64;
  HMEM_CHECK(count >= 0 && count <= std::numeric_limits<ptrdiff_t>::max() / size - kAlignment, "cannot allocate ",
             count, " elements of ", size, " bytes");
  // At least one line, so that a pointer to zero elements is valid and distinct; aligned_alloc needs whole lines.
  const int64_t bytes = std::max<int64_t>(kAlignment, (count * size + kAlignment - 1) / kAlignment * kAlignment);
  void* memory = std::aligned_alloc(kAlignment, static_cast<size_t>(bytes));
  HMEM_CHECK(memory != nullptr, "out of memory: ", bytes, " bytes for ", count, " elements");
  return memory;
}

template <typename T>
BasicView<T> BasicView<T>::rows(int64_t begin, int64_t end) const {
  HMEM_CHECK(shape.rank() > 0 && 0 <= begin && begin <= end && end <= shape[0], "rows [", begin, ", ", end,
             ") are outside of shape ", shape);
  return {data + begin * shape.row_count(), shape.with_leading(end - begin)};
}

template <typename T>
BasicTensor<T>::BasicTensor(const Shape& shape)
    : shape_(shape), memory_(static_cast<T*>(detail::aligned_allocate(shape.count(), sizeof(T)))) {
  fill(T{0});
}

template <typename T>
BasicTensor<T> BasicTensor<T>::clone() const {
  if (!memory_) return {};
  BasicTensor copy(shape_);
  std::copy(begin(), end(), copy.begin());
  return copy;
}

template <typename T>
void BasicTensor<T>::fill(T value) {
  std::fill(begin(), end(), value);
}

template struct BasicView<real>;
template struct BasicView<const real>;
template class BasicTensor<real>;
template class BasicTensor<int32_t>;

}  // namespace hmem
