#pragma once
/// \file real_data.h
/// Where the tests tagged [data] find the real data sets.

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace hmem::test {

/// The folder that holds `en/` and `en-10k/` of bAbI: below `$HMEM_DATA` when that is set, else below `datasets`.
/// Throws when it is missing; the test runner skips the tag [data] on machines without data.
inline std::string babi_data_dir() {
  const char* from_user = std::getenv("HMEM_DATA");
  const std::filesystem::path root = from_user != nullptr && *from_user != '\0' ? from_user : "datasets";
  const std::filesystem::path folder = root / "babi" / "tasks_1-20_v1-2";
  if (!std::filesystem::is_directory(folder)) throw std::runtime_error("no bAbI stories in " + folder.string());
  return folder.string();
}

}  // namespace hmem::test
