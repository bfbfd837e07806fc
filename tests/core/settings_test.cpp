#include "hmem/core/settings.h"

#include <limits>
#include <map>
#include <string>
#include <vector>

#include "catch.h"
#include "support/error_text.h"

namespace hmem {
namespace {

enum class Colour { red, green };

/// A field of every kind.
struct Config {
  int64_t steps = 3;
  int hops = 2;
  float rate = 0.01f;
  double decay = 0.1;
  Colour colour = Colour::green;
  bool online = false;
  std::string name = "x";

  template <typename Visitor>
  void visit(Visitor&& v) {
    v("steps", steps, IntRange{1}, "steps of it");
    v("hops", hops, IntRange{1, 16}, "hops of it");
    v("rate", rate, RealRange::above(0), "rate of it");
    v("decay", decay, RealRange::half_open(0, 1), "decay of it");
    v("colour", colour, Names{"red", "green"}, "colour of it");
    v("online", online, "whether it is");
    v("name", name, "name of it");
  }
};

const Settings kDefaults = {{"steps", "3"},      {"hops", "2"},   {"rate", "0.01"}, {"decay", "0.1"},
                            {"colour", "green"}, {"online", "0"}, {"name", "x"}};
const Settings kOthers = {{"steps", "900719925474099"},
                          {"hops", "16"},
                          {"rate", "0.3333333"},
                          {"decay", "1e-300"},
                          {"colour", "red"},
                          {"online", "1"},
                          {"name", "a=b, c"}};

Options options_of(const std::vector<const char*>& arguments, Role role = Role::setting) {
  Options options("program", "");
  add_flags(options, Config(), role);
  std::vector<const char*> argv = {"program"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  options.parse(static_cast<int>(argv.size()), argv.data());
  return options;
}

/// From text, with `changed` in place of the default of `name`.
Config read(const std::string& name, const std::string& changed) {
  std::map<std::string, std::string> values(kDefaults.begin(), kDefaults.end());
  values.at(name) = changed;
  Config config;
  config.visit(SettingReader([&](const SettingName& key) { return values.at(key.text); }, "file"));
  return config;
}

TEST_CASE("a setting registers its flag: default, range, help, role", "[core]") {
  const Options options = options_of({});
  const std::string help = options.help_text();
  CAPTURE(help);
  CHECK(help.find("  --steps INT    steps of it (>= 1; default 3)\n"
                  "  --hops INT     hops of it (1..16; default 2)\n"
                  "  --rate REAL    rate of it (> 0; default 0.01)\n"  // not 0.009999999776
                  "  --decay REAL   decay of it (in [0, 1); default 0.1)\n"
                  "  --colour NAME  colour of it (red, green; default green)\n"
                  "  --online 0|1   whether it is (default 0)\n"
                  "  --name TEXT    name of it (default x)\n") != std::string::npos);
  for (const Options::Flag& flag : options.flags()) CHECK(flag.role == Role::setting);
  for (const Options::Flag& flag : options_of({}, Role::unused).flags()) CHECK(flag.role == Role::unused);
  CHECK_THROWS_AS(options_of({"--colour=blue"}), UsageError);
  CHECK_THROWS_AS(options_of({"--hops=17"}), UsageError);

  Options shared("program", "");
  shared.add_int("hops", 5, "of another model", {1, 9});
  add_flags(shared, Config());
  CHECK(shared.get_int("hops") == 5);  // the first registration stays
}

TEST_CASE("settings are written in the form in which they are read, from flags and from text", "[core]") {
  CHECK(settings_of(Config()) == kDefaults);
  CHECK(settings_of(config_of<Config>(options_of({}))) == kDefaults);
  const Options given = options_of({"--steps=900719925474099", "--hops=16", "--rate=0.3333333", "--decay=1e-300",
                                    "--colour=red", "--online", "--name=a=b, c"});
  const Config config = config_of<Config>(given);
  CHECK(config.steps == 900719925474099);
  CHECK(config.hops == 16);
  CHECK(config.rate == 0.3333333f);
  CHECK(config.decay == 1e-300);
  CHECK(config.colour == Colour::red);
  CHECK(config.online);
  CHECK(config.name == "a=b, c");
  CHECK(settings_of(config) == kOthers);

  for (size_t i = 0; i < kOthers.size(); ++i) {
    const auto& [name, value] = kOthers[i];
    Settings expected = kDefaults;
    expected[i].second = value;
    CHECK(settings_of(read(name, value)) == expected);
  }
  for (const float value : {1.0f / 3, std::numeric_limits<float>::max(), std::numeric_limits<float>::denorm_min()}) {
    Config exact;
    exact.rate = value;
    CHECK(read("rate", settings_of(exact)[2].second).rate == value);
  }
}

TEST_CASE("a setting refuses what its flag would refuse, and says where", "[core][bad]") {
  const auto refused = [](const std::string& name, const std::string& text) {
    return test::error_text([&] { read(name, text); });
  };
  CHECK(refused("steps", "0") == "file: steps is '0', expected a number >= 1");
  CHECK(refused("hops", "17") == "file: hops is '17', expected a number in 1..16");
  CHECK(refused("hops", "1.5") == "file: hops is '1.5', expected a number in 1..16");
  CHECK(refused("rate", "0") == "file: rate is '0', expected a number > 0");
  CHECK(refused("decay", "1") == "file: decay is '1', expected a number in [0, 1)");
  CHECK(refused("colour", "blue") == "file: colour is 'blue', expected one of red, green");
  CHECK(refused("online", "true") == "file: online is 'true', expected 0 or 1");
  for (const char* text : {"", " 2", "2 ", "two", "nan", "inf", "99999999999999999999"}) {
    CAPTURE(text);
    CHECK(refused("hops", text).find("file: hops is '") == 0);
  }
  // Finite, but not in the precision of the field.
  for (const char* text : {"1e99", "1e-99"}) {
    CHECK(refused("rate", text).find("expected a number that 32-bit floating point can hold") != std::string::npos);
  }
  CHECK(test::error_text([] { config_of<Config>(Options("program", "")); }) == "program has no flag named 'steps'");
}

}  // namespace
}  // namespace hmem
