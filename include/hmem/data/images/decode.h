#pragma once
/// \file decode.h
/// Encoded images to pixels, resizing, and inflate: what stb_image does for us.

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

/// False in a build without the package stb: what needs it then throws an Error that says so.
bool can_decode_images();

/// JPEG, PNG or BMP to `channels` 1 (grey) or 3 (RGB; grey is replicated, transparency dropped). Throws Error that
/// begins with `source` when the bytes are something else or damaged, or a side is above kMaxImageSide.
DecodedImage decode_image(std::string_view bytes, int64_t channels, const std::string& source);

/// The image in another size, stretched. An axis that shrinks is averaged over the area of each new pixel, one that
/// grows is interpolated linearly between pixel centres; then rounded to the nearest byte.
DecodedImage resize_image(const DecodedImage& image, int64_t height, int64_t width);

/// Inflates a raw deflate stream that holds `size` bytes (RFC 1951); bytes after its end are ignored. Throws Error that
/// begins with `source`.
std::vector<uint8_t> inflate(std::string_view deflated, size_t size, const std::string& source);

}  // namespace hmem
