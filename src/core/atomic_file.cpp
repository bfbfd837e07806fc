#include "hmem/core/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <system_error>

#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/hash.h"
#include "hmem/core/ranks.h"
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

// Temporary files are named NAME.tmp-XXXXXXXXXXXXXXXX, with a random number that differs between machines and
// containers that share a folder. Whoever writes one holds its lock, so that a file without a lock was left behind by a
// process that was killed.

namespace {

constexpr char kMark[] = ".tmp-";
constexpr size_t kRandomDigits = 16;

/// The name up to the random number; a long name is cut, so that what is appended fits into the 255 bytes of a name.
std::string temporary_prefix(const fs::path& path) { return path.filename().string().substr(0, 200) + kMark; }

/// Removes temporary files of this name that nobody writes. A folder that cannot be listed is left as it is.
void remove_stale(const fs::path& path) {
  const fs::path folder = path.parent_path().empty() ? "." : path.parent_path();
  const std::string prefix = temporary_prefix(path);
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    if (name.size() != prefix.size() + kRandomDigits || name.compare(0, prefix.size(), prefix) != 0) continue;
    const int descriptor = ::open(entries->path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) continue;
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) ::unlink(entries->path().c_str());
    ::close(descriptor);
  }
}

}  // namespace

void AtomicFile::open_temporary() {
  const fs::path folder = fs::path(path_).parent_path();
  for (int attempt = 0; attempt < 100; ++attempt) {
    const uint64_t number = uint64_t{std::random_device{}()} << 32 | std::random_device{}();
    temporary_path_ = (folder / (temporary_prefix(path_) + hash_text(number))).string();
    descriptor_ = ::open(temporary_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor_ < 0 && errno == EEXIST) continue;
    if (descriptor_ < 0) fail_system(errno, "cannot write " + quote(path_, 1000));
    struct stat status {};
    // Between the two calls another process may have taken the file for a stale one.
    if (::flock(descriptor_, LOCK_EX) != 0 || ::fstat(descriptor_, &status) != 0 || status.st_nlink > 0) return;
    ::close(descriptor_);
    descriptor_ = -1;
  }
  fail_to_write(path_, "no name for a temporary file is free beside it");
}

AtomicFile::AtomicFile(const std::string& path) : path_(path) {
  HMEM_CHECK(!path.empty(), "cannot write a file without a name");
  if (ranks::rank() > 0) {  // rank 0 writes it
    descriptor_ = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    return;
  }
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) fail_to_write(path, "it exists and is not a regular file");
  constexpr int kMaxLinks = 40;  // as Linux
  for (int links = 0; fs::is_symlink(fs::symlink_status(path_, error)); ++links) {
    if (links == kMaxLinks) fail_to_write(path, "too many symbolic links");
    path_ = (fs::path(path_).parent_path() / fs::read_symlink(path_, error)).string();
    if (error) fail_to_write(path, error.message());
  }
  remove_stale(path_);
  open_temporary();
  // Not every file system has permissions, and they are not essential.
  if (fs::exists(status)) ::fchmod(descriptor_, static_cast<mode_t>(status.permissions()) & 07777);
}

AtomicFile::~AtomicFile() { close_and_remove(); }

void AtomicFile::close_and_remove() noexcept {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!temporary_path_.empty()) ::unlink(temporary_path_.c_str());
  descriptor_ = -1;
}

void AtomicFile::write(const void* data, size_t bytes) {
  HMEM_CHECK(descriptor_ >= 0, "the file ", quote(path_, 1000), " is already committed");
  if (const int error = write_all(descriptor_, data, bytes); error != 0) fail_to_write(path_, std::strerror(error));
}

void AtomicFile::commit() {
  HMEM_CHECK(descriptor_ >= 0, "the file ", quote(path_, 1000), " is already committed");
  if (temporary_path_.empty()) return close_and_remove();
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
