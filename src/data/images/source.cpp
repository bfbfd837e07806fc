#include "hmem/data/images/source.h"

#include <algorithm>
#include <iterator>

#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/data/images/cache.h"
#include "hmem/data/images/cifar10.h"
#include "hmem/data/images/idx.h"
#include "hmem/data/search.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

/// Names of a set in messages, and the embedded images that replace it.
struct Set {
  std::string name, title, files, embedded;
  ImageData (*draw)(const EmbeddedCounts& counts, uint64_t seed);
};

const Set& set_of(ImageKind kind) {
  static const Set mnist = {"mnist", "MNIST", "mnist/train-images-idx3-ubyte[.gz] and the three other files",
                            "10 embedded glyphs", embedded_glyphs};
  static const Set cifar10 = {"cifar10", "CIFAR-10",
                              "cifar10/data_batch_1.bin and the other batches, or cifar10/train/<class>/*",
                              "10 embedded objects", embedded_objects};
  return kind == ImageKind::mnist ? mnist : cifar10;
}

/// A format of a set; the first one found is read.
struct Format {
  ImageKind kind;
  const char *title, *own_title;  // of the set, and of a folder that the user names
  bool (*holds)(const fs::path& folder);
  ImageSource::Reader read;
};

template <ImageData (*read)(const fs::path& folder)>
ImageData unchanged(const fs::path& folder, const ImageSize&, const std::string&, const ShowProgress&) {
  return read(folder);
}

constexpr Format kFormats[] = {
    {ImageKind::mnist, "MNIST", "IDX images", holds_mnist, unchanged<read_mnist>},
    {ImageKind::cifar10, "CIFAR-10", "CIFAR-10", holds_cifar10, unchanged<read_cifar10>},
    {ImageKind::cifar10, "CIFAR-10 (JPEG)", "images", holds_image_folder, read_image_folder},
};

}  // namespace

ImageSource find_images(ImageKind kind, const std::string& data_dir, const fs::path& program_folder) {
  const Set& set = set_of(kind);
  const std::string get = " (get it with datasets/fetch.sh " + set.name + ", or ";
  if (data_dir == "embedded") return {kind, set.embedded + ", as asked"};
  HMEM_CHECK(data_dir.empty() || is_folder(data_dir), data_dir, ": there is no such folder, expected one that holds ",
             set.name, "/", get, "use --data_dir=embedded)");
  const std::string archive = "cifar-10-batches-bin";  // the folder in the archive of CIFAR-10
  const std::vector<std::string> places = {archive, "", set.name + "/" + archive, set.name};
  const Format* format = nullptr;
  const auto holds = [&](const fs::path& folder) {
    format = std::find_if(std::begin(kFormats), std::end(kFormats),
                          [&](const Format& one) { return one.kind == kind && one.holds(folder); });
    return format != std::end(kFormats);
  };
  if (const auto found = find_data(data_dir, places, holds, program_folder)) {
    return {kind, format->title + (" from " + found->name), found->path, format->read};
  }
  HMEM_CHECK(data_dir.empty(), data_dir, ": holds no ", set.title, ", expected ", set.files, get,
             "use --data_dir=embedded)");
  return {kind, set.embedded + ", generated in the process: no " + set.title + " found" + get +
                    "name its folder with --data_dir)"};
}

ImageSource find_image_folder(const std::string& folder) {
  HMEM_CHECK(is_folder(folder), folder, ": there is no such folder, expected train/<class>/* and ",
             "test/<class>/*, or IDX files");
  // The last format is pictures: for an empty folder, reading reports what is missing.
  const Format* format =
      std::find_if(std::begin(kFormats), std::end(kFormats) - 1, [&](const Format& one) { return one.holds(folder); });
  return {format->kind, format->own_title + (" from " + folder), folder, format->read};
}

ImageData load_images(const ImageSource& source, const ImageSize& size, const std::string& cache_path,
                      const EmbeddedCounts& counts, uint64_t seed, const ShowProgress& show) {
  ImageData data =
      source.embedded() ? set_of(source.kind).draw(counts, seed) : source.read(source.folder, size, cache_path, show);
  data.description = source.description;
  return data;
}

}  // namespace hmem
