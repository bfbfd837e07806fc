#pragma once
/// \file image_bytes.h
/// Image and gzip files put together by hand, so that what they must decode to is known without a library.

#include <cstdint>
#include <string>
#include <string_view>

#include "hmem/data/images/gzip.h"

namespace hmem::test {

inline std::string big_endian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}
inline std::string little_endian(uint32_t value, int bytes = 4) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

/// Deflate blocks that store their content (RFC 1951, 3.2.4).
inline std::string stored_deflate(std::string_view content) {
  std::string out;
  do {
    const std::string_view block = content.substr(0, 65535);
    content.remove_prefix(block.size());
    const auto size = static_cast<uint32_t>(block.size());
    out += content.empty() ? '\1' : '\0';
    out += little_endian(size, 2) + little_endian(~size, 2);
    out += block;
  } while (!content.empty());
  return out;
}

inline std::string gzip_bytes(std::string_view content, uint32_t crc, uint32_t size, const std::string& header) {
  return header + stored_deflate(content) + little_endian(crc) + little_endian(size);
}
inline std::string gzip_bytes(std::string_view content) {
  return gzip_bytes(content, crc32(content.data(), content.size()), static_cast<uint32_t>(content.size()),
                    std::string("\x1F\x8B\x08\0\0\0\0\0\0\3", 10));
}

inline std::string idx_bytes(const std::string& sizes, std::string_view data) {
  std::string out = std::string("\0\0\x08", 3) + static_cast<char>(sizes.size() / 4);
  return (out += sizes).append(data);
}
inline std::string idx_images(uint32_t count, uint32_t rows, uint32_t columns, std::string_view data) {
  return idx_bytes(big_endian(count) + big_endian(rows) + big_endian(columns), data);
}
inline std::string idx_labels(std::string_view labels) {
  return idx_bytes(big_endian(static_cast<uint32_t>(labels.size())), labels);
}

/// PNG (ISO 15948) of 1 to 4 channels (grey, grey and opacity, RGB, RGBA), 8 bits, no filter; `exif` in a chunk eXIf.
inline std::string png_bytes(uint32_t height, uint32_t width, int channels, std::string_view pixels,
                             const std::string& exif = "") {
  const auto chunk = [](const std::string& type, const std::string& content) {
    const std::string body = type + content;
    return big_endian(static_cast<uint32_t>(content.size())) + body + big_endian(crc32(body.data(), body.size()));
  };
  std::string raw;
  for (uint32_t y = 0; y < height; ++y) {
    raw += '\0';
    raw += pixels.substr(y * width * static_cast<uint32_t>(channels), width * static_cast<uint32_t>(channels));
  }
  uint32_t low = 1, high = 0;
  for (unsigned char byte : raw) low = (low + byte) % 65521, high = (high + low) % 65521;
  const std::string colour(1, "\0\4\2\6"[channels - 1]);
  return "\x89PNG\r\n\x1A\n" +
         chunk("IHDR", big_endian(width) + big_endian(height) + '\x8' + colour + std::string(3, '\0')) +
         (exif.empty() ? "" : chunk("eXIf", exif)) +
         chunk("IDAT", "\x78\x01" + stored_deflate(raw) + big_endian(high << 16 | low)) + chunk("IEND", "");
}

/// BMP of 24 bits; `pixels` is RGB from the top.
inline std::string bmp_bytes(uint32_t height, uint32_t width, std::string_view pixels) {
  const uint32_t row = (3 * width + 3) / 4 * 4;
  std::string out = "BM" + little_endian(54 + row * height) + little_endian(0) + little_endian(54) + little_endian(40) +
                    little_endian(width) + little_endian(height) + little_endian(1, 2) + little_endian(24, 2) +
                    little_endian(0) + little_endian(row * height) + little_endian(2835) + little_endian(2835) +
                    little_endian(0) + little_endian(0);
  for (uint32_t y = height; y-- > 0;) {
    for (uint32_t x = 0; x < width; ++x) {
      for (int c = 2; c >= 0; --c) out += pixels[(y * width + x) * 3 + static_cast<uint32_t>(c)];
    }
    out.append(row - 3 * width, '\0');
  }
  return out;
}

/// Baseline grey JPEG (ITU T.81) of one shade in all pixels, 128 + `level`, 64 <= |level| <= 127. The quantiser is 8,
/// so that the constant term of a block is `level`; its Huffman tables have 2 and 1 codes.
inline std::string jpeg_bytes(uint32_t height, uint32_t width, int level) {
  const auto be16 = [](uint32_t value) { return std::string{static_cast<char>(value >> 8), static_cast<char>(value)}; };
  std::string out = "\xFF\xD8\xFF\xDB" + be16(67) + std::string(1, '\0') + std::string(64, '\x8');
  out += "\xFF\xC0" + be16(11) + '\x8' + be16(height) + be16(width) + std::string("\1\1\x11\0", 4);
  const std::string one_word = std::string("\1", 1) + std::string(15, '\0');
  out += "\xFF\xC4" + be16(21) + std::string("\0\1\1", 3) + std::string(14, '\0') + std::string("\7\0", 2);
  out += "\xFF\xC4" + be16(20) + '\x10' + one_word + std::string(1, '\0');
  out += "\xFF\xDA" + be16(8) + std::string("\1\1\0\0\x3F\0", 6);
  std::string bits = "0";  // category 7, its 7 bits, end of block; then category 0 ("10") and end of block
  const int magnitude = level > 0 ? level : level + 127;
  for (int bit = 6; bit >= 0; --bit) bits += (magnitude >> bit & 1) != 0 ? '1' : '0';
  bits += '0';
  for (uint32_t block = (height + 7) / 8 * ((width + 7) / 8); block > 1; --block) bits += "100";
  while (bits.size() % 8 != 0) bits += '1';
  for (size_t at = 0; at < bits.size(); at += 8) {
    int byte = 0;
    for (size_t i = 0; i < 8; ++i) byte = 2 * byte + (bits[at + i] - '0');
    out += static_cast<char>(byte);
    if (byte == 0xFF) out += '\0';
  }
  return out + "\xFF\xD9";
}

}  // namespace hmem::test
