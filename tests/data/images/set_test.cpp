#include "hmem/data/images/set.h"

#include <algorithm>
#include <vector>

#include "catch.h"
#include "hmem/core/check.h"

namespace hmem {
namespace {

/// Two images of 1 x 2 x `channels`, then one more of the first label.
ImageSet small_set(int64_t channels) {
  ImageSet set;
  set.height = 1;
  set.width = 2;
  set.channels = channels;
  for (int64_t i = 0; i < 3 * set.image_size(); ++i) set.pixels.push_back(static_cast<uint8_t>(51 * (i % 6)));
  set.labels = {1, 0, 1};
  return set;
}

TEST_CASE("an image is centred on its canvas, grey in all channels", "[data]") {
  const int64_t channels = GENERATE(1, 3);
  const ImageSet set = small_set(channels);
  const ImageSize canvas = {3, 4, 3};
  std::vector<real> out(3 * 8 * 3, real(-1));  // rows of a frame twice as wide
  place_image(set, 1, canvas, 8, out.data());
  for (int64_t y = 0; y < 3; ++y) {
    for (int64_t x = 0; x < 8; ++x) {
      for (int64_t c = 0; c < 3; ++c) {
        const bool inside = y == 1 && (x == 1 || x == 2);
        const int64_t at = set.image_size() + (x - 1) * channels + (channels == 1 ? 0 : c);
        const real expected = inside ? static_cast<real>(at % 6) * real(51) / 255 : real(-1);
        CHECK(out[static_cast<size_t>((y * 8 + x) * 3 + c)] == expected);
      }
    }
  }
  CHECK_THROWS_AS(place_image(set, 3, canvas, 8, out.data()), Error);
  CHECK_THROWS_AS(place_image(set, 0, ImageSize{1, 1, 3}, 8, out.data()), Error);
}

TEST_CASE("the first images of each class are kept, in order", "[data]") {
  ImageSet set = small_set(1);
  const std::vector<uint8_t> first_two(set.pixels.begin(), set.pixels.begin() + 4);
  keep_per_class(set, 2, 5);
  CHECK(set.count() == 3);
  keep_per_class(set, 2, 1);
  CHECK(set.labels == std::vector<int32_t>{1, 0});
  CHECK(set.pixels == first_two);
}

}  // namespace
}  // namespace hmem
