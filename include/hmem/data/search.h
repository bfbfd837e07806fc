#pragma once
/// \file search.h
/// The search for data.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hmem/core/program.h"

namespace hmem {

/// Data that were found.
struct FoundData {
  std::filesystem::path path;
  /// For descriptions, without paths that the user did not write: "datasets/mnist beside the program's folder".
  std::string name;
};

/// The first of `places` for which `holds` is true, in `$HMEM_DATA`, in `datasets` below the current folder, or in
/// `datasets` or `share/hmem` beside `program_folder` (bin/NAME beside datasets/, or as installed). With a `data_dir`
/// nothing else is tried. The place "" is the folder itself.
std::optional<FoundData> find_data(const std::string& data_dir, const std::vector<std::string>& places,
                                   const std::function<bool(const std::filesystem::path&)>& holds,
                                   const std::filesystem::path& program_folder = hmem::program_folder());

/// Sorted names of the entries of a folder, except those that begin with a dot. Throws Error when it cannot be listed.
std::vector<std::string> names_in(const std::filesystem::path& folder);

}  // namespace hmem
