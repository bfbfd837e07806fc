#include "hmem/data/images/set.h"

#include <algorithm>

#include "hmem/core/check.h"

namespace hmem {

namespace {

void check_part(const ImageSet& part, int64_t classes, const std::string& where) {
  HMEM_CHECK(part.count() > 0, where, ": no images");
  HMEM_CHECK(static_cast<int64_t>(part.pixels.size()) == part.count() * part.image_size(), where, ": ",
             part.pixels.size(), " bytes of pixels, expected ", part.count(), " images of ", part.height, " x ",
             part.width, " x ", part.channels);
  for (int32_t label : part.labels) {
    HMEM_CHECK(label >= 0 && label < classes, where, ": found label ", label, ", expected 0 to ", classes - 1);
  }
  const auto by_class = images_by_class(part, classes);
  for (size_t c = 0; c < by_class.size(); ++c) {
    HMEM_CHECK(!by_class[c].empty(), where, ": no image of class ", c, ", expected some of each of ", classes,
               " classes");
  }
}

}  // namespace

void check_images(const ImageData& data, const std::string& source) {
  HMEM_CHECK(data.classes() >= 2, source, ": found ", data.classes(), " class, expected at least 2");
  HMEM_CHECK(data.train.height == data.test.height && data.train.width == data.test.width &&
                 data.train.channels == data.test.channels,
             source, ": training images are ", data.train.height, " x ", data.train.width, " x ", data.train.channels,
             ", test images ", data.test.height, " x ", data.test.width, " x ", data.test.channels,
             ", expected the same size");
  check_part(data.train, data.classes(), source + " (training part)");
  check_part(data.test, data.classes(), source + " (test part)");
}

void place_image(const ImageSet& images, int64_t i, const ImageSize& canvas, int64_t row_pixels, real* out) {
  HMEM_CHECK(i >= 0 && i < images.count(), "there is no image ", i, ", the set has ", images.count());
  HMEM_CHECK(images.height <= canvas.height && images.width <= canvas.width &&
                 (images.channels == canvas.channels || images.channels == 1),
             "images of ", images.height, " x ", images.width, " x ", images.channels, " do not fit into ",
             canvas.height, " x ", canvas.width, " x ", canvas.channels);
  const int64_t top = (canvas.height - images.height) / 2, left = (canvas.width - images.width) / 2;
  const int64_t repeats = canvas.channels / images.channels;
  const uint8_t* in = images.image(i);
  for (int64_t y = 0; y < images.height; ++y) {
    real* row = out + ((top + y) * row_pixels + left) * canvas.channels;
    const uint8_t* from = in + y * images.width * images.channels;
    for (int64_t k = 0; k < images.width * images.channels; ++k) {
      std::fill_n(row + k * repeats, repeats, static_cast<real>(from[k]) / 255);
    }
  }
}

void keep_per_class(ImageSet& images, int64_t classes, int64_t count) {
  std::vector<int64_t> kept(static_cast<size_t>(classes), 0);
  const int64_t size = images.image_size();
  int64_t next = 0;
  for (int64_t i = 0; i < images.count(); ++i) {
    const int32_t label = images.labels[static_cast<size_t>(i)];
    if (kept[static_cast<size_t>(label)]++ >= count) continue;
    std::copy_n(images.image(i), size, images.pixels.data() + next * size);
    images.labels[static_cast<size_t>(next++)] = label;
  }
  images.pixels.resize(static_cast<size_t>(next * size));
  images.labels.resize(static_cast<size_t>(next));
}

std::vector<std::vector<int64_t>> images_by_class(const ImageSet& images, int64_t classes) {
  std::vector<std::vector<int64_t>> found(static_cast<size_t>(classes));
  for (int64_t i = 0; i < images.count(); ++i) {
    const int32_t label = images.labels[static_cast<size_t>(i)];
    HMEM_CHECK(label >= 0 && label < classes, "image ", i, " has label ", label, ", expected 0 to ", classes - 1);
    found[static_cast<size_t>(label)].push_back(i);
  }
  return found;
}

}  // namespace hmem
