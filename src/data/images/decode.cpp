#include "hmem/data/images/decode.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <utility>

#include "data/images/file_bytes.h"
#include "data/images/orientation.h"
#include "data/images/stb_image.h"
#include "hmem/core/check.h"
#include "hmem/core/text.h"
#include "hmem/data/images/gzip.h"

namespace hmem {

namespace {

constexpr size_t kMaxEncoded = size_t{64} << 20;

void need_stb(const std::string& source, const char* what) {
  HMEM_CHECK(stb::available(), source, ": this build cannot read ", what,
             ": install libstb-dev (tools/setup.sh) and make again");
}

const unsigned char* as_bytes(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

/// stb_image accepts missing rows and would return junk for them.
void check_bmp(std::string_view bytes, const std::string& source) {
  if (bytes.substr(0, 2) != "BM" || bytes.size() < 30) return;  // the decoder refuses shorter files
  const bool old = little_endian(bytes, 14) == 12;              // the header of OS/2
  const auto side = [&](size_t at) {                            // a negative height: rows from the top
    return std::abs(int64_t{static_cast<int32_t>(little_endian(bytes, at))});
  };
  const int64_t width = old ? little_endian_16(bytes, 18) : side(18);
  const int64_t height = old ? little_endian_16(bytes, 20) : side(22);
  if (width > kMaxImageSide || height > kMaxImageSide) return;  // refused below
  const int64_t bits = little_endian_16(bytes, old ? 24 : 28), row = (width * bits + 31) / 32 * 4;
  const int64_t expected = int64_t{little_endian(bytes, 10)} + row * height;
  HMEM_CHECK(static_cast<int64_t>(bytes.size()) >= expected, source, ": found ", bytes.size(), " bytes, expected ",
             expected, " for a BMP of ", height, " x ", width, "; remove or replace the file");
}

/// stb_image does not look at the checksums of the chunks.
void check_png(std::string_view bytes, const std::string& source) {
  constexpr size_t kSignature = 8, kAround = 12;  // length, type and checksum of a chunk
  if (bytes.substr(0, kSignature) != "\x89PNG\r\n\x1a\n") return;
  for (size_t at = kSignature;;) {
    const uint32_t length = bytes.size() - at >= kAround ? big_endian(bytes, at) : UINT32_MAX;
    HMEM_CHECK(bytes.size() - at >= kAround && length <= bytes.size() - at - kAround, source,
               ": the PNG ends in the middle, after ", bytes.size(), " bytes; remove or replace the file");
    const std::string_view type = bytes.substr(at + 4, 4);
    HMEM_CHECK(crc32(bytes.data() + at + 4, 4 + size_t{length}) == big_endian(bytes, at + 8 + length), source,
               ": the PNG is damaged: the checksum of its part ", quote(type), " is wrong; remove or replace the file");
    if (type == "IEND") return;
    at += kAround + length;
  }
}

/// stb_image 2.30 makes up what is missing at the end.
void check_jpeg(std::string_view bytes, const std::string& source) {
  HMEM_CHECK(bytes.substr(0, 2) != "\xFF\xD8" || bytes.rfind("\xFF\xD9") != std::string_view::npos, source,
             ": the JPEG ends in the middle, after ", bytes.size(), " bytes; remove or replace the file");
}

/// Pixels whose last channel is their opacity (0 to 255), laid over white.
std::vector<uint8_t> over_white(const unsigned char* pixels, int64_t count, int64_t channels) {
  std::vector<uint8_t> out(static_cast<size_t>(count * channels));
  auto next = out.begin();
  for (int64_t i = 0; i < count; ++i, pixels += channels + 1) {
    const int opacity = pixels[channels];
    for (int64_t c = 0; c < channels; ++c) {
      *next++ = static_cast<uint8_t>((pixels[c] * opacity + 255 * (255 - opacity) + 127) / 255);
    }
  }
  return out;
}

/// Weights of the old pixels `first`, `first + 1`, ... in one new pixel; they sum to 1.
struct Taps {
  int64_t first = 0;
  std::vector<double> weights;
};

std::vector<Taps> taps_of_axis(int64_t from, int64_t to) {
  std::vector<Taps> taps(static_cast<size_t>(to));
  const double step = static_cast<double>(from) / static_cast<double>(to);
  for (int64_t i = 0; i < to; ++i) {
    Taps& tap = taps[static_cast<size_t>(i)];
    if (from > to) {
      const double begin = static_cast<double>(i) * step, end = begin + step;
      tap.first = static_cast<int64_t>(begin);
      for (int64_t j = tap.first; j < from && static_cast<double>(j) < end; ++j) {
        const double at = static_cast<double>(j);
        tap.weights.push_back((std::min(end, at + 1) - std::max(begin, at)) / step);
      }
    } else {
      const double centre = std::clamp((static_cast<double>(i) + 0.5) * step - 0.5, 0.0, static_cast<double>(from - 1));
      tap.first = static_cast<int64_t>(centre);
      const double rest = centre - static_cast<double>(tap.first);
      tap.weights.push_back(1 - rest);
      if (rest > 0) tap.weights.push_back(rest);
    }
  }
  return taps;
}

}  // namespace

bool can_decode_images() { return stb::available(); }

DecodedImage decode_image(std::string_view bytes, int64_t channels, const std::string& source) {
  HMEM_CHECK(channels == 1 || channels == 3, source, ": images are decoded to 1 or 3 channels, not to ", channels);
  need_stb(source, "images");
  HMEM_CHECK(!bytes.empty(), source, ": the file is empty, expected a JPEG, PNG or BMP image");
  HMEM_CHECK(bytes.size() <= kMaxEncoded, source, ": ", bytes.size(), " bytes, expected at most ", kMaxEncoded);
  check_bmp(bytes, source);
  check_png(bytes, source);
  check_jpeg(bytes, source);
  int width = 0, height = 0;
  // JPEG has no transparency; with one more channel stb gives the opacity of the others.
  const bool opaque = bytes.substr(0, 2) == "\xFF\xD8";
  const int64_t stored = channels + (opaque ? 0 : 1);
  const stb::Pixels pixels =
      stb::decode(as_bytes(bytes), static_cast<int>(bytes.size()), static_cast<int>(stored), &width, &height);
  HMEM_CHECK(pixels != nullptr, source, ": cannot be decoded as JPEG, PNG or BMP (", stb::failure(),
             "); remove or replace the file");
  HMEM_CHECK(width > 0 && height > 0 && width <= kMaxImageSide && height <= kMaxImageSide, source, ": found ", width,
             " x ", height, " pixels, expected sides of 1 to ", kMaxImageSide);
  DecodedImage image{height, width, channels, {}};
  if (opaque) {
    image.pixels.assign(pixels.get(), pixels.get() + image.height * image.width * channels);
  } else {
    image.pixels = over_white(pixels.get(), image.height * image.width, channels);
  }
  return upright(std::move(image), exif_orientation(bytes));
}

DecodedImage resize_image(const DecodedImage& image, int64_t height, int64_t width) {
  HMEM_CHECK(height > 0 && width > 0 && image.height > 0 && image.width > 0, "cannot resize ", image.height, " x ",
             image.width, " to ", height, " x ", width);
  if (height == image.height && width == image.width) return image;
  const std::vector<Taps> rows = taps_of_axis(image.height, height), columns = taps_of_axis(image.width, width);
  const int64_t channels = image.channels;
  std::vector<double> narrowed(static_cast<size_t>(image.height * width * channels), 0.0);
  for (int64_t y = 0; y < image.height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const Taps& tap = columns[static_cast<size_t>(x)];
      double* out = narrowed.data() + (y * width + x) * channels;
      for (size_t k = 0; k < tap.weights.size(); ++k) {
        const int64_t column = tap.first + static_cast<int64_t>(k);
        const uint8_t* in = image.pixels.data() + (y * image.width + column) * channels;
        for (int64_t c = 0; c < channels; ++c) out[c] += tap.weights[k] * in[c];
      }
    }
  }
  DecodedImage out{height, width, channels, std::vector<uint8_t>(static_cast<size_t>(height * width * channels))};
  const int64_t row_size = width * channels;
  std::vector<double> sum(static_cast<size_t>(row_size));
  for (int64_t y = 0; y < height; ++y) {
    const Taps& tap = rows[static_cast<size_t>(y)];
    std::fill(sum.begin(), sum.end(), 0.0);
    for (size_t k = 0; k < tap.weights.size(); ++k) {
      const double* in = narrowed.data() + (tap.first + static_cast<int64_t>(k)) * row_size;
      for (int64_t i = 0; i < row_size; ++i) sum[static_cast<size_t>(i)] += tap.weights[k] * in[i];
    }
    for (int64_t i = 0; i < row_size; ++i) {
      out.pixels[static_cast<size_t>(y * row_size + i)] =
          static_cast<uint8_t>(std::clamp(std::floor(sum[static_cast<size_t>(i)] + 0.5), 0.0, 255.0));
    }
  }
  return out;
}

std::vector<uint8_t> inflate(std::string_view deflated, size_t size, const std::string& source) {
  need_stb(source, "compressed files");
  // Deflate cannot shrink below 1/1032, so a larger size is wrong and is refused before memory is allocated.
  HMEM_CHECK(size / 1032 <= deflated.size(), source, ": claims that ", deflated.size(), " bytes hold ", size,
             " uncompressed, which is impossible; get the file again");
  HMEM_CHECK(deflated.size() <= INT_MAX && size < INT_MAX, source, ": above 2 GiB, which is not read compressed");
  std::vector<uint8_t> out(size + 1);  // one more, so that a longer stream is noticed
  const int written =
      stb::inflate(as_bytes(deflated), static_cast<int>(deflated.size()), out.data(), static_cast<int>(out.size()));
  HMEM_CHECK(written >= 0, source, ": the compressed data are damaged or hold more than the ", size,
             " bytes that the file says; get it again");
  HMEM_CHECK(static_cast<size_t>(written) == size, source, ": inflated to ", written, " bytes, expected ", size,
             "; get the file again");
  out.resize(size);
  return out;
}

}  // namespace hmem
