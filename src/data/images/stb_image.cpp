// The only file that includes stb. HMEM_STB is defined if the package is installed.

#include "data/images/stb_image.h"

#ifdef HMEM_STB

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace {

/// stb asserts on some damaged files. Such an assertion must not end the process, so it throws; this list holds the
/// memory that stb had allocated by then.
struct AssertionFailed {};
thread_local std::vector<void*> t_allocated;

void forget(void* memory) {
  const auto found = std::find(t_allocated.rbegin(), t_allocated.rend(), memory);
  if (found != t_allocated.rend()) t_allocated.erase(found.base() - 1);
}
void* remember(void* memory) {
  if (memory != nullptr) t_allocated.push_back(memory);
  return memory;
}
/// Zero-filled: a JPEG may use a Huffman table that it does not define, and stb then reads this memory as one. With
/// zeros every code is 0 bits long; with other content stb reads outside of the table.
void* allocate(size_t bytes) { return remember(std::calloc(bytes, 1)); }
void release(void* memory) {
  forget(memory);
  std::free(memory);
}
void* reallocate(void* memory, size_t bytes) {
  forget(memory);
  void* moved = std::realloc(memory, bytes);
  if (moved == nullptr) remember(memory);  // it is still there
  return remember(moved);
}
void release_all() {
  for (void* memory : t_allocated) std::free(memory);
  t_allocated.clear();
}

}  // namespace

#define STBI_ASSERT(condition) ((condition) ? void() : throw AssertionFailed())
#define STBI_MALLOC(bytes) allocate(bytes)
#define STBI_REALLOC(memory, bytes) reallocate(memory, bytes)
#define STBI_FREE(memory) release(memory)
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
#if __has_include(<stb_image_write.h>)
#define HMEM_STB_WRITE
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb_image_write.h>
#endif
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

namespace hmem::stb {

bool available() { return true; }

Pixels decode(const unsigned char* bytes, int size, int channels, int* width, int* height) {
  try {
    int found = 0;
    Pixels pixels(stbi_load_from_memory(bytes, size, width, height, &found, channels));
    forget(pixels.get());
    return pixels;
  } catch (const AssertionFailed&) {
    release_all();
    stbi__g_failure_reason = "damaged data";
    return {};
  }
}

const char* failure() {
  const char* reason = stbi_failure_reason();
  return reason != nullptr ? reason : "unknown reason";
}

int inflate(const unsigned char* bytes, int size, unsigned char* out, int capacity) {
  try {
    return stbi_zlib_decode_noheader_buffer(reinterpret_cast<char*>(out), capacity,
                                            reinterpret_cast<const char*>(bytes), size);
  } catch (const AssertionFailed&) {
    release_all();
    return -1;
  }
}

void FreePixels::operator()(unsigned char* pixels) const { std::free(pixels); }

#ifdef HMEM_STB_WRITE

bool can_encode() { return true; }

std::string encode_png(const unsigned char* pixels, int width, int height, int channels) {
  std::string png;
  const auto append = [](void* out, void* bytes, int size) {
    static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), static_cast<size_t>(size));
  };
  const int written = stbi_write_png_to_func(append, &png, width, height, channels, pixels, width * channels);
  return written != 0 ? png : std::string();
}

#else

bool can_encode() { return false; }
std::string encode_png(const unsigned char*, int, int, int) { return {}; }

#endif

}  // namespace hmem::stb

#else

namespace hmem::stb {

bool available() { return false; }
Pixels decode(const unsigned char*, int, int, int*, int*) { return {}; }
const char* failure() { return "built without stb"; }
int inflate(const unsigned char*, int, unsigned char*, int) { return -1; }
void FreePixels::operator()(unsigned char*) const {}
bool can_encode() { return false; }
std::string encode_png(const unsigned char*, int, int, int) { return {}; }

}  // namespace hmem::stb

#endif
