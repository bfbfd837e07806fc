#pragma once
/// \file flags.h
/// The flags that the programs of the image experiments share, and what follows from them.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hmem/core/options.h"
#include "hmem/data/images/set.h"
#include "hmem/train/checkpoint.h"
#include "hmem/train/experiment.h"

namespace hmem {

/// Registers --data_dir, --images_a, --images_b, --images_per_class and --validation_split.
void add_image_data_options(Options& options);
/// Registers --epochs, --learning_rate, --batch_size_per_replica, --max_grad_norm, --l2, --keep_best and those of
/// add_run_options().
void add_image_training_options(Options& options, int64_t batch_size, double max_grad_norm);

/// Set a (photographs) and set b (digits).
struct ImagePair {
  ImageData a, b;
  std::string description;         ///< for the header
  std::vector<std::string> notes;  ///< embedded images, resized ones
};
/// From --images_a and --images_b, or CIFAR-10 and MNIST where they are found, or embedded. Throws Error when images do
/// not fit into 32 x 32 x 3.
ImagePair load_image_pair(const Options& options);
/// Throws Error when the folders that the flags name do not hold images; reads none.
void check_image_sources(const Options& options);
/// 16 hexadecimal digits that change with any pixel or label.
std::string image_data_hash(const ImagePair& data);

/// --learning_rate up to half of --epochs, then times exp(0.1 (half - epoch)).
std::function<double(int64_t epoch)> image_learning_rate(const Options& options);
/// Epochs, batch size and learning rate.
FitSettings image_fit_settings(const Options& options);
/// run_info() with the number of epochs, which the learning rates depend on, and a hash of the images.
/// `without_effect`: more flags that the training does not depend on.
RunInfo image_run_info(const Options& options, uint64_t seed, const ModelInfo& model, const ImagePair& data,
                       const std::vector<std::string>& without_effect = {});

/// Seed, data, version, and every flag but those that say where things are: a record for files.
ModelInfo settings_info(const Options& options, uint64_t seed, const std::string& data);

}  // namespace hmem
