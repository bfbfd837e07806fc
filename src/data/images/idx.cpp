#include "hmem/data/images/idx.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "data/images/file_bytes.h"
#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/data/images/gzip.h"
#include "hmem/data/search.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kMaxFile = uint64_t{1} << 31;
constexpr int64_t kMaxSide = 4096;

/// The first existing file among the usual names, then the only one that ends in such a name
/// ("emnist-letters-train-images-idx3-ubyte.gz"); empty when there is none.
fs::path find_file(const fs::path& folder, const std::string& part, const std::string& kind) {
  std::vector<std::string> usual;
  for (const char* separator : {"-", "."}) {
    for (const char* end : {"", ".gz"}) usual.push_back(part + separator + kind + "-ubyte" + end);
  }
  for (const std::string& name : usual) {
    if (is_file(folder / name)) return folder / name;
  }
  std::vector<fs::path> longer;
  for (const std::string& name : is_folder(folder) ? names_in(folder) : std::vector<std::string>()) {
    const bool fits = std::any_of(usual.begin(), usual.end(), [&name](const std::string& end) {
      return name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
    });
    if (fits && is_file(folder / name)) longer.push_back(folder / name);
  }
  return longer.size() == 1 ? longer.front() : fs::path();
}

/// Images and labels of a part, which may have several names.
ImageSet read_part(const fs::path& folder, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const fs::path images = find_file(folder, name + "-images", "idx3");
    if (images.empty()) continue;
    const fs::path labels = find_file(folder, name + "-labels", "idx1");
    HMEM_CHECK(!labels.empty(), (folder / (name + "-labels-idx1-ubyte")).string(),
               ": there is no such file, nor one with .gz, expected the labels of ", images.string());
    return read_idx_images(images.string(), labels.string());
  }
  fail((folder / (names.front() + "-images-idx3-ubyte")).string(),
       ": there is no such file, nor one with .gz (get it with datasets/fetch.sh mnist)");
}

/// Labels may begin at 1 or have gaps (EMNIST): classes are the labels that the training part has, in order.
void number_classes(ImageData& data, const std::string& source) {
  const std::set<int32_t> labels(data.train.labels.begin(), data.train.labels.end());
  std::map<int32_t, int32_t> class_of;
  for (const int32_t label : labels) {
    class_of[label] = static_cast<int32_t>(data.class_names.size());
    data.class_names.push_back(std::to_string(label));
  }
  for (ImageSet* set : {&data.train, &data.test}) {
    for (int32_t& label : set->labels) {
      const auto found = class_of.find(label);
      HMEM_CHECK(found != class_of.end(), source, ": found the label ", label,
                 " in the test part, which no training image has");
      label = found->second;
    }
  }
}

}  // namespace

IdxArray parse_idx(std::string_view bytes, const std::string& source) {
  HMEM_CHECK(bytes.size() >= 4, source, ": ends after ", bytes.size(), " bytes, expected the 4 bytes of an IDX magic");
  HMEM_CHECK(bytes[0] == 0 && bytes[1] == 0, source, ": byte 0: found ", byte_at(bytes, 0), " ", byte_at(bytes, 1),
             ", expected 0 0, the magic of an IDX file");
  HMEM_CHECK(byte_at(bytes, 2) == 0x08, source, ": byte 2: found element type ", byte_at(bytes, 2),
             ", expected 8 (unsigned bytes)");
  const size_t rank = byte_at(bytes, 3);
  HMEM_CHECK(rank >= 1 && rank <= 4, source, ": byte 3: found ", rank, " dimensions, expected 1 to 4");
  const size_t begin = 4 + 4 * rank;
  HMEM_CHECK(bytes.size() >= begin, source, ": ends after ", bytes.size(), " bytes, expected a header of ", begin);
  IdxArray array;
  uint64_t count = 1;
  for (size_t i = 0; i < rank; ++i) {
    const uint64_t size = big_endian(bytes, 4 + 4 * i);
    HMEM_CHECK(size > 0, source, ": byte ", 4 + 4 * i, ": found size 0");
    HMEM_CHECK(count <= kMaxFile / size, source, ": byte ", 4 + 4 * i, ": found size ", size,
               ", more than 2 GiB in all, the file has ", bytes.size(), " bytes");
    count *= size;
    array.sizes.push_back(static_cast<int64_t>(size));
  }
  HMEM_CHECK(bytes.size() - begin == count, source, ": the header says ", count, " bytes of data, the file has ",
             bytes.size() - begin, "; it is truncated or damaged");
  array.data.assign(bytes.begin() + static_cast<std::ptrdiff_t>(begin), bytes.end());
  return array;
}

IdxArray read_idx(const std::string& path) {
  const std::string bytes = read_file(path, kMaxFile);
  return parse_idx(is_gzip(bytes) ? gunzip(bytes, path) : bytes, path);
}

ImageSet read_idx_images(const std::string& images_path, const std::string& labels_path) {
  IdxArray images = read_idx(images_path);
  HMEM_CHECK(images.sizes.size() == 3, images_path, ": found ", images.sizes.size(),
             " dimensions, expected 3: images, rows, columns");
  HMEM_CHECK(images.sizes[1] <= kMaxSide && images.sizes[2] <= kMaxSide, images_path, ": found images of ",
             images.sizes[1], " x ", images.sizes[2], ", expected sides of at most ", kMaxSide);
  const IdxArray labels = read_idx(labels_path);
  HMEM_CHECK(labels.sizes.size() == 1, labels_path, ": found ", labels.sizes.size(), " dimensions, expected 1: labels");
  HMEM_CHECK(labels.sizes[0] == images.sizes[0], labels_path, ": found ", labels.sizes[0], " labels, expected ",
             images.sizes[0], ", one for each image of ", images_path);
  ImageSet set;
  set.height = images.sizes[1];
  set.width = images.sizes[2];
  set.channels = 1;
  set.pixels = std::move(images.data);
  set.labels.assign(labels.data.begin(), labels.data.end());
  return set;
}

bool holds_mnist(const fs::path& folder) { return !find_file(folder, "train-images", "idx3").empty(); }

ImageData read_mnist(const fs::path& folder) {
  ImageData data;
  data.train = read_part(folder, {"train"});
  data.test = read_part(folder, {"t10k", "test"});
  number_classes(data, folder.string());
  check_images(data, folder.string());
  return data;
}

}  // namespace hmem
