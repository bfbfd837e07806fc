#include "hmem/data/images/source.h"

#include <cstdlib>
#include <optional>
#include <utility>

#include "hmem/core/check.h"
#include "hmem/data/images/cache.h"
#include "hmem/data/images/cifar10.h"
#include "hmem/data/images/idx.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

using Format = ImageSource::Format;
using Found = std::optional<std::pair<Format, std::string>>;  ///< and the folder below the one that was searched

const char* name_of(ImageKind kind) { return kind == ImageKind::kMnist ? "mnist" : "cifar10"; }

std::string title(ImageKind kind, Format format) {
  return kind == ImageKind::kMnist ? "MNIST" : format == Format::kFolder ? "CIFAR-10 (JPEG)" : "CIFAR-10";
}

/// What `folder` itself, or its usual sub-folders, hold.
Found look_in(ImageKind kind, const fs::path& folder) {
  const std::string own = name_of(kind);
  for (const std::string& below : {std::string(), own}) {
    const fs::path here = below.empty() ? folder : folder / below;
    const std::string prefix = below.empty() ? "" : below + "/";
    if (kind == ImageKind::kMnist) {
      if (holds_mnist(here)) return std::make_pair(Format::kIdx, below);
      continue;
    }
    if (holds_cifar10(here)) return std::make_pair(Format::kCifar10Binary, below);
    if (holds_cifar10(here / "cifar-10-batches-bin")) {
      return std::make_pair(Format::kCifar10Binary, prefix + "cifar-10-batches-bin");
    }
    if (holds_image_folder(here)) return std::make_pair(Format::kFolder, below);
  }
  return std::nullopt;
}

/// `shown` is how the description calls `root`.
ImageSource source_of(ImageKind kind, const Found& found, const fs::path& root, const std::string& shown,
                      const std::string& after = "") {
  const auto& [format, below] = *found;
  return {format, below.empty() ? root : root / below,
          title(kind, format) + " from " + shown + (below.empty() ? "" : "/" + below) + after};
}

}  // namespace

ImageSource find_images(ImageKind kind, const std::string& data_dir, const fs::path& program_folder) {
  const Format embedded = kind == ImageKind::kMnist ? Format::kEmbeddedGlyphs : Format::kEmbeddedObjects;
  const std::string what = kind == ImageKind::kMnist ? "10 embedded glyphs" : "10 embedded objects";
  if (data_dir == "embedded") return {embedded, {}, what + ", as asked"};
  if (!data_dir.empty()) {
    std::error_code ignored;  // a path that cannot be asked is not a folder for us
    HMEM_CHECK(fs::is_directory(data_dir, ignored), data_dir, ": there is no such folder, expected one that holds ",
               name_of(kind), "/ (get it with datasets/fetch.sh ", name_of(kind), ", or use --data_dir=embedded)");
    const Found found = look_in(kind, data_dir);
    HMEM_CHECK(found, data_dir, ": holds no ", title(kind, Format::kCifar10Binary), ", expected ",
               kind == ImageKind::kMnist ? "mnist/train-images-idx3-ubyte[.gz] and the three other files"
                                         : "cifar10/data_batch_1.bin and the other batches, or cifar10/train/<class>/*",
               " (get it with datasets/fetch.sh ", name_of(kind), ", or use --data_dir=embedded)");
    return source_of(kind, found, data_dir, data_dir);
  }
  const char* root = std::getenv("HMEM_DATA");
  if (root != nullptr && *root != '\0') {
    if (const Found found = look_in(kind, root)) return source_of(kind, found, root, "$HMEM_DATA");
  }
  if (const Found found = look_in(kind, "datasets")) return source_of(kind, found, "datasets", "datasets");
  if (!program_folder.empty()) {
    const fs::path beside = program_folder.parent_path() / "datasets";
    if (const Found found = look_in(kind, beside)) {
      return source_of(kind, found, beside, "datasets", " beside the program's folder");
    }
  }
  return {embedded,
          {},
          what + ", generated in the process: no " + title(kind, Format::kCifar10Binary) +
              " found (get it with datasets/fetch.sh " + name_of(kind) + ", or name its folder with --data_dir)"};
}

ImageSource find_image_folder(const std::string& folder) {
  std::error_code ignored;  // a path that cannot be asked is not a folder for us
  HMEM_CHECK(fs::is_directory(folder, ignored), folder, ": there is no such folder, expected train/<class>/* and ",
             "test/<class>/*, or IDX files");
  if (holds_mnist(folder)) return {Format::kIdx, folder, "IDX images from " + folder};
  if (holds_cifar10(folder)) return {Format::kCifar10Binary, folder, "CIFAR-10 from " + folder};
  return {Format::kFolder, folder, "images from " + folder};
}

ImageData load_images(const ImageSource& source, const ImageSize& size, const std::string& cache_path,
                      const EmbeddedCounts& counts, uint64_t seed) {
  ImageData data;
  switch (source.format) {
    case Format::kEmbeddedGlyphs:
      data = embedded_glyphs(counts, seed);
      break;
    case Format::kEmbeddedObjects:
      data = embedded_objects(counts, seed);
      break;
    case Format::kIdx:
      data = read_mnist(source.folder);
      break;
    case Format::kCifar10Binary:
      data = read_cifar10(source.folder);
      break;
    case Format::kFolder:
      data = read_image_folder(source.folder, size,
                               cache_path == "default" ? default_image_cache(source.folder, size) : cache_path);
      break;
  }
  data.description = source.description;
  return data;
}

}  // namespace hmem
