#include "hmem/data/images/decode.h"

#include <cstdint>
#include <string>
#include <vector>

#include "catch.h"
#include "data/images/orientation.h"
#include "support/image_bytes.h"

namespace hmem {
namespace {

using test::little_endian;
using test::png_bytes;

std::vector<uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

/// Exif data with one entry: the tag Orientation.
std::string exif(int orientation, bool little = true) {
  if (little) {
    return "II" + little_endian(42, 2) + little_endian(8) + little_endian(1, 2) + little_endian(0x112, 2) +
           little_endian(3, 2) + little_endian(1) + little_endian(static_cast<uint32_t>(orientation)) +
           little_endian(0);
  }
  return std::string("MM\0\x2A\0\0\0\x8\0\1\1\x12\0\3\0\0\0\1\0", 19) + static_cast<char>(orientation) +
         std::string(6, '\0');
}

TEST_CASE("transparent pixels are laid over white", "[images]") {
  if (!can_decode_images()) return;
  // Opaque red, invisible green, half of a black.
  const std::string pixels("\xC8\x1E\x1E\xFF\0\xFF\0\0\0\0\0\x80", 12);
  CHECK(decode_image(png_bytes(1, 3, 4, pixels), 3, "a").pixels ==
        std::vector<uint8_t>{200, 30, 30, 255, 255, 255, 127, 127, 127});
  CHECK(decode_image(png_bytes(1, 2, 2, std::string("\x40\xFF\x40\0", 4)), 1, "a").pixels ==
        std::vector<uint8_t>{64, 255});
  // Without transparency nothing changes.
  CHECK(decode_image(png_bytes(1, 2, 3, "abcdef"), 3, "a").pixels == bytes_of("abcdef"));
  CHECK(decode_image(png_bytes(1, 2, 1, "ab"), 3, "a").pixels == bytes_of("aaabbb"));
}

TEST_CASE("pictures are turned upright as their Exif data say", "[images]") {
  if (!can_decode_images()) return;
  // The scene is  ab  and every entry is the file that a camera writes for it.
  //               cd
  //               ef
  const struct {
    int orientation;
    uint32_t height, width;
    std::string file;
  } cases[] = {{1, 3, 2, "abcdef"}, {2, 3, 2, "badcfe"}, {3, 3, 2, "fedcba"}, {4, 3, 2, "efcdab"},
               {5, 2, 3, "acebdf"}, {6, 2, 3, "bdface"}, {7, 2, 3, "fdbeca"}, {8, 2, 3, "ecafdb"}};
  for (const auto& one : cases) {
    for (const bool little : {true, false}) {
      INFO("orientation " << one.orientation);
      const std::string bytes = png_bytes(one.height, one.width, 1, one.file, exif(one.orientation, little));
      CHECK(exif_orientation(bytes) == one.orientation);
      const DecodedImage image = decode_image(bytes, 1, "a");
      CHECK(image.height == 3);
      CHECK(image.width == 2);
      CHECK(image.pixels == bytes_of("abcdef"));
    }
  }
}

TEST_CASE("the Exif data of a JPEG are found, and damaged ones do no harm", "[images][bad]") {
  const std::string content = std::string("Exif\0\0", 6) + exif(6);
  const std::string segment = std::string("\xFF\xE1\0", 3) + static_cast<char>(content.size() + 2) + content;
  const std::string jpeg = test::jpeg_bytes(8, 16, 100);
  const std::string turned = jpeg.substr(0, 2) + segment + jpeg.substr(2);
  CHECK(exif_orientation(jpeg) == 1);
  CHECK(exif_orientation(turned) == 6);
  if (can_decode_images()) {
    const DecodedImage image = decode_image(turned, 1, "a");
    CHECK(image.height == 16);
    CHECK(image.width == 8);
  }
  const std::string png = png_bytes(1, 1, 1, "a", exif(6));
  for (const std::string& whole : {turned, png}) {
    for (size_t length = 0; length < whole.size(); ++length) {
      const int found = exif_orientation(whole.substr(0, length));
      CHECK((found == 1 || found == 6));
    }
  }
  for (size_t at = 0; at < 2 + segment.size(); ++at) {
    for (const char byte : {'\0', '\x7F', '\xFF'}) {
      std::string damaged = turned;
      damaged[at] = byte;
      const int found = exif_orientation(damaged);
      CHECK((found >= 1 && found <= 8));
    }
  }
}

}  // namespace
}  // namespace hmem
