#pragma once
/// \file tensor.h
/// Owning dense arrays and views of them.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <type_traits>
#include <vector>

#include "hmem/core/real.h"
#include "hmem/core/shape.h"

namespace hmem {

namespace detail {

/// 64-byte aligned, uninitialised memory for `count` elements of `size` bytes; throws Error when out of memory.
void* aligned_allocate(int64_t count, int64_t size);

struct AlignedFree {
  void operator()(void* memory) const { std::free(memory); }
};

}  // namespace detail

/// A non-owning pointer to a row-major array, with its shape. Cheap to copy.
template <typename T>
struct BasicView {
  T* data = nullptr;
  Shape shape;

  BasicView() = default;
  BasicView(T* data_in, const Shape& shape_in) : data(data_in), shape(shape_in) {}
  /// A mutable view converts to a read-only one.
  template <typename U, typename = std::enable_if_t<std::is_same_v<const U, T>>>
  BasicView(const BasicView<U>& other) : data(other.data), shape(other.shape) {}

  int64_t count() const { return shape.count(); }
  /// Rows [begin, end) of the leading dimension; throws Error when they are outside.
  BasicView rows(int64_t begin, int64_t end) const;
  T& operator[](int64_t i) const { return data[i]; }
};

using TensorView = BasicView<real>;
using ConstTensorView = BasicView<const real>;

/// Owning, contiguous, row-major, 64-byte aligned, rank at most 4. Zero-filled on construction. Movable; copies are
/// explicit through `clone()`. No strides and no broadcasting: every kernel states the layout that it reads.
template <typename T>
class BasicTensor {
 public:
  BasicTensor() = default;
  explicit BasicTensor(const Shape& shape);

  BasicTensor(BasicTensor&&) noexcept = default;
  BasicTensor& operator=(BasicTensor&&) noexcept = default;
  BasicTensor clone() const;

  const Shape& shape() const { return shape_; }
  int64_t size(int dimension) const { return shape_[dimension]; }
  int64_t count() const { return memory_ ? shape_.count() : 0; }
  bool empty() const { return count() == 0; }
  T* data() { return memory_.get(); }
  const T* data() const { return memory_.get(); }
  T& operator[](int64_t i) { return memory_.get()[i]; }
  const T& operator[](int64_t i) const { return memory_.get()[i]; }
  T* begin() { return data(); }
  T* end() { return data() + count(); }
  const T* begin() const { return data(); }
  const T* end() const { return data() + count(); }

  BasicView<T> view() { return {data(), shape_}; }
  BasicView<const T> view() const { return {data(), shape_}; }
  void fill(T value);

 private:
  Shape shape_;
  std::unique_ptr<T, detail::AlignedFree> memory_;
};

using Tensor = BasicTensor<real>;
/// Word ids, class labels, row numbers.
using IdTensor = BasicTensor<int32_t>;

extern template struct BasicView<real>;
extern template struct BasicView<const real>;
extern template class BasicTensor<real>;
extern template class BasicTensor<int32_t>;

}  // namespace hmem
