#pragma once
/// \file flags.h
/// The flags that the programs of the image experiments share, and the data that they select.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hmem/core/options.h"
#include "hmem/data/images/set.h"
#include "hmem/tasks/images/feature_cache.h"

namespace hmem {

/// Registers --data_dir, --images_a, --images_b and --images_per_class.
void add_image_data_flags(Options& options);

/// Registers --pretrained_weights, --feature_cache and --feature_cache_limit.
void add_frozen_conv_net_flags(Options& options);
/// What they say.
CachePlace feature_cache_place(const Options& options);

/// Set a (photographs) and set b (digits).
struct ImagePair {
  ImageData a, b;
  std::string description;         ///< for the header
  std::vector<std::string> notes;  ///< notes about embedded or resized images
  bool embedded = true;            ///< both sets are

  /// Hash of all pixels and labels, 16 hexadecimal digits.
  std::string hash() const;
};
/// From --images_a and --images_b, or CIFAR-10 and MNIST where they are found, or embedded. Throws Error when images do
/// not fit into 32 x 32 x 3.
ImagePair load_image_pair(const Options& options);
/// Throws Error when the folders that the flags name hold no images; does not read the images.
void check_image_sources(const Options& options);

/// The published schedule: constant for the first half of the epochs, then times exp(0.1 (half - epoch)).
std::function<double(int64_t epoch)> image_paper_rate(double learning_rate, int64_t epochs);

}  // namespace hmem
