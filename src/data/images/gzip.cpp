#include "hmem/data/images/gzip.h"

#include <algorithm>
#include <array>
#include <vector>

#include "data/images/file_bytes.h"
#include "hmem/core/check.h"
#include "hmem/data/images/decode.h"

namespace hmem {

namespace {

std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320u : 0u);
    table[i] = value;
  }
  return table;
}

/// Bytes of the header; the optional fields are skipped.
size_t header_size(std::string_view bytes, const std::string& source) {
  constexpr uint32_t kHeaderCrc = 2, kExtra = 4, kName = 8, kComment = 16, kReserved = 0xE0;
  const auto need = [&](size_t size) {
    HMEM_CHECK(bytes.size() >= size + 8, source, ": the gzip file ends after ", bytes.size(),
               " bytes, within its header; get it again");
  };
  need(10);
  HMEM_CHECK(is_gzip(bytes), source, ": does not begin with 1f 8b, expected a gzip file");
  HMEM_CHECK(byte_at(bytes, 2) == 8, source, ": found compression method ", byte_at(bytes, 2),
             ", expected 8 (deflate)");
  const uint32_t flags = byte_at(bytes, 3);
  HMEM_CHECK((flags & kReserved) == 0, source, ": found reserved gzip flags ", flags, "; the file is damaged");
  size_t at = 10;
  if ((flags & kExtra) != 0) {
    need(at + 2);
    at += 2 + little_endian_16(bytes, at);
    need(at);
  }
  for (uint32_t field : {kName, kComment}) {
    if ((flags & field) == 0) continue;
    while (need(at + 1), bytes[at] != '\0') ++at;
    ++at;
  }
  if ((flags & kHeaderCrc) != 0) at += 2;
  need(at);
  return at;
}

}  // namespace

uint32_t crc32(const void* data, size_t bytes) {
  static const std::array<uint32_t, 256> table = crc_table();
  const auto* next = static_cast<const unsigned char*>(data);
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = 0; i < bytes; ++i) crc = (crc >> 8) ^ table[(crc ^ next[i]) & 0xFF];
  return crc ^ 0xFFFFFFFFu;
}

bool is_gzip(std::string_view bytes) {
  return bytes.size() >= 2 && byte_at(bytes, 0) == 0x1F && byte_at(bytes, 1) == 0x8B;
}

namespace {

/// Content of a single member that takes all of `bytes`.
std::string gunzip_member(std::string_view bytes, const std::string& source) {
  const size_t begin = header_size(bytes, source);
  const uint32_t crc = little_endian(bytes, bytes.size() - 8), size = little_endian(bytes, bytes.size() - 4);
  // With the trailer: stb reads ahead and takes the end of its input for damage.
  const std::vector<uint8_t> content = inflate(bytes.substr(begin), size, source);
  const uint32_t found = crc32(content.data(), content.size());
  HMEM_CHECK(found == crc, source, ": the checksum of the content is ", found, ", expected ", crc,
             "; the file is damaged, get it again");
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

/// The content of the member at the front of `bytes`, which is taken off. stb does not say where a member ends: we try
/// the places where the next one could begin, and the end without padding. Size and checksum tell the right one.
std::string take_member(std::string_view& bytes, const std::string& source) {
  std::vector<size_t> ends;
  const auto add = [&](size_t end) {  // with zeros before it, of which up to 8 may belong to the member
    const size_t padding = bytes.substr(0, end).find_last_not_of('\0') + 1;
    for (size_t zeros = 0; zeros <= 8 && padding + zeros < end; ++zeros) ends.push_back(padding + zeros);
    ends.push_back(end);
  };
  constexpr std::string_view kMagic = "\x1f\x8b\x08";
  for (size_t at = bytes.find(kMagic, 1); at != std::string_view::npos; at = bytes.find(kMagic, at + 1)) add(at);
  add(bytes.size());
  std::string problem;
  for (const size_t end : ends) {
    try {
      std::string content = gunzip_member(bytes.substr(0, end), source);
      bytes.remove_prefix(end);
      bytes.remove_prefix(std::min(bytes.find_first_not_of('\0'), bytes.size()));
      return content;
    } catch (const Error& error) {
      if (problem.empty() || end == bytes.size()) problem = error.what();
    }
  }
  fail(problem);
}

}  // namespace

std::string gunzip(std::string_view bytes, const std::string& source) {
  std::string content = take_member(bytes, source);
  while (!bytes.empty()) content += take_member(bytes, source);
  return content;
}

}  // namespace hmem
