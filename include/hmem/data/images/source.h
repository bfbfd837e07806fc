#pragma once
/// \file source.h
/// The source of the images of an experiment.

#include <cstdint>
#include <filesystem>
#include <string>

#include "hmem/core/program.h"
#include "hmem/core/progress.h"
#include "hmem/data/images/embedded.h"
#include "hmem/data/images/set.h"

namespace hmem {

enum class ImageKind { mnist, cifar10 };

struct ImageSource {
  using Reader = ImageData (*)(const std::filesystem::path& folder, const ImageSize& size,
                               const std::string& cache_path, const ShowProgress& show);

  ImageKind kind;
  std::string description;         ///< one line for the header of a run, without paths that the user did not write
  std::filesystem::path folder{};  ///< empty: embedded
  Reader read = nullptr;           ///< of the folder

  bool embedded() const { return folder.empty(); }
};

/// Searches `data_dir`, or without one the folders of find_data(), and mnist/ or cifar10/ below them; takes the first
/// that holds the set, else embedded images (glyphs for MNIST, objects for CIFAR-10). MNIST: IDX files, plain or .gz.
/// CIFAR-10: data_batch_*.bin, also in cifar-10-batches-bin/; else train/<class>/* and test/<class>/*, called "CIFAR-10
/// (JPEG)". "embedded" asks for embedded images; another `data_dir` without the set is an Error.
ImageSource find_images(ImageKind kind, const std::string& data_dir,
                        const std::filesystem::path& program_folder = hmem::program_folder());

/// Images of the user's own: DIR/train/<class>/* and DIR/test/<class>/*, or a folder of IDX or CIFAR-10 files.
ImageSource find_image_folder(const std::string& folder);

/// Reads the source. `size` and `cache_path` are for folders of pictures, see read_image_folder(), which take long and
/// tell `show`; `counts` and `seed` for embedded images.
ImageData load_images(const ImageSource& source, const ImageSize& size = {}, const std::string& cache_path = "default",
                      const EmbeddedCounts& counts = {}, uint64_t seed = 0, const ShowProgress& show = {});

}  // namespace hmem
