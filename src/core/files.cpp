#include "hmem/core/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "hmem/core/check.h"
#include "hmem/core/ranks.h"
#include "hmem/core/text.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

std::string shown(const fs::path& path) { return one_line(path.string()); }

fs::file_status status_of(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  HMEM_CHECK(status.type() != fs::file_type::none, shown(path), ": cannot be examined: ", error.message());
  return status;
}

}  // namespace

bool file_exists(const fs::path& path) { return fs::exists(status_of(path)); }
bool is_folder(const fs::path& path) { return fs::is_directory(status_of(path)); }
bool is_file(const fs::path& path) { return fs::is_regular_file(status_of(path)); }

std::ifstream open_file(const std::string& path) {
  const fs::file_status status = status_of(path);
  HMEM_CHECK(fs::exists(status), shown(path), ": cannot be read: there is no such file");
  HMEM_CHECK(!fs::is_directory(status), shown(path), ": is a folder, expected a file");
  HMEM_CHECK(fs::is_regular_file(status), shown(path), ": is not a regular file");
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in.good()) fail_system(errno, shown(path) + ": cannot be read");
  return in;
}

std::string read_file(const std::string& path, uint64_t limit) {
  std::ifstream in = open_file(path);
  in.seekg(0, std::ios::end);
  const auto size = static_cast<uint64_t>(in.tellg());
  HMEM_CHECK(size <= limit, shown(path), ": ", size, " bytes, expected at most ", limit);
  std::string bytes(static_cast<size_t>(size), '\0');
  in.seekg(0);
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  HMEM_CHECK(static_cast<uint64_t>(in.gcount()) == size, shown(path), ": only ", in.gcount(), " of ", size,
             " bytes could be read");
  return bytes;
}

void make_folder(const fs::path& path) {
  std::error_code error;
  if (!path.empty()) fs::create_directories(path, error);
  HMEM_CHECK(!error, "cannot make the folder ", quote(path.string(), 1000), ": ", error.message());
}

LineFile::LineFile(const std::string& path_in, Mode mode) : path_(ranks::rank() == 0 ? path_in : "/dev/null") {
  const std::string& path = path_;
  const auto check = [&](bool good, const char* reason) {
    if (good) return;
    if (descriptor_ >= 0) ::close(descriptor_);
    fail("cannot write ", quote(path, 1000), ": ", reason);
  };
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0)
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);  // a pipe, a write-only file
  check(descriptor_ >= 0, std::strerror(errno));
  struct stat status {};
  check(::fstat(descriptor_, &status) == 0, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return;
  // Some network file systems have no locks.
  check(::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK, "another process is writing it");
  if (mode == Mode::truncate) {
    check(::ftruncate(descriptor_, 0) == 0, std::strerror(errno));
  } else if (status.st_size > 0) {  // a killed run may have left half a line: end it first
    char last = '\n';
    check(::pread(descriptor_, &last, 1, status.st_size - 1) == 1, "its end cannot be read");
    if (last != '\n') write("\n");
  }
}

LineFile::~LineFile() { ::close(descriptor_); }

void LineFile::write(std::string_view lines) {
  const int error = write_all(descriptor_, lines.data(), lines.size());
  HMEM_CHECK(error == 0, "cannot write ", quote(path_, 1000), ": ", std::strerror(error));
}

int write_all(int descriptor, const void* data, size_t bytes) {
  const char* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::write(descriptor, next, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    next += written;
    bytes -= static_cast<size_t>(written);
  }
  return 0;
}

std::string default_cache_folder() {
  const auto variable = [](const char* name) { return fs::path(std::getenv(name) ? std::getenv(name) : ""); };
  const fs::path cache = variable("XDG_CACHE_HOME"), home = variable("HOME");
  if (cache.is_absolute()) return (cache / "hmem").string();
  return home.is_absolute() ? (home / ".cache" / "hmem").string() : "";
}

}  // namespace hmem
