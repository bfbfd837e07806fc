#pragma once
/// \file settings.h
/// A setting is written once, beside the field that it fills:
///
///     struct Config {
///       int64_t hops = 3;
///       WriteRule write_rule = WriteRule::hebbian;
///
///       template <typename Visitor>
///       void visit(Visitor&& v) {
///         v("hops", hops, IntRange{1, 16}, "reads of the memory per question");
///         v("write_rule", write_rule, Names{"hebbian", "outer"}, "how a pair changes the memory");
///       }
///     };
///
/// Flags, their defaults and help, model files and records follow from it: FlagAdder registers the flags, SettingReader
/// fills the fields from flags or from a file, SettingWriter turns them into text. Reading and writing cannot disagree.

#include <cctype>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "hmem/core/check.h"
#include "hmem/core/options.h"
#include "hmem/core/text.h"

namespace hmem {

/// Names of the enumerators of an enum class, in their order.
using Names = std::vector<std::string>;

/// Name of a setting. One that came `later` than the first model files is missing in these: its field then keeps its
/// default, which must mean what the model did before.
struct SettingName {
  std::string text;
  bool later = false;
  SettingName(const char* text_in, bool later_in = false) : text(text_in), later(later_in) {}
};
inline SettingName later(const char* name) { return {name, true}; }

/// Registers every setting as a flag whose default is the value of its field. A flag that already exists is left
/// unchanged: programs with several models share flags.
struct FlagAdder {
  Options& options;
  Role role = Role::setting;

  template <typename Field, typename Range>
  void operator()(const SettingName& name, const Field& field, const Range& range, const char* help) const {
    if (options.has(name.text)) return;
    if constexpr (std::is_floating_point_v<Field>) {
      options.add_real(name.text, shortest(field), help, range, role);
    } else if constexpr (std::is_enum_v<Field>) {
      options.add_choice(name.text, range[static_cast<size_t>(field)], help, range, role);
    } else {
      options.add_int(name.text, field, help, range, role);
    }
  }
  void operator()(const SettingName& name, bool field, const char* help) const {
    if (!options.has(name.text)) options.add_switch(name.text, field, help, role);
  }
  void operator()(const SettingName& name, const std::string& field, const char* help) const {
    if (!options.has(name.text)) options.add_string(name.text, field, help, role);
  }

 private:
  /// The shortest decimal for the float: 0.01, not 0.009999999776.
  template <typename Field>
  static double shortest(Field field) {
    return *parse_number<double>(setting_text(field));
  }
};

/// Fills every field from text that `lookup` finds by name; a field for which it finds nothing keeps its value. Throws
/// Error "WHERE: NAME is 'x', expected ..." for text that the flag of this name would refuse; exceptions of `lookup`
/// pass through.
struct SettingReader {
  using Lookup = std::function<std::optional<std::string>(const SettingName& name)>;
  Lookup lookup;
  std::string where;

  SettingReader(Lookup lookup_in, std::string where_in) : lookup(std::move(lookup_in)), where(std::move(where_in)) {}
  explicit SettingReader(const Options& options)
      : SettingReader([&options](const SettingName& name) { return options.text(name.text); }, options.program()) {}

  template <typename Field, typename Range>
  void operator()(const SettingName& name, Field& field, const Range& range, const char* /*help*/) const {
    const std::optional<std::string> found = lookup(name);
    if (!found) return;
    const std::string& text = *found;
    if constexpr (std::is_enum_v<Field>) {
      size_t i = 0;
      while (i < range.size() && range[i] != text) ++i;
      check(i < range.size(), name, text, "one of " + join(range, ", "));
      field = static_cast<Field>(i);
    } else {
      using Number = std::conditional_t<std::is_floating_point_v<Field>, double, int64_t>;
      const auto value = parse_number<Number>(text);
      check(value && range.contains(*value), name, text,
            "a number " + std::string(std::isdigit(range.str()[0]) ? "in " : "") + range.str());
      check(range.contains(static_cast<Field>(*value)), name, text,
            "a number that " + std::to_string(8 * sizeof(Field)) + "-bit floating point can hold");
      field = static_cast<Field>(*value);
    }
  }
  void operator()(const SettingName& name, bool& field, const char* /*help*/) const {
    const std::optional<std::string> found = lookup(name);
    if (!found) return;
    const std::string& text = *found;
    check(text == "0" || text == "1", name, text, "0 or 1");
    field = text == "1";
  }
  void operator()(const SettingName& name, std::string& field, const char* /*help*/) const {
    if (const std::optional<std::string> found = lookup(name)) field = *found;
  }

 private:
  void check(bool good, const SettingName& name, const std::string& text, const std::string& expected) const {
    HMEM_CHECK(good, where, ": ", name.text, " is ", quote(text), ", expected ", expected);
  }
};

/// Every setting as text that reads back as the same value.
struct SettingWriter {
  Settings settings;

  template <typename Field, typename Range>
  void operator()(const SettingName& name, const Field& field, const Range& range, const char* /*help*/) {
    if constexpr (std::is_enum_v<Field>) {
      settings.emplace_back(name.text, range[static_cast<size_t>(field)]);
    } else {
      settings.emplace_back(name.text, setting_text(field));
    }
  }
  void operator()(const SettingName& name, bool field, const char* /*help*/) {
    settings.emplace_back(name.text, field ? "1" : "0");
  }
  void operator()(const SettingName& name, const std::string& field, const char* /*help*/) {
    settings.emplace_back(name.text, field);
  }
};

template <typename Config>
Settings settings_of(Config config) {
  SettingWriter writer;
  config.visit(writer);
  return std::move(writer.settings);
}

/// Registers the flags of `Config`; the defaults are those of `defaults`.
template <typename Config>
void add_flags(Options& options, Config defaults, Role role = Role::setting) {
  defaults.visit(FlagAdder{options, role});
}

/// `Config` with the values of the flags.
template <typename Config>
Config config_of(const Options& options, Config config = {}) {
  config.visit(SettingReader(options));
  return config;
}

}  // namespace hmem
