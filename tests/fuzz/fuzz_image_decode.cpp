// Any bytes are either a picture that can be resized or an hmem::Error: nothing else may come out of the decoder.
//
// With libFuzzer:     clang++ ... -fsanitize=fuzzer,address
// Without it:         -DHMEM_FUZZ_STANDALONE; the program mutates its own seeds; its argument is the time in seconds.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "hmem/core/check.h"
#include "hmem/data/images/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hmem;
  for (int64_t channels : {1, 3}) {
    try {
      const DecodedImage image = decode_image({reinterpret_cast<const char*>(data), size}, channels, "fuzz");
      if (static_cast<int64_t>(image.pixels.size()) != image.height * image.width * channels) std::abort();
      if (image.height * image.width < 1 << 16 && resize_image(image, 5, 7).pixels.empty()) std::abort();
    } catch (const Error&) {
    }
  }
  return 0;
}

#ifdef HMEM_FUZZ_STANDALONE

#include "fuzz/standalone.h"
#include "support/image_bytes.h"

int main(int argc, char** argv) {
  using namespace hmem::test;
  const std::string pixels = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKL";
  return fuzz_standalone(argc, argv,
                         {png_bytes(4, 4, 3, pixels), png_bytes(4, 4, 1, pixels), bmp_bytes(4, 4, pixels),
                          jpeg_bytes(8, 8, 72), jpeg_bytes(17, 9, -100)});
}

#endif
