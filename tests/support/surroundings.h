#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace hmem::test {

/// The environment and the current folder of a user, restored at the end of the scope.
class Surroundings {
 public:
  Surroundings(const std::string& hmem_data, const std::filesystem::path& current)
      : folder_(std::filesystem::current_path()) {
    if (const char* value = std::getenv("HMEM_DATA")) hmem_data_ = value;
    ::setenv("HMEM_DATA", hmem_data.c_str(), 1);
    std::filesystem::current_path(current);
  }
  ~Surroundings() {
    std::filesystem::current_path(folder_);
    if (hmem_data_.empty()) {
      ::unsetenv("HMEM_DATA");
    } else {
      ::setenv("HMEM_DATA", hmem_data_.c_str(), 1);
    }
  }

 private:
  std::filesystem::path folder_;
  std::string hmem_data_;
};

}  // namespace hmem::test
