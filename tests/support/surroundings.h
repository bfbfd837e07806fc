#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace hmem::test {

/// An environment variable, restored at the end of the scope.
class Variable {
 public:
  Variable(std::string name, const std::string& value) : name_(std::move(name)) {
    if (const char* old = std::getenv(name_.c_str())) old_ = old;
    ::setenv(name_.c_str(), value.c_str(), 1);
  }
  ~Variable() {
    if (old_) {
      ::setenv(name_.c_str(), old_->c_str(), 1);
    } else {
      ::unsetenv(name_.c_str());
    }
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  std::string name_;
  std::optional<std::string> old_;
};

/// The environment and the current folder of a user, restored at the end of the scope.
class Surroundings {
 public:
  Surroundings(const std::string& hmem_data, const std::filesystem::path& current)
      : folder_(std::filesystem::current_path()), hmem_data_("HMEM_DATA", hmem_data) {
    std::filesystem::current_path(current);
  }
  ~Surroundings() { std::filesystem::current_path(folder_); }

 private:
  std::filesystem::path folder_;
  Variable hmem_data_;
};

}  // namespace hmem::test
