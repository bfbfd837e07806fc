#pragma once
/// \file json.h
/// Reads JSON from untrusted files.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hmem {

/// Strings of a JSON list such as ["a","b"]. Throws Error "SOURCE: found ..., expected ..." for anything else, and for
/// more than `most` strings, before more are kept.
std::vector<std::string> parse_string_list(std::string_view json, const std::string& source, size_t most);

}  // namespace hmem
