#include <cstdint>
#include <sstream>
#include <utility>

#include "catch.h"
#include "hmem/core/check.h"
#include "hmem/core/shape.h"
#include "hmem/core/tensor.h"
#include "support/error_text.h"

namespace hmem {
namespace {

TEST_CASE("a shape counts its elements", "[core]") {
  CHECK(Shape{}.rank() == 0);
  CHECK(Shape{}.count() == 1);
  CHECK(Shape{5}.row_count() == 1);
  const Shape shape{2, 3, 4, 5};
  CHECK(shape.rank() == 4);
  CHECK(shape.count() == 120);
  CHECK(shape.row_count() == 60);
  CHECK(shape[3] == 5);
  CHECK(Shape{3, 0, 2}.count() == 0);
  CHECK(shape.with_leading(7) == Shape{7, 3, 4, 5});
  CHECK(shape != Shape{2, 3, 4});
  CHECK(Shape{2, 1} != Shape{2});
}

TEST_CASE("a shape is written as a list", "[core]") {
  std::ostringstream text;
  text << Shape{128, 100} << Shape{};
  CHECK(text.str() == "[128, 100][]");
}

TEST_CASE("impossible shapes are refused", "[core][bad]") {
  const int64_t huge = int64_t{1} << 40;
  CHECK(test::error_text([] { Shape({2, -1}); }) == "a size must not be negative, found -1 in [2, -1]");
  CHECK(test::error_text([] { Shape({1, 1, 1, 1, 1}); }) == "a shape has at most 4 dimensions, found 5");
  CHECK_THROWS_AS((Shape{huge, huge}), Error);
  CHECK_THROWS_AS((Shape{0, huge, huge}), Error);
  CHECK_THROWS_AS((Shape{INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX}), Error);
  CHECK_THROWS_AS((Shape{2, huge}.with_leading(huge)), Error);
  CHECK_THROWS_AS(Shape{}.with_leading(1), Error);
  CHECK(test::error_text([] { (void)Shape{2, 3}[2]; }) == "shape [2, 3] has no dimension 2");
  CHECK_THROWS_AS((Shape{2}[-1]), Error);
}

TEST_CASE("a tensor is zeroed, aligned and owns its memory", "[core]") {
  for (const int64_t size : {int64_t{0}, int64_t{1}, int64_t{15}, int64_t{16}, int64_t{1001}}) {
    Tensor tensor(Shape{size, 3});
    CHECK(tensor.count() == size * 3);
    CHECK(tensor.empty() == (size == 0));
    REQUIRE(tensor.data() != nullptr);
    CHECK(reinterpret_cast<uintptr_t>(tensor.data()) % 64 == 0);
    for (const real value : tensor) REQUIRE(value == 0);
  }
  Tensor scalar{Shape{}};
  CHECK(scalar.count() == 1);
  const Tensor nothing;
  CHECK(nothing.empty());
  CHECK(nothing.data() == nullptr);
  CHECK(nothing.clone().empty());
}

TEST_CASE("a tensor is movable and cloned explicitly", "[core]") {
  Tensor tensor(Shape{2, 2});
  tensor.fill(3);
  Tensor copy = tensor.clone();
  copy[0] = 5;
  CHECK(tensor[0] == 3);
  CHECK(copy[3] == 3);
  const real* memory = tensor.data();
  const Tensor moved = std::move(tensor);
  CHECK(moved.data() == memory);
  CHECK(moved.shape() == Shape{2, 2});
  CHECK(moved.size(1) == 2);
}

TEST_CASE("memory that cannot be allocated is an error", "[core][bad]") {
#ifndef __SANITIZE_ADDRESS__  // the sanitizer would end the process instead of returning a null pointer
  CHECK_THROWS_AS(Tensor(Shape{int64_t{1} << 23, int64_t{1} << 23}), Error);
#endif
  CHECK_THROWS_AS(detail::aligned_allocate(INT64_MAX / 2, 8), Error);
  CHECK_THROWS_AS(detail::aligned_allocate(-1, 8), Error);
}

TEST_CASE("a view slices the leading dimension", "[core]") {
  IdTensor ids(Shape{4, 3});
  for (int32_t i = 0; i < 12; ++i) ids[i] = i;
  Tensor tensor(Shape{4, 3});
  for (int64_t i = 0; i < 12; ++i) tensor[i] = static_cast<real>(i);
  const TensorView rows = tensor.view().rows(1, 3);
  CHECK(rows.shape == Shape{2, 3});
  CHECK(rows[0] == 3);
  CHECK(rows[5] == 8);
  rows[0] = -1;
  CHECK(tensor[3] == -1);
  const ConstTensorView reading = rows;
  CHECK(reading.data == rows.data);
  CHECK(reading.shape == rows.shape);
  CHECK(tensor.view().rows(4, 4).count() == 0);
  CHECK_THROWS_AS(tensor.view().rows(3, 5), Error);
  CHECK_THROWS_AS(tensor.view().rows(-1, 2), Error);
  CHECK_THROWS_AS(tensor.view().rows(3, 2), Error);
  CHECK(ids.view()[11] == 11);
}

}  // namespace
}  // namespace hmem
