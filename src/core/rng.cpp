#include "hmem/core/rng.h"

#include <cmath>
#include <utility>

#include "hmem/core/check.h"
#include "hmem/core/hash.h"

namespace hmem {

void philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  constexpr uint64_t kMul0 = 0xD2511F53, kMul1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = kMul0 * c0, p1 = kMul1 * c2;
    c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<uint32_t>(p1);
    c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<uint32_t>(p0);
    k0 += kWeyl0;
    k1 += kWeyl1;
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

namespace {

/// The finaliser of splitmix64: neighbouring seeds give unrelated keys.
uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

Rng::Rng(uint64_t seed, std::string_view name) {
  Fnv1a hash;
  hash.add_bytes(name.data(), name.size());
  const uint64_t key = mix(mix(seed) ^ hash.value());
  key_[0] = static_cast<uint32_t>(key);
  key_[1] = static_cast<uint32_t>(key >> 32);
}

void Rng::refill() {
  const uint64_t block = draws_ / 4;
  const uint32_t counter[4] = {static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), 0, 0};
  philox4x32(counter, key_, block_);
}

uint32_t Rng::next_u32() {
  if (draws_ % 4 == 0) refill();
  return block_[draws_++ % 4];
}

uint64_t Rng::next_u64() {
  const uint64_t low = next_u32();
  return low | static_cast<uint64_t>(next_u32()) << 32;
}

double Rng::uniform() { return static_cast<double>(next_u64() >> 11) * 0x1p-53; }

double Rng::uniform(double low, double high) { return low + (high - low) * uniform(); }

uint32_t Rng::below(uint32_t n) {
  HMEM_CHECK(n > 0, "a random integer needs a positive bound");
  // Lemire's method: the high word of a product, redrawn in the rare cases that would be biased.
  uint64_t product = uint64_t{next_u32()} * n;
  if (static_cast<uint32_t>(product) < n) {
    const uint32_t threshold = (0u - n) % n;
    while (static_cast<uint32_t>(product) < threshold) product = uint64_t{next_u32()} * n;
  }
  return static_cast<uint32_t>(product >> 32);
}

double Rng::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));  // 1 - u is in (0, 1]: the logarithm is finite
  const double angle = 6.283185307179586476925286766559 * uniform();
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

std::vector<int64_t> Rng::permutation(int64_t n) {
  HMEM_CHECK(n >= 0 && n < (int64_t{1} << 32), "cannot permute ", n, " elements");
  std::vector<int64_t> order(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) order[static_cast<size_t>(i)] = i;
  for (int64_t i = n - 1; i > 0; --i) {
    std::swap(order[static_cast<size_t>(i)], order[below(static_cast<uint32_t>(i) + 1)]);
  }
  return order;
}

void Rng::set_position(const Position& position) {
  draws_ = position.draws;
  has_spare_ = position.has_spare;
  spare_ = position.spare;
  if (draws_ % 4 != 0) refill();
}

}  // namespace hmem
