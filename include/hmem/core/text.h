#pragma once
/// \file text.h
/// Text of numbers and of foreign bytes: locale-free, and safe to put into one line of a terminal or of a JSON file.

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace hmem {

/// Shortest text that reads back as the same double: "0.003", "1e+20", "nan", "inf".
std::string format_real(double value);
/// The same, rounded to `digits` >= 1 significant digits.
std::string format_real(double value, int digits);

/// The whole of `text` as a number; nothing for other characters, none, or a number that does not fit.
template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Whether two texts mean the same setting: equal, or numbers that are equal when a `real` holds them ("0.001",
/// "1e-3").
bool same_setting(const std::string& a, const std::string& b);

/// Bytes of the UTF-8 character that starts at `at` (1 to 4), 0 when there is no valid one (RFC 3629).
size_t utf8_length(std::string_view text, size_t at);
bool is_utf8(std::string_view text);

/// `text` with control characters and bytes that are not UTF-8 written as \n, \t, \xNN: always one harmless line.
std::string one_line(std::string_view text);
/// 'text' for a message: `one_line` in quotes, cut after about `limit` bytes.
std::string quote(std::string_view text, size_t limit = 80);
/// "text" as a JSON string; bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

/// Levenshtein distance in bytes: insertions, deletions and replacements from one text to the other. Costs the product
/// of the lengths.
size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace hmem
