#pragma once
/// \file atomic_file.h
/// Files that are either whole or not there.

#include <cstddef>
#include <string>
#include <string_view>

namespace hmem {

/// Writes to a temporary name beside `path`; `commit()` makes it durable and gives it its name, replacing what was
/// there. Without a commit the temporary file is removed and `path` stays as it was, so constructing and dropping one
/// tells whether `path` can be written. A symbolic link is followed, the permissions of a file that is replaced are
/// kept; anything but a regular file is refused. Every failure throws Error with the path and the reason of the system.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t bytes);
  void commit();

 private:
  void close_and_remove() noexcept;

  std::string path_;
  std::string temporary_path_;
  int descriptor_ = -1;
};

/// All of a file at once.
void write_file(const std::string& path, std::string_view content);

}  // namespace hmem
