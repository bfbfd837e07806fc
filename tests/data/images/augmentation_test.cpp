#include "hmem/data/images/augmentation.h"

#include <map>
#include <tuple>
#include <vector>

#include "catch.h"

namespace hmem {
namespace {

TEST_CASE("an image is mirrored, then moved, with zeros around it", "[data]") {
  const ImageSize size = {2, 3, 2};
  const std::vector<real> in = {1, -1, 2, -2, 3, -3,  //
                                4, -4, 5, -5, 6, -6};
  const auto displaced = [&](const Displacement& displacement) {
    std::vector<real> out(in.size(), real(99));
    displace_image(in.data(), size, displacement, ShiftFill::zeros, out.data());
    return out;
  };
  CHECK(displaced({}) == in);
  CHECK(displaced({true, 0, 0}) == std::vector<real>{3, -3, 2, -2, 1, -1, 6, -6, 5, -5, 4, -4});
  CHECK(displaced({false, 1, 0}) == std::vector<real>{0, 0, 0, 0, 0, 0, 1, -1, 2, -2, 3, -3});
  CHECK(displaced({false, 0, -1}) == std::vector<real>{2, -2, 3, -3, 0, 0, 5, -5, 6, -6, 0, 0});
  CHECK(displaced({true, -1, 2}) == std::vector<real>{0, 0, 0, 0, 6, -6, 0, 0, 0, 0, 0, 0});
  CHECK(displaced({false, 2, 0}) == std::vector<real>(12, real(0)));
  CHECK(displaced({false, 0, 3}) == std::vector<real>(12, real(0)));
}

TEST_CASE("a moved image can be continued by its reflection", "[data]") {
  const ImageSize size = {2, 3, 1};
  const std::vector<real> in = {1, 2, 3, 4, 5, 6};
  const auto displaced = [&](const Displacement& displacement) {
    std::vector<real> out(in.size(), real(99));
    displace_image(in.data(), size, displacement, ShiftFill::reflect, out.data());
    return out;
  };
  CHECK(displaced({}) == in);
  CHECK(displaced({false, 0, 1}) == std::vector<real>{2, 1, 2, 5, 4, 5});
  CHECK(displaced({false, 0, -2}) == std::vector<real>{3, 2, 1, 6, 5, 4});
  CHECK(displaced({false, 1, 0}) == std::vector<real>{4, 5, 6, 1, 2, 3});
  CHECK(displaced({true, -1, 1}) == std::vector<real>{5, 6, 5, 2, 3, 2});
  CHECK_THROWS_AS(displaced({false, 2, 0}), Error);
  CHECK_THROWS_AS(displaced({false, 0, -3}), Error);
}

TEST_CASE("a square is cut out of an image as far as it lies in it", "[data]") {
  const ImageSize size = {3, 4, 2};
  const auto cut = [&](int64_t y, int64_t x, int64_t side) {
    std::vector<real> image(24, real(1));
    const real colour[] = {5, 7};
    Displacement displacement;
    displacement.cutout_y = y;
    displacement.cutout_x = x;
    cut_out(image.data(), size, displacement, side, colour);
    std::string rows;
    for (size_t i = 0; i < 24; i += 2) rows += image[i] == 5 && image[i + 1] == 7 ? 'x' : image[i] == 1 ? '.' : '?';
    return rows;
  };
  CHECK(cut(1, 2, 0) == "............");
  CHECK(cut(1, 2, 1) == "......x.....");
  CHECK(cut(1, 2, 2) == ".xx..xx.....");
  CHECK(cut(0, 0, 3) == "xx..xx......");
  CHECK(cut(2, 3, 3) == "......xx..xx");
  CHECK(cut(1, 1, 32) == "xxxxxxxxxxxx");
  Rng rng(1, "test");
  Augmentation augmentation;
  augmentation.cutout = 8;
  std::map<int64_t, int> rows, columns;
  for (int i = 0; i < 4000; ++i) {
    const Displacement drawn = draw_displacement(augmentation, size, rng);
    ++rows[drawn.cutout_y];
    ++columns[drawn.cutout_x];
  }
  CHECK(rows.size() == 3);
  CHECK(columns.size() == 4);
  for (const auto& [row, count] : rows) CHECK(count > 1100);
  for (const auto& [column, count] : columns) CHECK(count > 800);
}

TEST_CASE("every displacement is drawn equally often", "[data]") {
  Rng rng(1, "test");
  std::map<std::tuple<bool, int64_t, int64_t>, int> seen;
  constexpr int kEach = 400;
  for (int i = 0; i < 18 * kEach; ++i) {
    const Displacement drawn = draw_displacement({true, 1}, {}, rng);
    ++seen[{drawn.flip, drawn.down, drawn.right}];
  }
  CHECK(seen.size() == 18);
  for (const auto& [displacement, count] : seen) {
    CHECK(std::abs(std::get<1>(displacement)) <= 1);
    CHECK(std::abs(std::get<2>(displacement)) <= 1);
    CHECK(count > kEach - 100);  // five standard deviations
    CHECK(count < kEach + 100);
  }
  const uint64_t draws = rng.position().draws;
  const Displacement none = draw_displacement({}, {}, rng);
  CHECK(!none.flip);
  CHECK(none.down == 0);
  CHECK(none.right == 0);
  CHECK(rng.position().draws == draws);
}

}  // namespace
}  // namespace hmem
