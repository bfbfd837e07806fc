#pragma once
/// \file options.h
/// The flags of a program. Each is registered once, with name, default, help and range; parsing, `--help`, the printed
/// settings and the record of a run all follow from that.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace hmem {

/// Integers low..high, both included.
struct IntRange {
  int64_t low = std::numeric_limits<int64_t>::min();
  int64_t high = std::numeric_limits<int64_t>::max();

  bool contains(int64_t value) const { return low <= value && value <= high; }
  /// "1..20", ">= 1", "" when everything is allowed.
  std::string str() const;
};

/// Finite numbers between low and high; an end may be left out.
struct RealRange {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false;
  bool high_open = false;

  static RealRange at_least(double low) { return {low, std::numeric_limits<double>::infinity(), false, false}; }
  static RealRange above(double low) { return {low, std::numeric_limits<double>::infinity(), true, false}; }
  /// [low, high]
  static RealRange closed(double low, double high) { return {low, high, false, false}; }
  /// [low, high)
  static RealRange half_open(double low, double high) { return {low, high, false, true}; }

  bool contains(double value) const;
  /// ">= 0", "> 0", "in [0, 1)", "" when everything is allowed.
  std::string str() const;
};

/// Accepts `--task_id=4`, `--task_id 4` and `--task-id 4`; for switches also the bare `--quiet`.
///
///     Options options("babi_task_single", "Trains H-Mem on one bAbI task.");
///     options.section("Data");
///     options.add_int("task_id", 1, "which of the 20 tasks", {1, 20});
///     options.parse(argc, argv);
///     const int64_t task = options.get_int("task_id");
///
/// Registering a name twice, a default outside of its range, or asking for a name or a type that was not registered is
/// a programming error and throws Error. Whatever the user can do wrong throws UsageError: one line that names the
/// flag, what was found and what was expected.
class Options {
 public:
  Options(std::string program, std::string summary);

  /// Starts a titled group in the help text.
  void section(std::string title);
  void add_int(std::string name, int64_t value, std::string help, IntRange range = {});
  /// An integer or the word "none", which is the default.
  void add_optional_int(std::string name, std::string help, IntRange range = {});
  void add_real(std::string name, double value, std::string help, RealRange range = {});
  void add_string(std::string name, std::string value, std::string help);
  void add_choice(std::string name, std::string value, std::string help, std::vector<std::string> choices);
  /// A switch: 0 or 1; the bare flag means 1.
  void add_switch(std::string name, bool value, std::string help);

  /// Another default for a flag that is registered: programs share flags, not every value suits all of them. To be
  /// called before parse(). Throws Error for a value that the flag does not allow.
  void set_default(std::string_view name, std::string_view text);

  /// Registers a choice between "none" (the default) and named lists of defaults: the values of the one that is given
  /// hold for flags that are not. All their flags must be registered before.
  struct Preset {
    std::string name;
    std::vector<std::pair<std::string, std::string>> values;
  };
  void add_presets(std::string name, std::string help, std::vector<Preset> presets);

  /// Reads the command line; `argv[0]` is skipped. `--help` (or `-h`) and `--version` win over everything else and
  /// leave the values alone.
  void parse(int argc, const char* const* argv);
  bool help_requested() const { return help_requested_; }
  bool version_requested() const { return version_requested_; }

  int64_t get_int(std::string_view name) const;
  std::optional<int64_t> get_optional_int(std::string_view name) const;
  double get_real(std::string_view name) const;
  /// Also the value of a choice.
  const std::string& get_string(std::string_view name) const;
  bool get_switch(std::string_view name) const;
  /// Whether the user gave the flag (and not only the default).
  bool was_given(std::string_view name) const;

  /// Whether there is such a flag; `-` is read as `_`.
  bool has(std::string_view name) const;

  const std::string& program() const { return program_; }
  /// Every flag with its value as text, in the order of registration.
  std::vector<std::pair<std::string, std::string>> settings() const;
  /// Usage, then every flag by section with type, help, range and default.
  std::string help_text() const;

 private:
  enum class Kind { kInt, kOptionalInt, kReal, kString, kChoice, kSwitch };
  using Value = std::variant<std::monostate, int64_t, double, std::string>;  // monostate: "none"

  struct Option {
    std::string name;
    Kind kind = Kind::kString;
    Value value;
    std::string help;
    IntRange int_range{};
    RealRange real_range{};
    std::vector<std::string> choices{};
    std::string section{};
    Value default_value{};
    bool given = false;

    std::string type_name() const;
    std::string expectation() const;
    bool accepts(const Value& candidate) const;
    std::optional<Value> read(std::string_view text) const;
  };

  void add(Option option);
  const Option& find(std::string_view name) const;
  const Option& find(std::string_view name, Kind kind) const;
  Option& find_flag(std::string_view flag);
  void apply_preset();
  const Option& nearest(std::string_view name) const;

  std::string program_;
  std::string summary_;
  std::string section_ = "Flags";
  std::vector<Option> options_;
  std::string preset_flag_;
  std::vector<Preset> presets_;
  bool help_requested_ = false;
  bool version_requested_ = false;
};

}  // namespace hmem
