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
    displace_image(in.data(), size, displacement, out.data());
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

TEST_CASE("every displacement is drawn equally often", "[data]") {
  Rng rng(1, "test");
  std::map<std::tuple<bool, int64_t, int64_t>, int> seen;
  constexpr int kEach = 400;
  for (int i = 0; i < 18 * kEach; ++i) {
    const Displacement drawn = draw_displacement({true, 1}, rng);
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
  const Displacement none = draw_displacement({}, rng);
  CHECK(!none.flip);
  CHECK(none.down == 0);
  CHECK(none.right == 0);
  CHECK(rng.position().draws == draws);
}

}  // namespace
}  // namespace hmem
