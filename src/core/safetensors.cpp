#include "hmem/core/safetensors.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <type_traits>
#include <utility>

#include "hmem/core/atomic_file.h"
#include "hmem/core/byte_order.h"
#include "hmem/core/check.h"
#include "hmem/core/half.h"
#include "hmem/core/hash.h"
#include "hmem/core/text.h"

namespace hmem {

namespace {

using Json = nlohmann::json;

constexpr int64_t kPrefixBytes = 8;
constexpr int64_t kMaxHeaderBytes = 100'000'000;  // the limit of the format's own implementation
constexpr int64_t kMaxSize = int64_t{1} << 46;
constexpr char kMetadataKey[] = "__metadata__";
constexpr char kChecksumKey[] = "checksum";

int64_t dtype_bytes(std::string_view dtype) {
  if (dtype == "F16" || dtype == "BF16") return 2;
  if (dtype == "F32" || dtype == "I32") return 4;
  if (dtype == "F64" || dtype == "I64") return 8;
  return 0;
}

/// Hash of everything that a file says. It does not depend on the order of the tensors in the file: other programs may
/// write them anew.
class Checksum {
 public:
  void add_tensor(const std::string& name, const std::string& dtype, const Shape& shape, uint64_t data) {
    WordHash hash;
    add_text(hash, dtype);
    for (int axis = 0; axis < shape.rank(); ++axis) hash.add(static_cast<uint64_t>(shape[axis]));
    hash.add(data);
    tensors_[name] = hash.value();
  }

  std::string str(const std::map<std::string, std::string>& metadata) const {
    WordHash hash;
    for (const auto& [key, value] : metadata) {
      if (key == kChecksumKey) continue;
      add_text(hash, key);
      add_text(hash, value);
    }
    for (const auto& [name, tensor] : tensors_) {
      add_text(hash, name);
      hash.add(tensor);
    }
    return hash_text(hash.value());
  }

 private:
  static void add_text(WordHash& hash, const std::string& text) { hash.add_bytes(text.data(), text.size()); }

  std::map<std::string, uint64_t> tensors_;
};

/// One tensor of the header. Fields may be missing while the JSON is being read.
struct Entry {
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape, offsets;
  bool has_dtype = false, has_shape = false, has_offsets = false;

  int64_t begin() const { return offsets[0]; }
  int64_t end() const { return offsets[1]; }
};

/// Reads the header event by event: it never builds a document, so that it catches deep nesting and duplicate names
/// (which a document would merge). Depth 1 is the header, 2 one tensor or the metadata, 3 a list.
class HeaderReader : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderReader(const std::string& source) : source_(source) {}

  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;

  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("true or false"); }
  bool number_float(double, const std::string& text) override { unexpected(quote(text)); }
  bool binary(Json::binary_t&) override { unexpected("binary data"); }

  bool number_integer(int64_t value) override { unexpected(std::to_string(value)); }

  bool number_unsigned(uint64_t value) override {
    if (depth_ != 3 || value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      unexpected(std::to_string(value));
    }
    if (list_->size() == kMaxListLength) {
      fail(where(), ": found more than ", kMaxListLength, " numbers, expected at most ", kMaxListLength);
    }
    list_->push_back(static_cast<int64_t>(value));
    return true;
  }

  bool string(std::string& text) override {
    if (depth_ != 2) unexpected(quote(text));
    if (in_metadata_) {
      metadata[key_] = std::move(text);
    } else if (key_ == "dtype") {
      entries.back().dtype = std::move(text);
      entries.back().has_dtype = true;
    } else {
      unexpected(quote(text));
    }
    return true;
  }

  bool start_object(size_t) override {
    if (depth_ >= 2) unexpected("an object");
    ++depth_;
    return true;
  }

  bool key(std::string& text) override {
    key_ = std::move(text);
    if (depth_ == 1) {
      if (!names_.insert(key_).second) fail(source_, ": found the name ", quote(key_), " twice, expected it once");
      in_metadata_ = key_ == kMetadataKey;
      if (!in_metadata_) entries.emplace_back().name = key_;
    } else if (in_metadata_) {
      if (metadata.count(key_) > 0) fail(where(), ": found this key twice, expected it once");
    } else {
      const Entry& entry = entries.back();
      const bool is_known = key_ == "dtype" || key_ == "shape" || key_ == "data_offsets";
      if (!is_known) fail(where(), ": found an unknown field, expected dtype, shape or data_offsets");
      const bool is_set = key_ == "dtype" ? entry.has_dtype : key_ == "shape" ? entry.has_shape : entry.has_offsets;
      if (is_set) fail(where(), ": found this field twice, expected it once");
    }
    return true;
  }

