#include "hmem/core/json.h"

#include <nlohmann/json.hpp>

#include "hmem/core/check.h"
#include "hmem/core/text.h"

namespace hmem {

namespace {

using Json = nlohmann::json;

/// Streams the text and stops at a nested value, a value of another type, or too many values.
class StringListReader : public nlohmann::json_sax<Json> {
 public:
  StringListReader(const std::string& source, size_t most) : source_(source), most_(most) {}

  std::vector<std::string> strings;

  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("true or false"); }
  bool number_integer(int64_t value) override { unexpected(std::to_string(value)); }
  bool number_unsigned(uint64_t value) override { unexpected(std::to_string(value)); }
  bool number_float(double, const std::string& text) override { unexpected(quote(text)); }
  bool binary(Json::binary_t&) override { unexpected("binary data"); }
  bool start_object(size_t) override { unexpected("an object"); }
  bool key(std::string& text) override { unexpected(quote(text)); }
  bool end_object() override { return true; }
  bool end_array() override { return true; }

  bool start_array(size_t) override {
    if (in_list_) unexpected("a list in a list");
    return in_list_ = true;
  }

  bool string(std::string& text) override {
    if (!in_list_) unexpected(quote(text));
    HMEM_CHECK(strings.size() < most_, source_, ": found more than ", most_, " texts, expected no more");
    strings.push_back(std::move(text));
    return true;
  }

  bool parse_error(size_t position, const std::string&, const Json::exception&) override {
    fail(source_, ": found invalid JSON at byte ", position, ", expected a list of strings");
  }

 private:
  [[noreturn]] void unexpected(const std::string& found) const {
    fail(source_, ": found ", found, ", expected a list of strings");
  }

  const std::string& source_;
  const size_t most_;
  bool in_list_ = false;
};

}  // namespace

std::vector<std::string> parse_string_list(std::string_view json, const std::string& source, size_t most) {
  StringListReader reader(source, most);
  Json::sax_parse(json, &reader);
  return std::move(reader.strings);
}

}  // namespace hmem
