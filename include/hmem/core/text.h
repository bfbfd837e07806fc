#pragma once
/// \file text.h
/// Conversion of numbers, lists and untrusted bytes to text: locale-free, and safe in one line of a terminal or JSON
/// file.

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace hmem {

/// Shortest text that reads back as the same double: "0.003", "1e+20", "nan", "inf".
std::string format_real(double value);
/// The same, rounded to `digits` >= 1 significant digits.
std::string format_real(double value, int digits);

/// `text` as a number; nothing when it is empty, holds other characters or does not fit the type.
template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Shortest text that reads back as the same number of its type: "0.01" of 0.01f.
template <typename Number>
std::string setting_text(Number value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof(text), value).ptr};
}

/// "a, b, c"
std::string join(const std::vector<std::string>& words, const char* separator);

/// Whether two texts mean the same setting: equal, or numbers that are equal when a `real` holds them ("0.001",
/// "1e-3").
bool same_setting(const std::string& a, const std::string& b);

/// The shortest text of ascending numbers, with ranges: 1 2 3 7 -> "1-3,7".
std::string number_list_text(const std::vector<int64_t>& numbers);

/// "a,b" -> "a" "b"; parts may be empty.
std::vector<std::string> split_at_commas(const std::string& text);
bool contains(const std::vector<std::string>& names, const std::string& name);

/// Bytes of the UTF-8 character that starts at `at` (1 to 4); 0 when it is invalid (RFC 3629).
size_t utf8_length(std::string_view text, size_t at);
bool is_utf8(std::string_view text);
/// Whether `text` is UTF-8 without control characters and marks that change the direction of writing.
bool is_harmless(std::string_view text);

/// `text` with control characters, marks that change the direction of writing, and bytes that are not UTF-8 written as
/// \n, \t, \xNN: always one harmless line.
std::string one_line(std::string_view text);
/// 'text' for a message: `one_line` in quotes, cut after about `limit` bytes.
std::string quote(std::string_view text, size_t limit = 80);
/// "text" as a JSON string; bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

/// Levenshtein distance in bytes: insertions, deletions and replacements from one text to the other. Costs the product
/// of the lengths.
size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace hmem
