// Any bytes are either an IDX array (plain or .gz) whose sizes fit its data, or an hmem::Error; likewise CIFAR-10.
//
// With libFuzzer:     clang++ ... -fsanitize=fuzzer,address
// Without it:         -DHMEM_FUZZ_STANDALONE; the program mutates its own seeds; its argument is the time in seconds.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "hmem/core/check.h"
#include "hmem/data/images/cifar10.h"
#include "hmem/data/images/gzip.h"
#include "hmem/data/images/idx.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using namespace hmem;

void require(bool condition) {
  if (!condition) std::abort();
}

void parse_both(std::string_view bytes) {
  try {
    const IdxArray array = parse_idx(bytes, "fuzz");
    int64_t count = 1;
    for (int64_t side : array.sizes) count *= side;
    require(count == static_cast<int64_t>(array.data.size()));
  } catch (const Error&) {
  }
  try {
    ImageSet set;
    parse_cifar10(bytes, static_cast<int64_t>(bytes.size()) / kCifar10Record, "fuzz", set);
    for (int32_t label : set.labels) require(label >= 0 && label < 10);
    require(static_cast<int64_t>(set.pixels.size()) == set.count() * set.image_size());
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  parse_both(bytes);
  try {
    parse_both(gunzip(bytes, "fuzz"));
  } catch (const Error&) {
  }
  return 0;
}

#ifdef HMEM_FUZZ_STANDALONE

#include "fuzz/standalone.h"
#include "support/image_bytes.h"

int main(int argc, char** argv) {
  using namespace hmem::test;
  const std::string images = idx_images(2, 3, 4, std::string(24, 'a')), labels = idx_labels("abc");
  return fuzz_standalone(argc, argv, {images, labels, gzip_bytes(images), gzip_bytes(labels), std::string(3073, '\1')});
}

#endif
