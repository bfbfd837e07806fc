#pragma once
/// \file flags.h
/// The flags that the programs of the image experiments share, and what follows from them.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hmem/core/options.h"
#include "hmem/data/images/set.h"

namespace hmem {

/// Registers --data_dir, --images_a, --images_b and --images_per_class.
void add_image_data_flags(Options& options);

/// Set a (photographs) and set b (digits).
struct ImagePair {
  ImageData a, b;
  std::string description;         ///< for the header
  std::vector<std::string> notes;  ///< embedded images, resized ones

  /// 16 hexadecimal digits that change with any pixel or label.
  std::string hash() const;
};
/// From --images_a and --images_b, or CIFAR-10 and MNIST where they are found, or embedded. Throws Error when images do
/// not fit into 32 x 32 x 3.
ImagePair load_image_pair(const Options& options);
/// Throws Error when the folders that the flags name do not hold images; reads none.
void check_image_sources(const Options& options);

/// The published schedule: the learning rate up to half of the epochs, then times exp(0.1 (half - epoch)).
std::function<double(int64_t epoch)> image_paper_rate(double learning_rate, int64_t epochs);

}  // namespace hmem
