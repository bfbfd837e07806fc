#include "hmem/data/images/cifar10.h"

#include "data/images/file_bytes.h"
#include "hmem/core/check.h"
#include "hmem/core/files.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kSide = 32, kPlane = kSide * kSide;

void append_file(const fs::path& path, ImageSet& set) {
  HMEM_CHECK(file_exists(path), path.string(), ": there is no such file (get it with datasets/fetch.sh cifar10)");
  // Slightly above the right size, so that a wrong length gives the message about lengths.
  parse_cifar10(read_file(path.string(), uint64_t{1} << 30), kCifar10Batch, path.string(), set);
}

}  // namespace

const std::vector<std::string>& cifar10_class_names() {
  static const std::vector<std::string> names = {"airplane", "automobile", "bird",  "cat",  "deer",
                                                 "dog",      "frog",       "horse", "ship", "truck"};
  return names;
}

void parse_cifar10(std::string_view bytes, int64_t records, const std::string& source, ImageSet& set) {
  HMEM_CHECK(static_cast<int64_t>(bytes.size()) == records * kCifar10Record, source, ": found ", bytes.size(),
             " bytes, expected ", records * kCifar10Record, " (", records, " records of ", kCifar10Record,
             "); it is truncated or not CIFAR-10 in binary form");
  set.height = set.width = kSide;
  set.channels = 3;
  const int64_t begin = set.count();
  for (int64_t i = 0; i < records; ++i) {
    const int label = static_cast<unsigned char>(bytes[static_cast<size_t>(i * kCifar10Record)]);
    HMEM_CHECK(label < 10, source, ": byte ", i * kCifar10Record, ": found label ", label, ", expected 0 to 9");
  }
  set.labels.resize(static_cast<size_t>(begin + records));
  set.pixels.resize(static_cast<size_t>((begin + records) * 3 * kPlane));
  for (int64_t i = 0; i < records; ++i) {
    const auto* record = reinterpret_cast<const uint8_t*>(bytes.data()) + i * kCifar10Record;
    set.labels[static_cast<size_t>(begin + i)] = record[0];
    uint8_t* out = set.pixels.data() + (begin + i) * 3 * kPlane;
    for (int64_t p = 0; p < kPlane; ++p) {
      for (int64_t c = 0; c < 3; ++c) out[3 * p + c] = record[1 + c * kPlane + p];
    }
  }
}

bool holds_cifar10(const fs::path& folder) { return is_file(folder / "data_batch_1.bin"); }

ImageData read_cifar10(const fs::path& folder) {
  ImageData data;
  for (int batch = 1; batch <= 5; ++batch) {
    append_file(folder / ("data_batch_" + std::to_string(batch) + ".bin"), data.train);
  }
  append_file(folder / "test_batch.bin", data.test);
  data.class_names = cifar10_class_names();
  check_images(data, folder.string());
  return data;
}

}  // namespace hmem
