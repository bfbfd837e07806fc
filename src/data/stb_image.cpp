// The only file that sees stb. HMEM_STB is defined where the package is there.

#include "data/stb_image.h"

#ifdef HMEM_STB

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_MAX_DIMENSIONS 8192
#define STBI_NO_SIMD  // the same bits on every processor

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#endif
#include <stb_image.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

namespace hmem::stb {

bool available() { return true; }

Pixels decode(const unsigned char* bytes, int size, int channels, int* width, int* height) {
  int found = 0;
  return Pixels(stbi_load_from_memory(bytes, size, width, height, &found, channels));
}

const char* failure() {
  const char* reason = stbi_failure_reason();
  return reason != nullptr ? reason : "unknown reason";
}

int inflate(const unsigned char* bytes, int size, unsigned char* out, int capacity) {
  return stbi_zlib_decode_noheader_buffer(reinterpret_cast<char*>(out), capacity, reinterpret_cast<const char*>(bytes),
                                          size);
}

void FreePixels::operator()(unsigned char* pixels) const { stbi_image_free(pixels); }

}  // namespace hmem::stb

#else

namespace hmem::stb {

bool available() { return false; }
Pixels decode(const unsigned char*, int, int, int*, int*) { return {}; }
const char* failure() { return "built without stb"; }
int inflate(const unsigned char*, int, unsigned char*, int) { return -1; }
void FreePixels::operator()(unsigned char*) const {}

}  // namespace hmem::stb

#endif
