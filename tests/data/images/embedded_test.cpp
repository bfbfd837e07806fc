#include "hmem/data/images/embedded.h"

#include <set>

#include "catch.h"
#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "support/runtime_guard.h"

using namespace hmem;

namespace {

/// Per cent of test images whose nearest training image, pixel by pixel, has the right class.
double nearest_pixel_accuracy(const ImageData& data) {
  int64_t right = 0;
  for (int64_t i = 0; i < data.test.count(); ++i) {
    int64_t best = INT64_MAX;
    int32_t label = -1;
    for (int64_t j = 0; j < data.train.count(); ++j) {
      int64_t sum = 0;
      const uint8_t *a = data.test.image(i), *b = data.train.image(j);
      for (int64_t k = 0; k < data.train.image_size() && sum < best; ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
      if (sum < best) best = sum, label = data.train.labels[static_cast<size_t>(j)];
    }
    right += label == data.test.labels[static_cast<size_t>(i)];
  }
  return 100.0 * static_cast<double>(right) / static_cast<double>(data.test.count());
}

void check_set(const ImageData& data, int64_t side, int64_t channels) {
  check_images(data, "embedded");
  CHECK(data.classes() == 10);
  CHECK(data.train.count() == 1000);
  CHECK(data.test.count() == 100);
  CHECK(data.train.height == side);
  CHECK(data.train.width == side);
  CHECK(data.train.channels == channels);
  for (const auto& images : images_by_class(data.train, 10)) CHECK(images.size() == 100);
  std::set<std::vector<uint8_t>> seen;
  for (const ImageSet* part : {&data.train, &data.test}) {
    for (int64_t i = 0; i < part->count(); ++i) seen.emplace(part->image(i), part->image(i) + part->image_size());
  }
  CHECK(seen.size() == 1100);  // no image comes twice, nor in both parts
}

}  // namespace

TEST_CASE("embedded images: sizes, disjoint parts, too hard for nearest pixels", "[images]") {
  const ImageData objects = embedded_objects({100, 10}), glyphs = embedded_glyphs({100, 10});
  check_set(objects, 32, 3);
  check_set(glyphs, 28, 1);
  const double object_accuracy = nearest_pixel_accuracy(objects), glyph_accuracy = nearest_pixel_accuracy(glyphs);
  CAPTURE(object_accuracy, glyph_accuracy);
  CHECK(object_accuracy > 12);  // chance is 10
  CHECK(object_accuracy < 70);
  CHECK(glyph_accuracy > 40);
  CHECK(glyph_accuracy < 70);
}

TEST_CASE("embedded images: seed, counts and threads", "[images]") {
  const test::RuntimeGuard guard;
  set_num_threads(1);
  const ImageData one = embedded_objects({3, 2}, 5);
  set_num_threads(3);
  CHECK(embedded_objects({3, 2}, 5).train.pixels == one.train.pixels);
  CHECK(embedded_objects({3, 2}, 6).train.pixels != one.train.pixels);
  const ImageData more = embedded_objects({4, 2}, 5);
  CHECK(std::equal(one.train.pixels.begin(), one.train.pixels.end(), more.train.pixels.begin()));
  CHECK_THROWS_AS(embedded_glyphs({0, 1}), Error);
}
