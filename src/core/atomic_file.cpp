#include "hmem/core/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "hmem/core/check.h"
#include "hmem/core/text.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail_to_write(const std::string& path, const std::string& reason) {
  fail("cannot write ", quote(path, 1000), ": ", reason);
}

/// The name survives a power failure once its folder is synced too. Not every file system can; the file is valid
/// anyway.
void sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

AtomicFile::AtomicFile(const std::string& path) : path_(path) {
  HMEM_CHECK(!path.empty(), "cannot write a file without a name");
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) fail_to_write(path, "it exists and is not a regular file");
  constexpr int kMaxLinks = 40;  // as Linux
  for (int links = 0; fs::is_symlink(fs::symlink_status(path_, error)); ++links) {
    if (links == kMaxLinks) fail_to_write(path, "too many symbolic links");
    path_ = (fs::path(path_).parent_path() / fs::read_symlink(path_, error)).string();
    if (error) fail_to_write(path, error.message());
  }
  temporary_path_ = path_ + ".tmp" + std::to_string(::getpid());
  descriptor_ = ::open(temporary_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor_ < 0) fail_to_write(path, std::strerror(errno));
  // Not every file system has permissions, and they are not essential.
  if (fs::exists(status)) ::fchmod(descriptor_, static_cast<mode_t>(status.permissions()) & 07777);
}

AtomicFile::~AtomicFile() { close_and_remove(); }

void AtomicFile::close_and_remove() noexcept {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_path_.c_str());
  descriptor_ = -1;
}

void AtomicFile::write(const void* data, size_t bytes) {
  HMEM_CHECK(descriptor_ >= 0, "the file ", quote(path_, 1000), " is already committed");
  const char* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::write(descriptor_, next, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_to_write(path_, std::strerror(errno));
    next += written;
    bytes -= static_cast<size_t>(written);
  }
}

void AtomicFile::commit() {
  HMEM_CHECK(descriptor_ >= 0, "the file ", quote(path_, 1000), " is already committed");
  if (::fsync(descriptor_) != 0 || std::rename(temporary_path_.c_str(), path_.c_str()) != 0) {
    fail_to_write(path_, std::strerror(errno));
  }
  const int closed = ::close(descriptor_);
  descriptor_ = -1;
  if (closed != 0) fail_to_write(path_, std::strerror(errno));
  const fs::path folder = fs::path(path_).parent_path();
  sync_folder(folder.empty() ? fs::path(".") : folder);
}

void write_file(const std::string& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content.data(), content.size());
  file.commit();
}

}  // namespace hmem
