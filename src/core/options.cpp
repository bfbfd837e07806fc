#include "hmem/core/options.h"

#include <algorithm>
#include <cmath>

#include "hmem/core/check.h"
#include "hmem/core/text.h"

namespace hmem {

namespace {

constexpr int64_t kNoLow = std::numeric_limits<int64_t>::min();
constexpr int64_t kNoHigh = std::numeric_limits<int64_t>::max();

template <typename... Parts>
[[noreturn]] void usage_error(const Parts&... parts) {
  throw UsageError(detail::join_text(parts...));
}

std::string with_underscores(std::string_view name) {
  std::string result(name);
  std::replace(result.begin(), result.end(), '-', '_');
  return result;
}

struct ValueText {
  std::string operator()(std::monostate) const { return "none"; }
  std::string operator()(int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return format_real(value); }
  std::string operator()(const std::string& value) const { return value; }
};

}  // namespace

std::string IntRange::str() const {
  if (low == kNoLow && high == kNoHigh) return "";
  if (high == kNoHigh) return ">= " + std::to_string(low);
  if (low == kNoLow) return "<= " + std::to_string(high);
  return std::to_string(low) + ".." + std::to_string(high);
}

bool RealRange::contains(double value) const {
  return std::isfinite(value) && (low_open ? value > low : value >= low) && (high_open ? value < high : value <= high);
}

std::string RealRange::str() const {
  const bool has_low = std::isfinite(low), has_high = std::isfinite(high);
  if (!has_low && !has_high) return "";
  if (!has_high) return (low_open ? "> " : ">= ") + format_real(low);
  if (!has_low) return (high_open ? "< " : "<= ") + format_real(high);
  return std::string("in ") + (low_open ? "(" : "[") + format_real(low) + ", " + format_real(high) +
         (high_open ? ")" : "]");
}

std::vector<int64_t> parse_number_list(const std::string& flag, const std::string& text, IntRange range) {
  std::vector<int64_t> numbers;
  for (const std::string& part : split_at_commas(text)) {
    const size_t dash = part.find('-');
    const auto first = parse_number<int64_t>(part.substr(0, dash));
    const auto last = dash == std::string::npos ? first : parse_number<int64_t>(part.substr(dash + 1));
    if (!first || !last || *first > *last || !range.contains(*first) || !range.contains(*last)) {
      usage_error("--", flag, ": found ", quote(part), ", expected numbers and ranges in ", range.str(), ", as 1-3,7");
    }
    for (int64_t value = *first; value <= *last; ++value) {
      if (std::find(numbers.begin(), numbers.end(), value) == numbers.end()) numbers.push_back(value);
    }
  }
  return numbers;
}

std::string Options::Option::type_name() const {
  static constexpr const char* kNames[] = {"INT", "INT|none", "REAL", "TEXT", "NAME", "0|1", "FILE", "FOLDER"};
  return kNames[static_cast<size_t>(kind)];
}

std::string Options::Option::range() const {
  if (kind == Kind::choice) return join(choices, ", ");
  return kind == Kind::number ? real_range.str() : kind == Kind::on_off ? "" : int_range.str();
}

std::string Options::Option::expectation() const {
  static constexpr const char* kKinds[] = {
      "an integer", "none or an integer", "a number", "text", "one of", "0 or 1", "text", "text"};
  const std::string allowed = range();
  const bool bounds = kind == Kind::integer || kind == Kind::optional_integer;
  return kKinds[static_cast<size_t>(kind)] +
         (allowed.empty() ? "" : (bounds && allowed[0] != '>' ? " in " : " ") + allowed);
}

bool Options::Option::accepts(const Value& candidate) const {
  if (is_text()) return kind != Kind::choice || contains(choices, std::get<std::string>(candidate));
  if (kind == Kind::number) return real_range.contains(std::get<double>(candidate));
  if (kind == Kind::optional_integer && std::holds_alternative<std::monostate>(candidate)) return true;
  return int_range.contains(std::get<int64_t>(candidate));
}

std::optional<Options::Value> Options::Option::read(std::string_view text) const {
  Value result;
  if (is_text()) {
    result = std::string(text);
  } else if (kind == Kind::number) {
    const auto number = parse_number<double>(text);
    if (!number) return std::nullopt;
    result = *number;
  } else if (kind != Kind::optional_integer || text != "none") {
    const auto number = parse_number<int64_t>(text);
    if (!number) return std::nullopt;
    result = *number;
  }
  if (!accepts(result)) return std::nullopt;
  return result;
}

Options::Options(std::string program, std::string summary)
    : program_(std::move(program)), summary_(std::move(summary)) {}

void Options::section(std::string title) { section_ = std::move(title); }

void Options::add(Option option) {
  const std::string& name = option.name;
  const auto is_allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  HMEM_CHECK(!name.empty() && std::all_of(name.begin(), name.end(), is_allowed),
             "a flag is named with small letters, digits and underscores, found ", quote(name));
  HMEM_CHECK(name != "help" && name != "version", "every program has --", name, " already");
  for (const Option& other : options_) HMEM_CHECK(other.name != name, "flag --", name, " is registered twice");
  HMEM_CHECK(option.accepts(option.value), "the default of --", name, " must be ", option.expectation(), ", found ",
             std::visit(ValueText{}, option.value));
  option.section = section_;
  option.default_value = option.value;
  options_.push_back(std::move(option));
}

void Options::add_int(std::string name, int64_t value, std::string help, IntRange range, Role role) {
  add({std::move(name), Kind::integer, value, std::move(help), role, range});
}

void Options::add_optional_int(std::string name, std::string help, IntRange range, Role role) {
  add({std::move(name), Kind::optional_integer, std::monostate{}, std::move(help), role, range});
}

void Options::add_real(std::string name, double value, std::string help, RealRange range, Role role) {
  add({std::move(name), Kind::number, value, std::move(help), role, {}, range});
}

void Options::add_string(std::string name, std::string value, std::string help, Role role) {
  add({std::move(name), Kind::text, std::move(value), std::move(help), role});
}

void Options::add_choice(std::string name, std::string value, std::string help, std::vector<std::string> choices,
                         Role role) {
  add({std::move(name), Kind::choice, std::move(value), std::move(help), role, {}, {}, std::move(choices)});
}

void Options::add_switch(std::string name, bool value, std::string help, Role role) {
  add({std::move(name), Kind::on_off, int64_t{value}, std::move(help), role, {0, 1}});
}

void Options::add_file(std::string name, std::string help, Role role) {
  add({std::move(name), Kind::file, std::string(), std::move(help), role});
}

void Options::add_folder(std::string name, std::string help, Role role) {
  add({std::move(name), Kind::folder, std::string(), std::move(help), role});
}

void Options::set_default(std::string_view name, std::string_view text) {
  Option& option = find_flag(find(name).name);
  const auto value = option.read(text);
  HMEM_CHECK(value.has_value(), "the default of --", name, " must be ", option.expectation(), ", found ", quote(text));
  option.value = option.default_value = *value;
}

void Options::add_presets(std::string name, std::string help, std::vector<Preset> presets) {
  HMEM_CHECK(preset_flag_.empty(), "presets are registered already, as --", preset_flag_);
  std::vector<std::string> names = {"none"};
  for (const Preset& preset : presets) {
    names.push_back(preset.name);
    for (const auto& [flag, text] : preset.values) {
      HMEM_CHECK(find(flag).read(text).has_value(), "preset ", preset.name, ": --", flag, " must be ",
                 find(flag).expectation(), ", found ", quote(text));
    }
  }
  preset_flag_ = name;
  presets_ = std::move(presets);
  add_choice(std::move(name), "none", std::move(help), std::move(names), Role::neutral);
}

void Options::apply_preset() {
  if (preset_flag_.empty()) return;
  for (const Preset& preset : presets_) {
    if (preset.name != get_string(preset_flag_)) continue;
    for (const auto& [flag, text] : preset.values) {
      Option& option = find_flag(flag);
      if (!option.given) option.value = *option.read(text);
    }
  }
}

bool Options::has(std::string_view name) const {
  const std::string wanted = with_underscores(name);
  return std::any_of(options_.begin(), options_.end(), [&](const Option& option) { return option.name == wanted; });
}

const Options::Option& Options::find(std::string_view name) const {
  for (const Option& option : options_) {
    if (option.name == name) return option;
  }
  fail(program_, " has no flag named ", quote(name));
}

const Options::Option& Options::find(std::string_view name, Kind kind) const {
  const Option& option = find(name);
  HMEM_CHECK(option.kind == kind, "flag --", name, " holds ", option.expectation(), " and was asked for another type");
  return option;
}

const Options::Option& Options::nearest(std::string_view name) const {
  return *std::min_element(options_.begin(), options_.end(), [&](const Option& a, const Option& b) {
    return edit_distance(a.name, name) < edit_distance(b.name, name);
  });
}

Options::Option& Options::find_flag(std::string_view flag) {
  constexpr size_t kMaxName = 100;  // the distance of two texts costs the product of their lengths
  const std::string name = with_underscores(flag.substr(0, kMaxName));
  for (Option& option : options_) {
    if (option.name == name && flag.size() <= kMaxName) return option;
  }
  const std::string shown = quote("--" + std::string(flag));
  if (options_.empty()) usage_error("unknown flag ", shown);
  usage_error("unknown flag ", shown, "; the nearest one is --", nearest(name).name);
}

void Options::parse(int argc, const char* const* argv) {
  std::vector<std::string_view> arguments;
  for (int i = 1; i < argc; ++i) arguments.emplace_back(argv[i]);
  for (std::string_view argument : arguments) {
    if (argument == "--help" || argument == "-h") help_requested_ = true;
    if (argument.rfind("--help=", 0) == 0) {
      help_requested_ = true;
      help_format_ = argument.substr(7);
    }
    if (argument == "--version") version_requested_ = true;
  }
  if (help_requested_ || version_requested_) return;

  const auto is_flag = [](std::string_view argument) { return argument.size() > 2 && argument.substr(0, 2) == "--"; };
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (!is_flag(argument)) usage_error("unexpected argument ", quote(argument), "; expected --flag=value");
    const size_t equals = argument.find('=');
    Option& option = find_flag(argument.substr(2, equals == std::string_view::npos ? equals : equals - 2));
    if (option.given) usage_error("--", option.name, ": given twice, expected once");
    option.given = true;

    std::string_view text = "1";
    if (equals != std::string_view::npos) {
      text = argument.substr(equals + 1);
    } else if (i + 1 < arguments.size() && !is_flag(arguments[i + 1])) {
      text = arguments[++i];
    } else if (option.kind != Kind::on_off) {
      usage_error("--", option.name, ": found no value, expected ", option.expectation());
    }
    auto value = option.read(text);
    if (!value) usage_error("--", option.name, ": found ", quote(text), ", expected ", option.expectation());
    option.value = *std::move(value);
  }
  apply_preset();
}

