#pragma once
/// \file files.h
/// Looking at files, reading them whole, appending lines. Every function throws Error "PATH: what, reason" when the
/// system cannot answer: only "no such file" means that something is absent, so that a failing disk never looks like an
/// empty one.

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace hmem {

/// Whether there is anything at `path`, a folder, or a regular file; symbolic links are followed.
bool file_exists(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);
bool is_file(const std::filesystem::path& path);

/// Opens a regular file for reading. Pipes and devices, which may wait for ever, are refused.
std::ifstream open_file(const std::string& path);

/// hmem below $XDG_CACHE_HOME, or below $HOME/.cache; "" when neither is an absolute path (XDG Base Directory
/// Specification).
std::string default_cache_folder();

/// The content of a regular file of at most `limit` bytes.
std::string read_file(const std::string& path, uint64_t limit);

/// Makes a folder and those above it unless they exist. An empty path is the working folder.
void make_folder(const std::filesystem::path& path);

/// A file to which whole lines are appended, each with one system call: a line that was written is in the file even if
/// the program is killed afterwards. Regular files are locked: a second process that wants the same file gets an Error
/// instead of mixing its lines with ours.
class LineFile {
 public:
  enum class Mode { truncate, append };

  /// Throws Error "cannot write 'PATH': reason".
  LineFile(const std::string& path, Mode mode);
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  void write(std::string_view lines);

 private:
  std::string path_;
  int descriptor_ = -1;
};

/// Writes all bytes; returns 0 or the system's error number.
int write_all(int descriptor, const void* data, size_t bytes);

}  // namespace hmem
