#pragma once
/// \file error_text.h
/// The text of an error, and what it contains.

#include <string>

#include "hmem/core/check.h"

namespace hmem::test {

/// Text of the `Exception` that `body()` throws, "(nothing was thrown)" when it throws nothing; any other exception
/// passes through and fails the test.
template <typename Exception = Error, typename Body>
std::string error_text(const Body& body) {
  try {
    body();
  } catch (const Exception& error) {
    return error.what();
  }
  return "(nothing was thrown)";
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace hmem::test
