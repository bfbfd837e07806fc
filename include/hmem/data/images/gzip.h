#pragma once
/// \file gzip.h
/// Files compressed by gzip (RFC 1952).

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hmem {

/// CRC-32 of gzip and PNG: reflected polynomial 0xEDB88320, start and final XOR 0xFFFFFFFF.
uint32_t crc32(const void* data, size_t bytes);

bool is_gzip(std::string_view bytes);

/// Content of a file of one or several gzip members, maybe with zeros behind; CRC-32 and size are checked. Throws Error
/// that begins with `source`.
std::string gunzip(std::string_view bytes, const std::string& source);

}  // namespace hmem
