#pragma once
/// \file folder.h
/// Pictures in folders by class: DIR/train/<class>/*, DIR/test/<class>/* (JPEG, PNG, BMP).

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "hmem/core/progress.h"
#include "hmem/data/images/set.h"

namespace hmem {

/// The content of a folder, without the pixels. Classes are sorted by name, files by name within a class (byte order).
struct ImageFolder {
  struct File {
    std::string name;  ///< below the folder: "train/cat/0001.jpg"
    int32_t label = 0;
    uint64_t size = 0;
    int64_t modified = 0;  ///< ticks of the file system's clock
  };
  std::filesystem::path folder;
  std::vector<std::string> class_names;
  std::vector<File> train;
  std::vector<File> test;
  int64_t others = 0;  ///< files with other endings, left out
};

/// True when `folder` has train/ and test/.
bool holds_image_folder(const std::filesystem::path& folder);

/// Throws Error when train/ or test/ is missing, when one has fewer than 2 classes, when their classes differ, or when
/// a class has no picture. Names that begin with a dot are ignored.
ImageFolder list_image_folder(const std::filesystem::path& folder);

/// Everything but the pixels: classes, sizes, labels.
ImageData without_pixels(const ImageFolder& listed, const ImageSize& size);

/// Decodes everything, in parallel; the same bytes for any number of threads. Pictures of another size are resized (see
/// resize_image) and counted in the note. Throws Error that names the first file that cannot be decoded.
ImageData decode_image_folder(const ImageFolder& listed, const ImageSize& size, const ShowProgress& show = {});

}  // namespace hmem
