#pragma once
/// \file cifar10.h
/// The binary form of CIFAR-10 (A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009): records
/// of one label byte and 3072 bytes, the planes red, green, blue of 32 x 32.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hmem/data/images/set.h"

namespace hmem {

constexpr int64_t kCifar10Record = 1 + 3 * 32 * 32;
constexpr int64_t kCifar10Batch = 10000;  ///< records in a file

/// airplane, automobile, ..., truck: the classes in the order of their labels.
const std::vector<std::string>& cifar10_class_names();

/// Appends `records` records to `set` (32 x 32 x 3). Throws Error that begins with `source` for another length or a
/// label above 9.
void parse_cifar10(std::string_view bytes, int64_t records, const std::string& source, ImageSet& set);

bool holds_cifar10(const std::filesystem::path& folder);

/// data_batch_1.bin to data_batch_5.bin and test_batch.bin. Throws Error.
ImageData read_cifar10(const std::filesystem::path& folder);

}  // namespace hmem
