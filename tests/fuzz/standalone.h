#pragma once
/// \file standalone.h
/// A simple driver for fuzz targets where libFuzzer is not available: it ignores coverage and favours bytes that
/// have broken parsers before.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "hmem/core/rng.h"
#include "hmem/core/timer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace hmem::test {

/// One random change: a bit, a byte, a number, a piece removed, doubled, or taken from another seed.
inline void mutate(std::string& bytes, const std::vector<std::string>& seeds, Rng& rng) {
  const auto below = [&](size_t n) { return static_cast<size_t>(rng.below(static_cast<uint32_t>(n))); };
  static const std::vector<std::string> kWords = {
      "-1", "0",  "1e999", "9223372036854775807", "18446744073709551615", "{", "}", "[", "]", "\"", ",", ":", "\n",
      "\t", "\r", "null"};
  const size_t at = below(bytes.size() + 1);
  const size_t length = below(16) + 1;
  switch (below(7)) {
    case 0:
      if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
      break;
    case 1:
      if (at < bytes.size()) bytes[at] = static_cast<char>(below(256));
      break;
    case 2:
      bytes.insert(at, kWords[below(kWords.size())]);
      break;
    case 3:
      bytes.replace(at, length, kWords[below(kWords.size())]);
      break;
    case 4:
      bytes.erase(at, length);
      break;
    case 5:
      bytes.insert(at, bytes.substr(below(bytes.size() + 1), length));
      break;
    default: {
      const std::string& other = seeds[below(seeds.size())];
      bytes.replace(at, std::string::npos, other, below(other.size() + 1), std::string::npos);
    }
  }
}

/// Runs the target on every seed and then on mutants for the seconds given as the first argument (default 10). The
/// inputs are the same in every run, so that a crash is reproducible.
inline int fuzz_standalone(int argc, char** argv, const std::vector<std::string>& seeds) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 10;
  const auto run = [](const std::string& bytes) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  };
  for (const std::string& seed : seeds) run(seed);
  Rng rng(1, "fuzz");
  const Timer timer;
  long long runs = 0;
  for (; timer.seconds() < seconds; ++runs) {
    std::string bytes = seeds[rng.below(static_cast<uint32_t>(seeds.size()))];
    for (uint32_t changes = rng.below(6) + 1; changes > 0; --changes) mutate(bytes, seeds, rng);
    run(bytes);
  }
  std::printf("%lld inputs in %.0f s without a crash\n", runs, seconds);
  return 0;
}

}  // namespace hmem::test
