#include "hmem/data/images/association_strip.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "catch.h"
#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/rng.h"
#include "hmem/data/images/embedded.h"
#include "hmem/data/images/encode.h"
#include "support/temp_folder.h"

using namespace hmem;

TEST_CASE("a written PNG reads back unchanged", "[images]") {
  if (!can_decode_images()) return;
  Rng rng(1, "png");
  for (const int64_t channels : {1, 3}) {
    DecodedImage image{7, 13, channels, {}};
    for (int64_t i = 0; i < 7 * 13 * channels; ++i) image.pixels.push_back(static_cast<uint8_t>(rng.below(256)));
    const DecodedImage back = decode_image(encode_png(image), channels, "x");
    CHECK(back.height == 7);
    CHECK(back.width == 13);
    CHECK(back.pixels == image.pixels);
  }
  const DecodedImage short_one{2, 2, 3, {1, 2, 3}}, two_channels{1, 1, 2, {1, 2}};
  CHECK_THROWS_AS(encode_png(short_one), Error);
  CHECK_THROWS_AS(encode_png(two_channels), Error);
}

TEST_CASE("a strip shows the frames in order, then the query", "[images]") {
  const ImageData a = embedded_objects({1, 6}), b = embedded_glyphs({1, 6});
  AssociationOptions options;
  options.timesteps = 2;
  options.delay = 1;
  options.delay_padding = DelayPadding::zeros;
  const AssociationExamples examples = make_association(a.test, a.classes(), b.test, b.classes(), options, 3, "test");
  const AssociationRenderer renderer(a.test, b.test, 3, ImageSize());
  const int64_t example = 4, scale = 3;
  const DecodedImage strip = association_strip(examples, renderer, example, scale);
  REQUIRE(strip.height == 32 * scale);
  REQUIRE(strip.width == (5 * 64 + 4 * kStripGap) * scale);
  const auto pixel = [&](int64_t y, int64_t x) {
    const uint8_t* at = strip.pixels.data() + (y * scale * strip.width + x * scale + 1) * 3;
    return std::vector<int>{at[0], at[1], at[2]};
  };
  const auto source = [](const ImageSet& set, int64_t image, int64_t y, int64_t x) {
    const uint8_t* at = set.image(image) + (y * set.width + x) * set.channels;
    return set.channels == 3 ? std::vector<int>{at[0], at[1], at[2]} : std::vector<int>(3, at[0]);
  };
  const int64_t step = 64 + kStripGap;
  for (int64_t y = 2; y < 30; y += 3) {
    for (int64_t x = 2; x < 30; x += 3) {
      for (const int64_t pair : {0, 1}) {  // frames 0 and 2; glyphs are 28 x 28
        const AssociationFrame frame = examples.frame(example, 2 * pair);
        CHECK(pixel(y, 2 * pair * step + x) == source(a.test, frame.photograph, y, x));
        CHECK(pixel(y, 2 * pair * step + 32 + x) == source(b.test, frame.digit, y - 2, x - 2));
        CHECK(pixel(y, (2 * pair + 1) * step + x) == std::vector<int>{0, 0, 0});
      }
      CHECK(pixel(y, 4 * step + x) == source(a.test, examples.queries[example], y, x));
      CHECK(pixel(y, 4 * step + 32 + x) == std::vector<int>{0, 0, 0});
    }
  }
  CHECK(pixel(5, 64 + 1) == std::vector<int>{255, 255, 255});
  CHECK_THROWS_AS(association_strip(examples, renderer, examples.count(), 1), Error);

  const test::TempFolder folder;
  if (!can_decode_images()) {
    CHECK_THROWS_AS(write_association_strips(folder.file("s"), examples, renderer, b.class_names, 2), Error);
    CHECK_FALSE(std::filesystem::exists(folder.file("s")));
    return;
  }
  const std::vector<std::string> long_names(b.class_names.size(), std::string(255, 'a'));
  write_association_strips(folder.file("long"), examples, renderer, long_names, 1);
  CHECK(file_exists(folder.file("long/example0_answer_" + std::string(200, 'a') + ".png")));
  write_association_strips(folder.file("s"), examples, renderer, b.class_names, 2);
  const std::string name = "s/example1_answer_" + b.class_names[static_cast<size_t>(examples.answers[1])] + ".png";
  std::ifstream in(folder.file(name), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  CHECK(decode_image(bytes, 3, name).pixels == association_strip(examples, renderer, 1, 2).pixels);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.file("s")), {}) == 2);
}
