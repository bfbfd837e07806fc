#include "hmem/core/rng.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "catch.h"
#include "hmem/core/check.h"

namespace hmem {
namespace {

TEST_CASE("Philox 4x32-10 gives the published words", "[core]") {
  // The known-answer vectors that its authors publish with Random123.
  struct Vector {
    uint32_t counter[4], key[2], expected[4];
  };
  const Vector vectors[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (const Vector& vector : vectors) {
    uint32_t out[4];
    philox4x32(vector.counter, vector.key, out);
    for (int i = 0; i < 4; ++i) CHECK(out[i] == vector.expected[i]);
  }
}

TEST_CASE("the first values of a stream are pinned", "[core]") {
  // Computed by a separate program from the published algorithms (Philox, splitmix64, FNV-1a).
  Rng rng(1, "shuffle");
  CHECK(rng.next_u32() == 0xae004a49);
  CHECK(rng.next_u64() == 0x5e7208faa4c7d055);
  CHECK(rng.uniform() == 0x1.e8ebb133e42p-6);
  CHECK(rng.below(1000) == 884);
  CHECK(rng.normal() == Approx(0.41240088272817504).epsilon(1e-14));
  CHECK(rng.normal() == Approx(-0.5258608162124413).epsilon(1e-14));
  CHECK(Rng(1, "shuffle").permutation(8) == std::vector<int64_t>{3, 1, 7, 0, 6, 2, 4, 5});
}

TEST_CASE("streams differ by seed and by name", "[core]") {
  std::set<uint64_t> firsts;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    for (const char* name : {"", "shuffle", "dropout", "init"}) firsts.insert(Rng(seed, name).next_u64());
  }
  CHECK(firsts.size() == 400);
  CHECK(Rng(3, "a").next_u64() == Rng(3, "a").next_u64());
}

TEST_CASE("a saved position continues bit for bit", "[core]") {
  for (int drawn = 0; drawn < 9; ++drawn) {
    CAPTURE(drawn);
    Rng rng(7, "stream");
    for (int i = 0; i < drawn; ++i) rng.next_u32();
    rng.normal();  // leaves a spare value
    Rng other(7, "stream");
    other.set_position(rng.position());
    for (int i = 0; i < 5; ++i) {
      CHECK(other.normal() == rng.normal());
      CHECK(other.next_u32() == rng.next_u32());
    }
  }
  // The counter carries into its second word.
  Rng far(7), near(7);
  far.set_position({(uint64_t{1} << 34) + 1, false, 0});
  near.set_position({1, false, 0});
  CHECK(far.next_u64() != near.next_u64());
}

TEST_CASE("uniform numbers have their moments and bounds", "[core]") {
  constexpr int kDraws = 200000;
  Rng rng(11);
  double sum = 0, squares = 0, low = 1, high = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double value = rng.uniform();
    sum += value, squares += value * value;
    low = std::min(low, value), high = std::max(high, value);
  }
  const double mean = sum / kDraws;
  CHECK(mean == Approx(0.5).margin(5 * std::sqrt(1.0 / 12 / kDraws)));
  CHECK(squares / kDraws - mean * mean == Approx(1.0 / 12).epsilon(0.01));
  CHECK(low >= 0);
  CHECK(low < 1e-3);
  CHECK(high < 1);
  CHECK(high > 1 - 1e-3);
  for (int i = 0; i < 1000; ++i) {
    const double value = rng.uniform(-3, 5);
    REQUIRE((value >= -3 && value < 5));
  }
}

TEST_CASE("normal numbers have their first four moments", "[core]") {
  constexpr int kDraws = 400000;
  Rng rng(12);
  std::array<double, 4> sums{};
  for (int i = 0; i < kDraws; ++i) {
    const double value = rng.normal();
    double power = 1;
    for (double& sum : sums) sum += power *= value;
  }
  // Five standard errors each: the k-th moments of a normal sample have variance 1, 2, 15 and 96 over n.
  const double unit = 5 / std::sqrt(double{kDraws});
  CHECK(sums[0] / kDraws == Approx(0).margin(unit));
  CHECK(sums[1] / kDraws == Approx(1).margin(unit * std::sqrt(2)));
  CHECK(sums[2] / kDraws == Approx(0).margin(unit * std::sqrt(15)));
  CHECK(sums[3] / kDraws == Approx(3).margin(unit * std::sqrt(96)));
}

TEST_CASE("integers below a bound are unbiased and below it", "[core]") {
  // With n = 3/4 of 2^32 a plain modulus hits the lower third twice as often, a plain product the multiples of three.
  constexpr uint32_t kBound = 3u << 30;
  constexpr int kDraws = 60000;
  Rng rng(13);
  std::array<int, 3> thirds{}, residues{};
  for (int i = 0; i < kDraws; ++i) {
    const uint32_t value = rng.below(kBound);
    REQUIRE(value < kBound);
    ++thirds[value >> 30];
    ++residues[value % 3];
  }
  const double margin = 5 * std::sqrt(kDraws * 2.0 / 9);
  for (const int count : thirds) CHECK(count == Approx(kDraws / 3).margin(margin));
  for (const int count : residues) CHECK(count == Approx(kDraws / 3).margin(margin));

  std::array<int, 7> counts{};
  for (int i = 0; i < 70000; ++i) ++counts[rng.below(7)];
  for (const int count : counts) CHECK(count == Approx(10000).margin(500));
  for (int i = 0; i < 100; ++i) REQUIRE(rng.below(1) == 0);
  CHECK(rng.below(UINT32_MAX) < UINT32_MAX);
  CHECK_THROWS_AS(rng.below(0), Error);
}

TEST_CASE("a permutation contains every number once, each order equally often", "[core]") {
  Rng rng(14);
  for (const int64_t n : {int64_t{0}, int64_t{1}, int64_t{2}, int64_t{1000}}) {
    const std::vector<int64_t> order = rng.permutation(n);
    const std::set<int64_t> values(order.begin(), order.end());
    CHECK(static_cast<int64_t>(order.size()) == n);
    CHECK(static_cast<int64_t>(values.size()) == n);
    if (n > 0) CHECK((*values.begin() == 0 && *values.rbegin() == n - 1));
  }
  std::array<int, 6> counts{};
  for (int i = 0; i < 60000; ++i) {
    const std::vector<int64_t> order = rng.permutation(3);
    ++counts[static_cast<size_t>(order[0] * 2 + (order[1] > order[2] ? 1 : 0))];
  }
  for (const int count : counts) CHECK(count == Approx(10000).margin(500));
  CHECK_THROWS_AS(rng.permutation(-1), Error);
}

}  // namespace
}  // namespace hmem
