#include "hmem/data/images/encode.h"

#include <climits>

#include "data/images/stb_image.h"
#include "hmem/core/check.h"

namespace hmem {

void need_png() {
  HMEM_CHECK(stb::can_encode(), "this build cannot write PNG: install libstb-dev (tools/setup.sh) and make again");
}

std::string encode_png(const DecodedImage& image) {
  need_png();
  const int64_t bytes = image.height * image.width * image.channels;
  HMEM_CHECK(image.height > 0 && image.width > 0 && (image.channels == 1 || image.channels == 3) &&
                 static_cast<int64_t>(image.pixels.size()) == bytes && bytes < INT_MAX / 2,
             "cannot write an image of ", image.height, " x ", image.width, " x ", image.channels, " with ",
             image.pixels.size(), " bytes, expected 1 or 3 channels, as many bytes, and less than 1 GiB");
  std::string png = stb::encode_png(image.pixels.data(), static_cast<int>(image.width), static_cast<int>(image.height),
                                    static_cast<int>(image.channels));
  HMEM_CHECK(!png.empty(), "an image of ", image.height, " x ", image.width,
             " cannot be compressed: too little memory");
  return png;
}

}  // namespace hmem
