#include "hmem/core/text.h"

#include <cmath>
#include <cstdlib>
#include <limits>

#include "catch.h"
#include "hmem/core/check.h"

namespace hmem {
namespace {

TEST_CASE("numbers are written in the shortest form that reads back the same", "[core]") {
  CHECK(format_real(0.003) == "0.003");
  CHECK(format_real(0.1 + 0.2) == "0.30000000000000004");
  CHECK(format_real(20) == "20");
  CHECK(format_real(-0.5) == "-0.5");
  CHECK(format_real(1e300) == "1e+300");
  for (const double value : {1.0 / 3, 5e-324, 1.7976931348623157e308, 123456789.123}) {
    CHECK(std::strtod(format_real(value).c_str(), nullptr) == value);
  }
}

TEST_CASE("a text is parsed as a number completely or not at all", "[core]") {
  CHECK(parse_number<int64_t>("-12") == -12);
  CHECK(parse_number<double>("1e-3") == 0.001);
  for (const char* wrong : {"", " 1", "1 ", "1x", "+1", "99999999999999999999"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_number<int64_t>(wrong).has_value());
  }
  CHECK(same_setting("x", "x"));
  CHECK(same_setting("0.001", "1e-3"));
  CHECK_FALSE(same_setting("0.001", "0.002"));
  CHECK_FALSE(same_setting("x", "0"));
  CHECK_FALSE(same_setting("", "0"));
}

TEST_CASE("numbers are rounded to the digits asked for", "[core]") {
  CHECK(format_real(1.0 / 3, 3) == "0.333");
  CHECK(format_real(2.5, 6) == "2.5");
  CHECK(format_real(1234567, 3) == "1.23e+06");
  CHECK(format_real(-std::nan(""), 3) == "nan");
  CHECK(format_real(-std::numeric_limits<double>::infinity(), 3) == "-inf");
  CHECK_THROWS_AS(format_real(1, 0), Error);
  CHECK_THROWS_AS(format_real(1, 18), Error);
}

TEST_CASE("lists are written short and split at commas", "[core]") {
  CHECK(number_list_text({}).empty());
  CHECK(number_list_text({4}) == "4");
  CHECK(number_list_text({1, 2, 3, 7, 9, 10}) == "1-3,7,9,10");
  CHECK(split_at_commas("a,b") == std::vector<std::string>{"a", "b"});
  CHECK(split_at_commas(",a") == std::vector<std::string>{"", "a"});
  CHECK(split_at_commas("") == std::vector<std::string>{""});
  CHECK(contains({"a", "b"}, "b"));
  CHECK_FALSE(contains({"a", "b"}, "c"));
}

TEST_CASE("UTF-8 is what RFC 3629 says", "[core]") {
  for (const char* valid :
       {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) {
    CAPTURE(valid);
    CHECK(is_utf8(valid));
  }
  // Lone continuation, overlong forms, surrogate, above U+10FFFF, cut short, not a lead byte.
  for (const char* invalid : {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80",
                              "\xf4\x90\x80\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xff", "a\xe9z"}) {
    CAPTURE(invalid);
    CHECK_FALSE(is_utf8(invalid));
  }
}

TEST_CASE("arbitrary bytes become one harmless line", "[core][bad]") {
  CHECK(one_line("a\nb\r\tc") == "a\\nb\\r\\tc");
  CHECK(one_line("\033[2J\x7f") == "\\x1b[2J\\x7f");
  CHECK(one_line(std::string_view("\0\xff", 2)) == "\\x00\\xff");
  CHECK(one_line("\xc2\x9b") == "\\xc2\\x9b");  // CSI as one character
  CHECK(one_line("caf\xc3\xa9") == "caf\xc3\xa9");
}

TEST_CASE("quoted text is cut between characters", "[core]") {
  CHECK(quote("abc") == "'abc'");
  CHECK(quote("abcdef", 3) == "'abc...'");
  CHECK(quote("ab\xc3\xa9z", 3) == "'ab...'");
  CHECK(quote(std::string(1000000, 'x')).size() < 100);
}

TEST_CASE("JSON strings escape what they must", "[core]") {
  CHECK(json_string("a\"b\\c/d") == "\"a\\\"b\\\\c/d\"");
  CHECK(json_string(std::string_view("\0\n\t\x1f\x7f", 5)) == "\"\\u0000\\n\\t\\u001f\\u007f\"");
  CHECK(json_string("\xc3\xa9") == "\"\xc3\xa9\"");
  CHECK(json_string("a\xe9z") == "\"a\xef\xbf\xbdz\"");
}

TEST_CASE("the edit distance counts insertions, deletions and replacements", "[core]") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("kitchn", "kitchen") == 1);
  CHECK(edit_distance("sitting", "kitten") == 3);
  CHECK(edit_distance("ab", "ba") == 2);
}

TEST_CASE("what a terminal would obey is written as text", "[core]") {
  CHECK(one_line("a\u009b31mb") == "a\\xc2\\x9b31mb");
  CHECK(one_line("\u202e\u2066\u200f") == "\\xe2\\x80\\xae\\xe2\\x81\\xa6\\xe2\\x80\\x8f");
  CHECK(json_string("\u009b\u202e\u00e9\x7f") == "\"\\u009b\\u202e\u00e9\\u007f\"");
  CHECK(is_harmless("caf\u00e9 \U0001F600"));
  for (const char* harmful : {"\n", "\u0085", "\u2028", "\u061c", "\xff"}) CHECK_FALSE(is_harmless(harmful));
}

}  // namespace
}  // namespace hmem
