#pragma once
/// \file decode.h
/// Decoding of images, resizing, and inflate; decoding and inflate use stb_image.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hmem {

/// Pixels of one image, height x width x channels.
struct DecodedImage {
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;
  std::vector<uint8_t> pixels;
};

/// Largest width and height that is decoded.
constexpr int64_t kMaxImageSide = 8192;

/// False in a build without the package stb; functions that need it then throw Error.
bool can_decode_images();

/// JPEG, PNG or BMP to `channels` 1 (grey) or 3 (RGB; grey is replicated). Transparent pixels are laid over
/// white, and pictures that a camera took sideways (Exif tag Orientation) are turned upright. Throws Error that
/// begins with `source` when the bytes are something else or damaged, or a side is above kMaxImageSide.
DecodedImage decode_image(std::string_view bytes, int64_t channels, const std::string& source);

/// The image stretched to another size. A shrinking axis is averaged over the area of each new pixel, a growing one is
/// interpolated linearly between pixel centres; results are rounded to the nearest byte.
DecodedImage resize_image(const DecodedImage& image, int64_t height, int64_t width);

/// Inflates a raw deflate stream that holds `size` bytes (RFC 1951); bytes after its end are ignored. Throws Error that
/// begins with `source`.
std::vector<uint8_t> inflate(std::string_view deflated, size_t size, const std::string& source);

}  // namespace hmem