  bool end_object() override {
    --depth_;
    if (depth_ == 1 && !in_metadata_) {
      const Entry& entry = entries.back();
      if (!entry.has_dtype || !entry.has_shape || !entry.has_offsets) {
        fail(source_, ", tensor ", quote(entry.name), ": found no ",
             !entry.has_dtype   ? "dtype"
             : !entry.has_shape ? "shape"
                                : "data_offsets",
             ", expected one");
      }
    }
    return true;
  }

  bool start_array(size_t) override {
    if (depth_ != 2 || in_metadata_ || key_ == "dtype") unexpected("a list");
    Entry& entry = entries.back();
    list_ = key_ == "shape" ? &entry.shape : &entry.offsets;
    (key_ == "shape" ? entry.has_shape : entry.has_offsets) = true;
    ++depth_;
    return true;
  }

  bool end_array() override {
    --depth_;
    return true;
  }

  bool parse_error(size_t position, const std::string&, const Json::exception& error) override {
    fail(source_, ", byte ", kPrefixBytes + static_cast<int64_t>(position) - 1, ": found invalid JSON in the header (",
         quote(error.what(), 160), "), expected a safetensors file");
  }

 private:
  static constexpr size_t kMaxListLength = Shape::kMaxRank;  // of shapes; offsets have two numbers

  std::string where() const {
    if (depth_ == 0) return source_ + ", header";
    if (depth_ == 1) return source_ + ", " + quote(key_);
    if (in_metadata_) return source_ + ", metadata " + quote(key_);
    return source_ + ", tensor " + quote(entries.back().name) + ", field " + quote(key_);
  }

  std::string expectation() const {
    if (depth_ <= 1) return "an object";
    if (in_metadata_) return "text";
    if (depth_ == 3) return "integers that are not negative and below 2^63";
    return key_ == "dtype" ? "text" : "a list of integers";
  }

  [[noreturn]] void unexpected(const std::string& found) const {
    fail(where(), ": found ", found, ", expected ", expectation());
  }

  const std::string& source_;
  std::set<std::string> names_;
  std::vector<int64_t>* list_ = nullptr;
  std::string key_;
  int depth_ = 0;
  bool in_metadata_ = false;
};

Shape make_shape(const std::vector<int64_t>& sizes) {
  switch (sizes.size()) {
    case 0:
      return {};
    case 1:
      return {sizes[0]};
    case 2:
      return {sizes[0], sizes[1]};
    case 3:
      return {sizes[0], sizes[1], sizes[2]};
    default:
      return {sizes[0], sizes[1], sizes[2], sizes[3]};
  }
}