int64_t Options::get_int(std::string_view name) const { return std::get<int64_t>(find(name, Kind::integer).value); }

std::optional<int64_t> Options::get_optional_int(std::string_view name) const {
  const Value& value = find(name, Kind::optional_integer).value;
  if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
  return std::get<int64_t>(value);
}

double Options::get_real(std::string_view name) const { return std::get<double>(find(name, Kind::number).value); }

const std::string& Options::get_string(std::string_view name) const {
  const Option& option = find(name);
  return std::get<std::string>(find(name, option.is_text() ? option.kind : Kind::text).value);
}

bool Options::get_switch(std::string_view name) const { return std::get<int64_t>(find(name, Kind::on_off).value) != 0; }

bool Options::was_given(std::string_view name) const { return find(name).given; }

std::string Options::text(std::string_view name) const { return std::visit(ValueText{}, find(name).value); }

Settings Options::defaults() const {
  Settings result;
  for (const Option& option : options_) result.emplace_back(option.name, std::visit(ValueText{}, option.default_value));
  return result;
}

std::vector<Options::Flag> Options::flags() const {
  std::vector<Flag> result;
  for (const Option& option : options_) {
    result.push_back({option.name, std::visit(ValueText{}, option.value), option.role, option.given,
                      option.kind == Kind::file, option.kind == Kind::folder, option.section, option.type_name(),
                      option.range(), std::visit(ValueText{}, option.default_value), option.help});
  }
  return result;
}

std::vector<std::string> Options::written_files() const {
  std::vector<std::string> names;
  for (const Option& option : options_) {
    if (option.role == Role::output && option.kind == Kind::file) names.push_back(option.name);
  }
  return names;
}

std::string Options::help_text() const {
  const auto left_column = [](const Flag& flag) { return "  --" + flag.name + " " + flag.type; };
  const std::vector<Flag> all = flags();
  size_t width = 0;
  for (const Flag& flag : all) width = std::max(width, left_column(flag).size() + 2);

  std::string text = "usage: " + program_ + " [--flag=value ...]\n" + summary_ + "\n", section;
  for (const Flag& flag : all) {
    if (flag.section != section) text += "\n" + flag.section + ":\n";
    section = flag.section;
    std::string left = left_column(flag);
    left.resize(width, ' ');
    const std::string range = flag.range.empty() ? "" : flag.range + "; ";
    text += left + flag.help + " (" + range + "default " + (flag.default_value.empty() ? "empty" : flag.default_value) +
            ")\n";
  }
  std::string left = "  --help, --version";
  left.resize(std::max(width, left.size() + 2), ' ');
  return text + "\n" + left + "print this help or the version, and exit\n";
}

}  // namespace hmem
