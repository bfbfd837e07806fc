#pragma once
/// \file file_bytes.h
/// Whole files in memory.

#include <cstdint>
#include <string>

namespace hmem {

/// The content of a regular file of at most `limit` bytes; throws Error with the path and the reason.
std::string read_file_bytes(const std::string& path, uint64_t limit);

}  // namespace hmem
