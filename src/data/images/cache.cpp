#include "hmem/data/images/cache.h"

#include <fstream>

#include "hmem/core/atomic_file.h"
#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/hash.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kMagic = 0x31474D494D454D48;  // "HMEMIMG1" on a little-endian machine; others make their own
constexpr uint64_t kVersion = 2;                 // 2: transparency and Exif orientation are respected

/// Followed by the note, the training pixels and the test pixels.
struct CacheHeader {
  uint64_t magic = kMagic;
  uint64_t version = kVersion;
  uint64_t fingerprint = 0;
  uint64_t note_bytes = 0;
  uint64_t train_bytes = 0;
  uint64_t test_bytes = 0;
  uint64_t checksum = 0;  ///< of this header with 0 here, and of all that follows
};

uint64_t checksum_of(CacheHeader header, const ImageData& data) {
  header.checksum = 0;
  WordHash hash;
  hash.add_bytes(&header, sizeof header);
  hash.add_bytes(data.note.data(), data.note.size());
  hash.add_bytes(data.train.pixels.data(), data.train.pixels.size());
  hash.add_bytes(data.test.pixels.data(), data.test.pixels.size());
  return hash.value();
}

/// Adds pixels and note; false when the file is missing, stale or damaged.
bool read_cache(const std::string& path, uint64_t fingerprint, ImageData& data) {
  constexpr uint64_t kMaxNote = 4096;
  if (!is_file(path)) return false;
  std::ifstream in = open_file(path);
  std::error_code unknown;  // on failure the size is not the expected one
  const uint64_t file_bytes = fs::file_size(path, unknown);
  CacheHeader header;
  if (!in.read(reinterpret_cast<char*>(&header), sizeof header)) return false;
  const auto bytes_of = [](const ImageSet& set) { return static_cast<uint64_t>(set.count() * set.image_size()); };
  if (header.magic != kMagic || header.version != kVersion || header.fingerprint != fingerprint ||
      header.note_bytes > kMaxNote || header.train_bytes != bytes_of(data.train) ||
      header.test_bytes != bytes_of(data.test) ||
      file_bytes != sizeof header + header.note_bytes + header.train_bytes + header.test_bytes) {
    return false;
  }
  data.note.resize(header.note_bytes);
  data.train.pixels.resize(header.train_bytes);
  data.test.pixels.resize(header.test_bytes);
  const auto read = [&in](void* out, uint64_t bytes) {
    return static_cast<bool>(in.read(static_cast<char*>(out), static_cast<std::streamsize>(bytes)));
  };
  return read(data.note.data(), header.note_bytes) && read(data.train.pixels.data(), header.train_bytes) &&
         read(data.test.pixels.data(), header.test_bytes) && header.checksum == checksum_of(header, data);
}

void write_cache(const std::string& path, uint64_t fingerprint, const ImageData& data) {
  CacheHeader header;
  header.fingerprint = fingerprint;
  header.note_bytes = data.note.size();
  header.train_bytes = data.train.pixels.size();
  header.test_bytes = data.test.pixels.size();
  header.checksum = checksum_of(header, data);
  make_folder(fs::path(path).parent_path());
  AtomicFile file(path);
  file.write(&header, sizeof header);
  file.write(data.note.data(), data.note.size());
  file.write(data.train.pixels.data(), data.train.pixels.size());
  file.write(data.test.pixels.data(), data.test.pixels.size());
  file.commit();
}

}  // namespace

uint64_t image_fingerprint(const ImageFolder& listed, const ImageSize& size) {
  WordHash hash;
  for (const int64_t number : {size.height, size.width, size.channels, static_cast<int64_t>(listed.others)}) {
    hash.add(static_cast<uint64_t>(number));
  }
  for (const auto* files : {&listed.train, &listed.test}) {
    hash.add(files->size());
    for (const ImageFolder::File& file : *files) {
      hash.add_bytes(file.name.data(), file.name.size());
      hash.add(file.size);
      hash.add(static_cast<uint64_t>(file.modified));
    }
  }
  return hash.value();
}

std::string default_image_cache(const fs::path& folder, const ImageSize& size) {
  const std::string root = default_cache_folder();
  if (root.empty()) return {};
  std::error_code ignored;  // a name that cannot be made absolute still names a cache
  const std::string name = fs::weakly_canonical(folder, ignored).string();
  WordHash hash;
  hash.add_bytes(name.data(), name.size());
  for (const int64_t side : {size.height, size.width, size.channels}) hash.add(static_cast<uint64_t>(side));
  return (fs::path(root) / ("images-" + hash_text(hash.value()) + ".bin")).string();
}

ImageData read_image_folder(const fs::path& folder, const ImageSize& size, const std::string& cache_name,
                            const ShowProgress& show) {
  const std::string cache_path = cache_name == "default" ? default_image_cache(folder, size) : cache_name;
  const ImageFolder listed = list_image_folder(folder);
  const uint64_t fingerprint = image_fingerprint(listed, size);
  ImageData data = without_pixels(listed, size);
  if (!cache_path.empty() && read_cache(cache_path, fingerprint, data)) return data;
  data = decode_image_folder(listed, size, show);
  if (cache_path.empty()) return data;
  try {
    write_cache(cache_path, fingerprint, data);
  } catch (const Error& error) {  // the pictures are decoded; only the next run is slower
    data.note += (data.note.empty() ? "" : "; ") + std::string("not cached: ") + error.what();
  }
  return data;
}

}  // namespace hmem