/// Checks that every tensor has a known type and a size that matches its part of the data, and that the parts cover the
/// data exactly. Leaves the entries in the order of their data.
void check_layout(std::vector<Entry>& entries, const std::string& source, int64_t data_start, int64_t file_bytes) {
  for (const Entry& entry : entries) {
    const std::string where = source + ", tensor " + quote(entry.name);
    const int64_t element_bytes = dtype_bytes(entry.dtype);
    HMEM_CHECK(element_bytes > 0, where, ": found dtype ", quote(entry.dtype),
               ", expected F16, BF16, F32, F64, I32 or I64");
    HMEM_CHECK(entry.offsets.size() == 2 && entry.begin() <= entry.end(), where,
               ": data_offsets must be a start and an end that is not below it");
    int64_t count = 1;
    bool is_empty = false;
    for (int64_t size : entry.shape) is_empty = is_empty || size == 0;
    for (int64_t size : entry.shape) {
      const bool fits = size == 0 || (size <= kMaxSize && count <= kMaxSize / size);
      HMEM_CHECK(fits, where, ": found a shape with more than 2^46 elements, expected one that fits into memory");
      count *= std::max<int64_t>(size, 1);
    }
    const int64_t bytes = is_empty ? 0 : count * element_bytes;
    HMEM_CHECK(entry.end() - entry.begin() == bytes, where, ": found data_offsets of ", entry.end() - entry.begin(),
               " bytes, expected ", bytes, " for shape ", make_shape(entry.shape), " of ", entry.dtype);
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::make_pair(a.begin(), a.end()) < std::make_pair(b.begin(), b.end());
  });
  int64_t expected = 0;
  for (const Entry& entry : entries) {
    HMEM_CHECK(entry.begin() == expected, source, ", tensor ", quote(entry.name), ": found its data at offset ",
               entry.begin(), ", expected ", expected, ": the parts must follow each other without ",
               entry.begin() < expected ? "overlap" : "gap");
    expected = entry.end();
  }
  const int64_t data_bytes = file_bytes - data_start;
  HMEM_CHECK(data_bytes >= expected, source, ", byte ", file_bytes, ": found the end of the file after ", data_bytes,
             " bytes of data, expected ", expected, ": the file is truncated");
  HMEM_CHECK(data_bytes == expected, source, ", byte ", data_start + expected, ": found ", data_bytes - expected,
             " bytes after the last tensor, expected the end of the file");
}

/// Copies `bytes` bytes at `offset` of the file.
using ReadAt = std::function<void(int64_t offset, void* out, int64_t bytes)>;

/// Reads `out.count()` elements stored as `Stored` and converts them piece by piece. Returns the hash of
/// the stored bytes.
template <typename Stored, typename Convert>
uint64_t read_elements(const ReadAt& read_at, int64_t offset, Tensor& out, const std::string& where,
                       const Convert& convert) {
  constexpr int64_t kPiece = 4096;
  Stored piece[kPiece];
  WordHash hash;
  for (int64_t first = 0; first < out.count(); first += kPiece) {
    const int64_t count = std::min(kPiece, out.count() - first);
    const int64_t bytes = count * static_cast<int64_t>(sizeof(Stored));
    read_at(offset + first * static_cast<int64_t>(sizeof(Stored)), piece, bytes);
    hash.add_bytes(piece, static_cast<size_t>(bytes));
    swap_to_little_endian(piece, count);
    for (int64_t i = 0; i < count; ++i) {
      const auto wide = convert(piece[i]);
      bool is_held = true;
      if constexpr (std::is_integral_v<std::decay_t<decltype(wide)>>) {
        constexpr int64_t kExact = int64_t{1} << std::numeric_limits<real>::digits;
        is_held = -kExact <= wide && wide <= kExact;
      } else {
        is_held = std::abs(wide) <= std::numeric_limits<real>::max() || !std::isfinite(wide);
      }
      HMEM_CHECK(is_held, where, ", element ", first + i, ": found ", wide, ", expected a value that ",
                 sizeof(real) * 8, "-bit floating point can hold");
      out[first + i] = static_cast<real>(wide);
    }
  }
  return hash.value();
}

Tensor read_tensor(const Entry& entry, const ReadAt& read_at, int64_t data_start, const std::string& source,
                   Checksum& checksum) {
  Tensor tensor(make_shape(entry.shape));
  const int64_t offset = data_start + entry.begin();
  const std::string where = source + ", tensor " + quote(entry.name);
  const auto as_is = [](auto value) { return value; };
  uint64_t hash = 0;
  if (entry.dtype == "F16") hash = read_elements<uint16_t>(read_at, offset, tensor, where, double_from_half);
  if (entry.dtype == "BF16") hash = read_elements<uint16_t>(read_at, offset, tensor, where, double_from_bfloat);
  if (entry.dtype == "F32") hash = read_elements<float>(read_at, offset, tensor, where, as_is);
  if (entry.dtype == "F64") hash = read_elements<double>(read_at, offset, tensor, where, as_is);
  if (entry.dtype == "I32") hash = read_elements<int32_t>(read_at, offset, tensor, where, as_is);
  if (entry.dtype == "I64") hash = read_elements<int64_t>(read_at, offset, tensor, where, as_is);
  checksum.add_tensor(entry.name, entry.dtype, tensor.shape(), hash);
  return tensor;
}

