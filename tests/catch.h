#ifndef HMEM_TESTS_CATCH_H  // and not a pragma: the header is precompiled by itself
#define HMEM_TESTS_CATCH_H
/// \file catch.h
/// Catch2 in either spelling: one header (v2, as in Debian 12) or a library (v3).

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
inline auto Contains(const std::string& text) { return Catch::Matchers::ContainsSubstring(text); }
#else
#include <catch2/catch.hpp>
using Catch::Matchers::Contains;
#endif

#endif
