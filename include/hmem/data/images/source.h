#pragma once
/// \file source.h
/// Where the images of an experiment come from.

#include <cstdint>
#include <filesystem>
#include <string>

#include "hmem/data/images/embedded.h"
#include "hmem/data/images/folder.h"
#include "hmem/data/images/set.h"

namespace hmem {

enum class ImageKind { kMnist, kCifar10 };

struct ImageSource {
  enum class Format { kEmbeddedGlyphs, kEmbeddedObjects, kIdx, kCifar10Binary, kFolder } format;
  std::filesystem::path folder;
  std::string description;  ///< one line for the header of a run, without paths that the user did not write

  bool embedded() const { return folder.empty(); }
};

/// The first that holds the set of: `data_dir`, `data_dir`/mnist or /cifar10; the same below `$HMEM_DATA`, `datasets`,
/// and `datasets` beside the program's folder; else embedded images (glyphs for MNIST, objects for CIFAR-10).
/// MNIST: IDX files, plain or .gz. CIFAR-10: data_batch_*.bin, also in cifar-10-batches-bin/; else train/<class>/* and
/// test/<class>/*, called "CIFAR-10 (JPEG)". With a `data_dir` nothing else is tried: "embedded" asks for embedded
/// images, and a folder without the set is an Error.
ImageSource find_images(ImageKind kind, const std::string& data_dir, const std::filesystem::path& program_folder);

/// Images of the user's own: DIR/train/<class>/* and DIR/test/<class>/*, or a folder of IDX or CIFAR-10 files.
ImageSource find_image_folder(const std::string& folder);

/// Reads the source. `size` and `cache_path` ("default": see default_image_cache; empty: none) are for folders of
/// pictures, `counts` and `seed` for embedded images.
ImageData load_images(const ImageSource& source, const ImageSize& size = {}, const std::string& cache_path = "default",
                      const EmbeddedCounts& counts = {}, uint64_t seed = 0);

}  // namespace hmem