SafetensorsFile read_from(const ReadAt& read_at, int64_t file_bytes, const std::string& source) {
  HMEM_CHECK(file_bytes >= kPrefixBytes, source, ": found ", file_bytes,
             " bytes, expected a safetensors file of at least ", kPrefixBytes);
  uint64_t length = 0;
  read_at(0, &length, kPrefixBytes);
  swap_to_little_endian(&length, 1);
  const auto most = static_cast<uint64_t>(std::min(file_bytes - kPrefixBytes, kMaxHeaderBytes));
  HMEM_CHECK(length >= 2 && length <= most, source, ", byte 0: found a header length of ", length, ", expected 2..",
             most, ": not a safetensors file, or truncated");
  std::string header(length, '\0');
  read_at(kPrefixBytes, header.data(), static_cast<int64_t>(length));
  HMEM_CHECK(header[0] == '{', source, ", byte ", kPrefixBytes, ": found ", quote(header.substr(0, 1)),
             ", expected '{': not a safetensors file");

  HeaderReader reader(source);
  Json::sax_parse(header, &reader);
  const int64_t data_start = kPrefixBytes + static_cast<int64_t>(length);
  check_layout(reader.entries, source, data_start, file_bytes);

  SafetensorsFile file;
  file.metadata = std::move(reader.metadata);
  Checksum checksum;
  for (Entry& entry : reader.entries) {
    Tensor tensor = read_tensor(entry, read_at, data_start, source, checksum);
    file.tensors.push_back({std::move(entry.name), std::move(entry.dtype), std::move(tensor)});
  }
  if (const auto stored = file.metadata.find(kChecksumKey); stored != file.metadata.end()) {
    const std::string found = checksum.str(file.metadata);
    HMEM_CHECK(stored->second == found, source, ": found the checksum ", found, " of the content, expected ",
               quote(stored->second), ": the file is damaged (or edited: then remove the checksum from its metadata)");
    file.metadata.erase(stored);
    file.has_checksum = true;
  }
  return file;
}

std::vector<uint16_t> to_halves(const NamedView& tensor) {
  std::vector<uint16_t> halves(static_cast<size_t>(tensor.value.count()));
  for (size_t i = 0; i < halves.size(); ++i) {
    const double value = static_cast<double>(tensor.value[static_cast<int64_t>(i)]);
    halves[i] = half_from_double(value);
    HMEM_CHECK(std::isfinite(double_from_half(halves[i])) || !std::isfinite(value), "tensor ", quote(tensor.name),
               ", element ", i, ": found ", value, ", expected a value that 16-bit floating point can hold");
  }
  return halves;
}

/// Calls `take(data, bytes)` with the tensor as it is stored, in pieces.
template <typename Take>
void for_stored_bytes(const NamedView& tensor, const Take& take) {
  const auto take_numbers = [&](const auto* numbers, int64_t count) {
    for_little_endian(numbers, count, [&](const auto* piece, int64_t size) {
      take(piece, static_cast<size_t>(size) * sizeof(*piece));
    });
  };
  constexpr int64_t kPiece = 4096;  // as in read_elements: the checksum depends on it
  const std::vector<uint16_t> halves = tensor.half ? to_halves(tensor) : std::vector<uint16_t>();
  for (int64_t first = 0; first < tensor.value.count(); first += kPiece) {
    const int64_t count = std::min(kPiece, tensor.value.count() - first);
    if (tensor.half) {
      take_numbers(halves.data() + first, count);
    } else {
      take_numbers(tensor.value.data + first, count);
    }
  }
}

std::string dtype_of(const NamedView& tensor) { return tensor.half ? "F16" : sizeof(real) == 4 ? "F32" : "F64"; }

std::string checksum_of(const std::map<std::string, std::string>& metadata, const std::vector<NamedView>& tensors) {
  Checksum checksum;
  for (const NamedView& tensor : tensors) {
    WordHash hash;
    for_stored_bytes(tensor, [&hash](const void* data, size_t bytes) { hash.add_bytes(data, bytes); });
    checksum.add_tensor(tensor.name, dtype_of(tensor), tensor.value.shape, hash.value());
  }
  return checksum.str(metadata);
}

