#include "data/images/orientation.h"

#include <algorithm>
#include <utility>

#include "data/images/file_bytes.h"

namespace hmem {

namespace {

/// Exif data are a TIFF file: a byte order, then the offset of a list of 12-byte entries (tag, type, count, value).
int orientation_of_tiff(std::string_view tiff) {
  constexpr uint32_t kOrientation = 0x112, kShort = 3;
  if (tiff.size() < 8) return 1;
  const bool little = tiff.substr(0, 2) == "II";
  if (!little && tiff.substr(0, 2) != "MM") return 1;
  const auto number16 = [&](size_t at) { return little ? little_endian_16(tiff, at) : big_endian_16(tiff, at); };
  const size_t list = little ? little_endian(tiff, 4) : big_endian(tiff, 4);
  if (list > tiff.size() - 2) return 1;
  const size_t entries = number16(list);
  for (size_t i = 0, at = list + 2; i < entries && tiff.size() - at >= 12; ++i, at += 12) {
    if (number16(at) != kOrientation || number16(at + 2) != kShort) continue;
    const uint32_t value = number16(at + 8);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

int orientation_of_jpeg(std::string_view bytes) {
  constexpr uint32_t kApp1 = 0xE1, kStartOfScan = 0xDA;
  for (size_t at = 2; bytes.size() - at >= 4 && byte_at(bytes, at) == 0xFF;) {
    const uint32_t marker = byte_at(bytes, at + 1), length = big_endian_16(bytes, at + 2);
    if (marker == 0xFF) {  // padding
      ++at;
      continue;
    }
    if (marker == kStartOfScan || length < 2 || length > bytes.size() - at - 2) return 1;
    const std::string_view content = bytes.substr(at + 4, length - 2);
    if (marker == kApp1 && content.substr(0, 6) == std::string_view("Exif\0\0", 6)) {
      return orientation_of_tiff(content.substr(6));
    }
    at += 2 + size_t{length};
  }
  return 1;
}

/// The chunks of a PNG are whole: decode_image() checked them.
int orientation_of_png(std::string_view bytes) {
  for (size_t at = 8; at + 12 <= bytes.size();) {
    const size_t length = big_endian(bytes, at);
    if (length > bytes.size() - at - 12) return 1;
    if (bytes.substr(at + 4, 4) == "eXIf") return orientation_of_tiff(bytes.substr(at + 8, length));
    at += 12 + length;
  }
  return 1;
}

}  // namespace

int exif_orientation(std::string_view bytes) {
  if (bytes.substr(0, 2) == "\xFF\xD8") return orientation_of_jpeg(bytes);
  if (bytes.substr(0, 4) == "\x89PNG") return orientation_of_png(bytes);
  return 1;
}

DecodedImage upright(DecodedImage image, int orientation) {
  if (orientation <= 1) return image;
  const bool swapped = orientation >= 5;  // rows of the file are columns of the scene
  DecodedImage out{image.height, image.width, image.channels, std::vector<uint8_t>(image.pixels.size())};
  if (swapped) std::swap(out.height, out.width);
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  for (int64_t y = 0; y < image.height; ++y) {
    for (int64_t x = 0; x < image.width; ++x) {
      int64_t row = swapped ? x : y, column = swapped ? y : x;
      if (from_right) column = out.width - 1 - column;
      if (from_bottom) row = out.height - 1 - row;
      const auto* pixel = image.pixels.data() + (y * image.width + x) * image.channels;
      std::copy(pixel, pixel + image.channels, out.pixels.data() + (row * out.width + column) * image.channels);
    }
  }
  return out;
}

}  // namespace hmem
