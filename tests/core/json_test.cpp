#include "hmem/core/json.h"

#include "catch.h"
#include "hmem/core/text.h"
#include "support/error_text.h"

using namespace hmem;
using hmem::test::error_text;
using Strings = std::vector<std::string>;

TEST_CASE("a JSON list of strings is read", "[core]") {
  CHECK(parse_string_list("[]", "s", 0).empty());
  CHECK(parse_string_list(R"(["a", "b c"])", "s", 2) == Strings{"a", "b c"});
  const Strings words = {"\xC3\x89mile", "a\"b\\c", "tab\there", ""};
  std::string json;
  for (const std::string& word : words) json += (json.empty() ? "[" : ",") + json_string(word);
  CHECK(parse_string_list(json + "]", "s", 100) == words);
}

TEST_CASE("anything but a JSON list of strings is refused", "[core][bad]") {
  const auto refused = [](const std::string& json, const std::string& expected) {
    const std::string text = error_text([&] { parse_string_list(json, "file: words", 3); });
    INFO(json.substr(0, 50) << ": " << text);
    CHECK(text.find("file: words: found " + expected) == 0);
    CHECK(text.find("expected") != std::string::npos);
    CHECK(text.find('\n') == std::string::npos);
  };
  for (const char* text :
       {"", "[", "[\"a\"", "[\"a\",]", "[\"a\"] x", "[\"a", "\xFF", "[\"\xFF\"]", "[a]", "[\"a\n\"]"}) {
    refused(text, "invalid JSON at byte");
  }
  refused("\"a\"", "'a', expected a list of strings");
  refused("null", "null");
  refused("7", "7");
  refused("{\"a\":\"b\"}", "an object");
  refused("[\"a\",7]", "7");
  refused("[-7]", "-7");
  refused("[1.5]", "'1.5'");
  refused("[true]", "true or false");
  refused("[{}]", "an object");
  refused("[[\"a\"]]", "a list in a list");
  refused("[\"a\",\"b\",\"c\",\"d\"]", "more than 3 texts");
  refused(std::string(100000, '['), "a list in a list");
}
