#pragma once
/// \file options.h
/// The flags of a program. Each is registered once, with name, default, help, range and role; parsing, `--help`, the
/// printed settings, the record of a run, the settings that a sweep compares and the check for files named twice all
/// follow from that.

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

/// Names and values as text, in order.
using Settings = std::vector<std::pair<std::string, std::string>>;

/// The role of a flag in a run.
enum class Role {
  setting,  ///< results depend on it: records and checkpoints keep it, sweeps compare it and take several values
  place,    ///< an input path: records keep a hash of the content instead
  test,     ///< an additional test; training does not depend on it
  output,   ///< an output file or its format; every run of a sweep has its own
  run,      ///< specific to one run: seed, resuming, stopping; a sweep sets it
  neutral,  ///< results do not depend on it: threads, caches; presets, which act through other flags
  unused,   ///< a flag of the authors' programs, accepted without effect
};

/// "1-3,7" -> 1 2 3 7, in this order and without duplicates, every number in `range`. Throws UsageError naming `flag`.
/// number_list_text() is the inverse.
std::vector<int64_t> parse_number_list(const std::string& flag, const std::string& text, IntRange range);

/// Accepts `--task_id=4`, `--task_id 4` and `--task-id 4`; for switches also the bare `--quiet`.
///
///     Options options("babi_task_single", "Trains H-Mem on one bAbI task.");
///     options.section("Data");
///     options.add_int("task_id", 1, "which of the 20 tasks", {1, 20});
///     options.parse(argc, argv);
///     const int64_t task = options.get_int("task_id");
///
/// Registering a name twice, a default outside of its range, or asking for a name or a type that was not registered is
/// a programming error and throws Error. User errors throw UsageError: one line with the flag, what was found and what
/// was expected.
class Options {
 public:
  Options(std::string program, std::string summary);

  /// Starts a titled group in the help text.
  void section(std::string title);
  void add_int(std::string name, int64_t value, std::string help, IntRange range = {}, Role role = Role::setting);
  /// An integer or the word "none", which is the default.
  void add_optional_int(std::string name, std::string help, IntRange range = {}, Role role = Role::setting);
  void add_real(std::string name, double value, std::string help, RealRange range = {}, Role role = Role::setting);
  void add_string(std::string name, std::string value, std::string help, Role role = Role::setting);
  void add_choice(std::string name, std::string value, std::string help, std::vector<std::string> choices,
                  Role role = Role::setting);
  /// A switch: 0 or 1; the bare flag means 1.
  void add_switch(std::string name, bool value, std::string help, Role role = Role::setting);
  /// A path, empty by default. A sweep does not split it at commas.
  void add_file(std::string name, std::string help, Role role);
  void add_folder(std::string name, std::string help, Role role);

  /// Changes the default of a registered flag, for programs that share flags with different defaults. Call it before
  /// parse(). Throws Error for a value that the flag does not allow.
  void set_default(std::string_view name, std::string_view text);

  /// Registers a choice between "none" (the default) and named lists of defaults. The chosen list applies to flags that
  /// the user did not give. All flags in the lists must be registered first.
  struct Preset {
    std::string name;
    std::vector<std::pair<std::string, std::string>> values;
  };
  void add_presets(std::string name, std::string help, std::vector<Preset> presets);

  /// Reads the command line; `argv[0]` is skipped. `--help` (or `-h`), `--help=FORMAT` and `--version` take precedence
  /// over everything else and change no value.
  void parse(int argc, const char* const* argv);
  bool help_requested() const { return help_requested_; }
  /// FORMAT of `--help=FORMAT`; "text" for the bare `--help`.
  const std::string& help_format() const { return help_format_; }
  bool version_requested() const { return version_requested_; }

  int64_t get_int(std::string_view name) const;
  std::optional<int64_t> get_optional_int(std::string_view name) const;
  double get_real(std::string_view name) const;
  /// Also the value of a choice.
  const std::string& get_string(std::string_view name) const;
  bool get_switch(std::string_view name) const;
  /// Whether the user gave the flag; false for a default.
  bool was_given(std::string_view name) const;

  /// Whether the flag exists; `-` is read as `_`.
  bool has(std::string_view name) const;

  const std::string& program() const { return program_; }
  const std::string& summary() const { return summary_; }
  /// The value of any flag as text.
  std::string text(std::string_view name) const;
  struct Flag {
    std::string name, value;
    Role role;
    bool given, is_file, is_folder;
    std::string section, type, range, default_value, help;  ///< for manuals

    /// Whether commas in the value do not separate values of a sweep: paths, and texts that are lists themselves.
    bool is_whole() const { return is_file || is_folder || role == Role::test; }
  };
  /// Every flag, in the order of registration.
  std::vector<Flag> flags() const;
  /// Every flag with its default.
  Settings defaults() const;
  /// Names of the flags for output files.
  std::vector<std::string> written_files() const;
  /// Usage, then every flag by section with type, help, range and default.
  std::string help_text() const;

 private:
  enum class Kind { integer, optional_integer, number, text, choice, on_off, file, folder };
  using Value = std::variant<std::monostate, int64_t, double, std::string>;  // monostate: "none"

  struct Option {
    std::string name;
    Kind kind = Kind::text;
    Value value;
    std::string help;
    Role role = Role::setting;
    IntRange int_range{};
    RealRange real_range{};
    std::vector<std::string> choices{};
    std::string section{};
    Value default_value{};
    bool given = false;

    bool is_text() const { return kind == Kind::text || kind == Kind::choice || is_path(); }
    bool is_path() const { return kind == Kind::file || kind == Kind::folder; }
    std::string type_name() const;
    std::string range() const;
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
  std::string help_format_ = "text";
  bool version_requested_ = false;
};

}  // namespace hmem
