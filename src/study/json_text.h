#pragma once
// Pieces of the JSON texts of explanations.

#include <cmath>
#include <string>
#include <vector>

#include "hmem/core/text.h"
#include "hmem/study/attribution.h"

namespace hmem::detail {

inline std::string json_number(double value) { return std::isfinite(value) ? format_real(value, 9) : "null"; }
inline std::string json_number(int64_t value) { return std::to_string(value); }
inline std::string json_number(int32_t value) { return std::to_string(value); }
inline std::string json_flag(bool on) { return on ? "true" : "false"; }

/// A list of what `text_of` makes of each item.
template <typename Items, typename Text>
std::string json_list(const Items& items, Text text_of) {
  std::string text = "[";
  for (const auto& item : items) text += (text.size() > 1 ? "," : "") + text_of(item);
  return text + "]";
}
template <typename Numbers>
std::string json_numbers(const Numbers& row) {
  return json_list(row, [](auto value) { return json_number(value); });
}
inline std::string json_strings(const std::vector<std::string>& texts) {
  return json_list(texts, [](const std::string& text) { return json_string(text); });
}

/// Fields of an object, in order.
class JsonObject {
 public:
  JsonObject& add(const std::string& key, const std::string& json) {
    text_ += (text_.empty() ? "\"" : ",\"") + key + "\":" + json;
    return *this;
  }
  std::string str() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

inline std::string residuals_json(const std::vector<Residual>& residuals) {
  return json_list(residuals, [](const Residual& residual) {
    return JsonObject()
        .add("name", json_string(residual.name))
        .add("found", json_number(residual.found))
        .add("expected", json_number(residual.expected))
        .add("relative", json_number(residual.relative()))
        .str();
  });
}

}  // namespace hmem::detail
