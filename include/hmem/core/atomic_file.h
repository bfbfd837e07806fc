#pragma once
/// \file atomic_file.h
/// Files that are either complete or absent.

#include <cstddef>
#include <string>
#include <string_view>

namespace hmem {

/// Writes to a temporary name beside `path`; `commit()` makes the file durable and renames it to `path`, replacing an
/// existing file. Without a commit the temporary file is removed and `path` stays as it was, so constructing and
/// dropping one tells whether `path` can be written. Temporary files of killed processes are removed by the next writer
/// of the same `path`. Symbolic links are followed, and a replaced file keeps its permissions; anything but a regular
/// file is refused. Every failure throws Error with the path and the system's reason.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t bytes);
  void commit();

 private:
  void open_temporary();
  void close_and_remove() noexcept;

  std::string path_;
  std::string temporary_path_;
  int descriptor_ = -1;
};

/// Writes a whole file at once.
void write_file(const std::string& path, std::string_view content);

}  // namespace hmem
