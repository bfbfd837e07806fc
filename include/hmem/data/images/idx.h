#pragma once
/// \file idx.h
/// The IDX format of MNIST (Y. LeCun, "The MNIST database of handwritten digits"): big-endian; 00 00, type 08 (unsigned
/// byte), number of sizes, the sizes as 32-bit numbers, the bytes.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hmem/data/images/set.h"

namespace hmem {

struct IdxArray {
  std::vector<int64_t> sizes;
  std::vector<uint8_t> data;
};

/// Throws Error that begins with `source` and names the byte offset; the sizes are compared with the length of the file
/// before memory is taken.
IdxArray parse_idx(std::string_view bytes, const std::string& source);

/// A plain file or one compressed by gzip, whatever it is called.
IdxArray read_idx(const std::string& path);

/// One part from a file of images (count x height x width) and one of labels (count). Throws Error.
ImageSet read_idx_images(const std::string& images_path, const std::string& labels_path);

/// True when `folder` holds training images under one of MNIST's names.
bool holds_mnist(const std::filesystem::path& folder);

/// `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-...`, each plain or .gz (also with a dot before idx).
/// Classes are called by their numbers. Throws Error.
ImageData read_mnist(const std::filesystem::path& folder);

}  // namespace hmem
