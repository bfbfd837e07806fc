#include "data/images/file_bytes.h"

#include <filesystem>
#include <fstream>

#include "hmem/core/check.h"

namespace hmem {

std::string read_file_bytes(const std::string& path, uint64_t limit) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  HMEM_CHECK(fs::exists(status), path, ": cannot be read: ", error ? error.message() : "there is no such file");
  HMEM_CHECK(fs::is_regular_file(status), path, ": is not a regular file");
  const uint64_t size = fs::file_size(path, error);
  HMEM_CHECK(!error, path, ": cannot be read: ", error.message());
  HMEM_CHECK(size <= limit, path, ": ", size, " bytes, expected at most ", limit);
  std::ifstream in(path, std::ios::binary);
  HMEM_CHECK(in.good(), path, ": cannot be opened for reading");
  std::string bytes(static_cast<size_t>(size), '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  HMEM_CHECK(static_cast<uint64_t>(in.gcount()) == size, path, ": only ", in.gcount(), " of ", size,
             " bytes could be read");
  return bytes;
}

}  // namespace hmem
