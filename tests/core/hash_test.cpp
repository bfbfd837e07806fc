#include "hmem/core/hash.h"

#include <string>
#include <vector>

#include "catch.h"

using namespace hmem;

TEST_CASE("FNV-1a gives the published values", "[core]") {
  const auto hash = [](const std::string& text) {
    Fnv1a result;
    result.add_bytes(text.data(), text.size());
    return result.value();
  };
  CHECK(hash("") == 0xcbf29ce484222325);
  CHECK(hash("a") == 0xaf63dc4c8601ec8c);
  CHECK(hash("foobar") == 0x85944171f73967e8);
  Fnv1a number, bytes;
  number.add(0x0807060504030201);
  bytes.add_bytes("\x01\x02\x03\x04\x05\x06\x07\x08", 8);
  CHECK(number.value() == bytes.value());
}

TEST_CASE("a word hash depends on every bit of every byte and on where parts end", "[core]") {
  const auto hash = [](const std::vector<std::string>& parts) {
    WordHash result;
    for (const std::string& part : parts) result.add_bytes(part.data(), part.size());
    return result.value();
  };
  const std::string text = "nineteen characters";
  const uint64_t before = hash({text});
  CHECK(before == hash({text}));
  for (size_t bit = 0; bit < 8 * text.size(); ++bit) {
    std::string other = text;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    CHECK(hash({other}) != before);
  }
  CHECK(hash({text, ""}) != before);
  CHECK(hash({"ab", "c"}) != hash({"a", "bc"}));
  CHECK(hash({std::string(8, '\0')}) != hash({std::string(9, '\0')}));
}

TEST_CASE("hashes as text", "[core]") {
  CHECK(hash_text(0x0123456789abcdef) == "0123456789abcdef");
  CHECK(hash_text(1) == "0000000000000001");
}
