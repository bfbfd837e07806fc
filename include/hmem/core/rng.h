#pragma once
/// \file rng.h
/// Counter-based random numbers: the same on every machine, and independent streams by name.

#include <cstdint>
#include <string_view>
#include <vector>

#include "hmem/core/real.h"

namespace hmem {

/// Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): block n of a stream is a
/// pure function of (key, n), so that a position can be saved as one number and streams never overlap.
///
/// Passed in, never global. Each part of the program draws from its own sub-stream, `Rng(seed, "shuffle")`, so that a
/// new layer does not move the order of the data.
class Rng {
 public:
  /// Stream `name` of `seed`: the key is mix(mix(seed) xor FNV-1a hash of the name), mix as in splitmix64.
  explicit Rng(uint64_t seed, std::string_view name = "");

  /// Next 32 random bits.
  uint32_t next_u32();
  /// Next 64 random bits (low half drawn first).
  uint64_t next_u64();
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Uniform in [low, high).
  double uniform(double low, double high);
  /// Uniform integer in [0, n) without modulo bias, integer arithmetic only; throws Error unless n > 0.
  uint32_t below(uint32_t n);
  /// Normal with mean 0 and deviation 1 (Box-Muller; both values are used).
  double normal();
  /// Uniformly random permutation of 0 .. n-1 (Fisher-Yates from the end).
  std::vector<int64_t> permutation(int64_t n);

  /// The position in the stream; `set_position` continues there bit for bit.
  struct Position {
    uint64_t draws = 0;      ///< 32-bit words drawn so far
    bool has_spare = false;  ///< the second Box-Muller value is unused
    double spare = 0;
  };
  Position position() const { return {draws_, has_spare_, spare_}; }
  void set_position(const Position& position);
  /// The two words of the Philox key: with a block number they give any part of the stream directly.
  const uint32_t* key() const { return key_; }

 private:
  void refill();

  uint32_t key_[2];
  uint32_t block_[4] = {0, 0, 0, 0};
  uint64_t draws_ = 0;
  bool has_spare_ = false;
  double spare_ = 0;
};

/// The block function itself: counter and key to four 32-bit words. Public for its known-answer test.
void philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

}  // namespace hmem
