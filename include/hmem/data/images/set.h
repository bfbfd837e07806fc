#pragma once
/// \file set.h
/// Labelled images as bytes, and as numbers.

#include <cstdint>
#include <string>
#include <vector>

#include "hmem/core/real.h"

namespace hmem {

/// Images of one size. `pixels` is count x height x width x channels (NHWC), 0 to 255; `labels` is a class of each.
struct ImageSet {
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;
  std::vector<uint8_t> pixels;
  std::vector<int32_t> labels;

  int64_t count() const { return static_cast<int64_t>(labels.size()); }
  /// Bytes of one image.
  int64_t image_size() const { return height * width * channels; }
  const uint8_t* image(int64_t i) const { return pixels.data() + i * image_size(); }
};

/// Size to which images are brought; 1 channel is grey.
struct ImageSize {
  int64_t height = 32;
  int64_t width = 32;
  int64_t channels = 3;
};

/// A data set: its own training and test part, of the same image size and classes.
struct ImageData {
  ImageSet train;
  ImageSet test;
  std::vector<std::string> class_names;
  std::string description;  ///< one line for the header of a run, without paths that the user did not write
  std::string note;         ///< changes made to the images, and failures; mostly empty

  int64_t classes() const { return static_cast<int64_t>(class_names.size()); }
};

/// Throws Error unless sizes agree, every label is a class, and every class has an image in both parts.
void check_images(const ImageData& data, const std::string& source);

/// Image `i` in [0, 1] in the middle of a canvas whose rows lie `row_pixels` apart at `out`; grey is repeated over the
/// channels. Pixels around it are not touched. Throws Error for an invalid index and for an image that does not fit.
void place_image(const ImageSet& images, int64_t i, const ImageSize& canvas, int64_t row_pixels, real* out);

/// Leaves the first `count` images of each class, in order.
void keep_per_class(ImageSet& images, int64_t classes, int64_t count);

/// Indices of the images of each class, in order.
std::vector<std::vector<int64_t>> images_by_class(const ImageSet& images, int64_t classes);

}  // namespace hmem
