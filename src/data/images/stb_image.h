#pragma once
/// \file stb_image.h
/// The few calls of stb_image and stb_image_write that the library makes, so that its code is compiled once and may be
/// absent.

#include <memory>
#include <string>

namespace hmem::stb {

struct FreePixels {
  void operator()(unsigned char* pixels) const;
};
using Pixels = std::unique_ptr<unsigned char, FreePixels>;

bool available();
/// height x width x channels, or null with a reason in failure().
Pixels decode(const unsigned char* bytes, int size, int channels, int* width, int* height);
const char* failure();
/// Bytes written, -1 when the stream is damaged or holds more than `capacity`.
int inflate(const unsigned char* bytes, int size, unsigned char* out, int capacity);
bool can_encode();
/// PNG of height x width x channels bytes; empty on failure.
std::string encode_png(const unsigned char* pixels, int width, int height, int channels);

}  // namespace hmem::stb