/// A file descriptor that closes itself.
class InputFile {
 public:
  explicit InputFile(const std::string& path) : shown_path_(quote(path, 1000)) {
    struct stat status {};
    HMEM_CHECK(::stat(path.c_str(), &status) == 0, "cannot read ", shown_path_, ": ", std::strerror(errno));
    HMEM_CHECK(S_ISREG(status.st_mode), "cannot read ", shown_path_, ": it is not a regular file");
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    HMEM_CHECK(descriptor_ >= 0, "cannot read ", shown_path_, ": ", std::strerror(errno));
    bytes_ = status.st_size;
  }
  ~InputFile() { ::close(descriptor_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  int64_t bytes() const { return bytes_; }

  void read_at(int64_t offset, void* out, int64_t bytes) const {
    char* next = static_cast<char*>(out);
    while (bytes > 0) {
      const ssize_t got = ::pread(descriptor_, next, static_cast<size_t>(bytes), offset);
      if (got < 0 && errno == EINTR) continue;
      HMEM_CHECK(got >= 0, "cannot read ", shown_path_, ": ", std::strerror(errno));
      HMEM_CHECK(got > 0, "cannot read ", shown_path_, ": it became shorter while it was read");
      next += got, offset += got, bytes -= got;
    }
  }

 private:
  std::string shown_path_;
  int descriptor_ = -1;
  int64_t bytes_ = 0;
};

}  // namespace

const Tensor* SafetensorsFile::find(std::string_view name) const {
  for (const NamedTensor& tensor : tensors) {
    if (tensor.name == name) return &tensor.value;
  }
  return nullptr;
}

SafetensorsFile read_safetensors(const std::string& path) {
  const InputFile file(path);
  return read_from([&](int64_t offset, void* out, int64_t bytes) { file.read_at(offset, out, bytes); }, file.bytes(),
                   one_line(path));
}

SafetensorsFile parse_safetensors(std::string_view bytes, const std::string& source) {
  return read_from([&](int64_t offset, void* out,
                       int64_t count) { std::memcpy(out, bytes.data() + offset, static_cast<size_t>(count)); },
                   static_cast<int64_t>(bytes.size()), one_line(source));
}

void write_safetensors(const std::string& path, const std::map<std::string, std::string>& described,
                       const std::vector<NamedView>& tensors) {
  std::map<std::string, std::string> metadata = described;
  metadata[kChecksumKey] = checksum_of(metadata, tensors);
  std::string header = "{";
  for (const auto& [key, value] : metadata) {
    HMEM_CHECK(is_utf8(key) && is_utf8(value), "metadata ", quote(key), " is not UTF-8");
    header +=
        (header.size() == 1 ? json_string(kMetadataKey) + ":{" : ",") + json_string(key) + ":" + json_string(value);
  }
  header += "}";

  std::set<std::string_view> names;
  int64_t offset = 0;
  for (const NamedView& tensor : tensors) {
    HMEM_CHECK(is_utf8(tensor.name) && tensor.name != kMetadataKey && names.insert(tensor.name).second,
               "tensor names must differ and be UTF-8, found ", quote(tensor.name));
    std::string sizes = tensor.value.shape.str();
    sizes.erase(std::remove(sizes.begin(), sizes.end(), ' '), sizes.end());
    const std::string dtype = dtype_of(tensor);
    const int64_t end = offset + tensor.value.count() * dtype_bytes(dtype);
    header += "," + json_string(tensor.name) + ":{\"dtype\":\"" + dtype + "\",\"shape\":" + sizes +
              ",\"data_offsets\":[" + std::to_string(offset) + "," + std::to_string(end) + "]}";
    offset = end;
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');  // aligns the data
  HMEM_CHECK(header.size() <= kMaxHeaderBytes, "the names and metadata of ", quote(path, 1000), " take ", header.size(),
             " bytes, expected at most ", kMaxHeaderBytes);

  uint64_t length = header.size();
  swap_to_little_endian(&length, 1);
  AtomicFile file(path);
  file.write(&length, kPrefixBytes);
  file.write(header.data(), header.size());
  for (const NamedView& tensor : tensors) {
    for_stored_bytes(tensor, [&file](const void* data, size_t bytes) { file.write(data, bytes); });
  }
  file.commit();
}

}  // namespace hmem
