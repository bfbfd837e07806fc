#include "hmem/core/options.h"

#include <string>
#include <vector>

#include "catch.h"
#include "hmem/core/check.h"
#include "hmem/core/text.h"
#include "support/error_text.h"

namespace hmem {
namespace {

Options sample() {
  Options options("sample", "A program for tests.");
  options.section("Data");
  options.add_int("task_id", 1, "which task", {1, 20});
  options.add_string("data_dir", "", "folder of the data");
  options.section("Training");
  options.add_real("learning_rate", 0.003, "first learning rate", RealRange::above(0));
  options.add_real("validation_split", 0.1, "share held out", RealRange::half_open(0, 1));
  options.add_choice("encodings_type", "learned_encoding", "sentence encoding",
                     {"identity_encoding", "position_encoding", "learned_encoding"});
  options.add_optional_int("random_state", "seed", {0, 1000});
  options.add_switch("quiet", false, "no progress bar");
  options.add_switch("verbose", true, "one line per epoch");
  return options;
}

Options parsed(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "sample");
  Options options = sample();
  options.parse(static_cast<int>(arguments.size()), arguments.data());
  return options;
}

/// Message of the UsageError that the arguments cause.
std::string usage_text(const std::vector<const char*>& arguments) {
  try {
    parsed(arguments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no usage error";
}

TEST_CASE("defaults hold when nothing is given", "[core]") {
  const Options options = parsed({});
  CHECK(options.get_int("task_id") == 1);
  CHECK(options.get_string("data_dir").empty());
  CHECK(options.get_real("learning_rate") == 0.003);
  CHECK(options.get_string("encodings_type") == "learned_encoding");
  CHECK_FALSE(options.get_optional_int("random_state").has_value());
  CHECK_FALSE(options.get_switch("quiet"));
  CHECK(options.get_switch("verbose"));
  CHECK_FALSE(options.was_given("task_id"));
}

TEST_CASE("a program may give a shared flag another default", "[core]") {
  Options options = sample();
  options.set_default("task_id", "7");
  options.set_default("quiet", "1");
  CHECK(options.get_int("task_id") == 7);
  CHECK(options.get_switch("quiet"));
  CHECK_FALSE(options.was_given("task_id"));
  CHECK(options.help_text().find("which task (1..20; default 7)") != std::string::npos);
  const char* argv[] = {"sample", "--task_id=3"};
  options.parse(2, argv);
  CHECK(options.get_int("task_id") == 3);
  CHECK(options.get_switch("quiet"));
  CHECK_THROWS_AS(options.set_default("task_id", "21"), Error);
  CHECK_THROWS_AS(options.set_default("task_id", "x"), Error);
  CHECK(test::error_text([&] { options.set_default("task", "1"); }) == "sample has no flag named 'task'");
}

TEST_CASE("a flag may be written in three ways", "[core]") {
  const std::vector<std::vector<const char*>> spellings = {
      {"--task_id=4"}, {"--task_id", "4"}, {"--task-id", "4"}, {"--task-id=4"}};
  for (const auto& arguments : spellings) {
    const Options options = parsed(arguments);
    CHECK(options.get_int("task_id") == 4);
    CHECK(options.was_given("task_id"));
    CHECK_FALSE(options.was_given("quiet"));
  }
}

TEST_CASE("every type of flag reads its values", "[core]") {
  const Options options = parsed({"--learning_rate=1e-2", "--validation-split", "0", "--random_state=7", "--quiet",
                                  "--verbose=0", "--encodings_type", "position_encoding", "--data_dir=a=b c"});
  CHECK(options.get_real("learning_rate") == 0.01);
  CHECK(options.get_real("validation_split") == 0);
  CHECK(options.get_optional_int("random_state") == 7);
  CHECK(options.get_switch("quiet"));
  CHECK_FALSE(options.get_switch("verbose"));
  CHECK(options.get_string("encodings_type") == "position_encoding");
  CHECK(options.get_string("data_dir") == "a=b c");
  CHECK_FALSE(parsed({"--random_state=none"}).get_optional_int("random_state").has_value());
  CHECK(parsed({"--learning_rate=.5"}).get_real("learning_rate") == 0.5);
  CHECK_FALSE(parsed({"--quiet", "0"}).get_switch("quiet"));
  CHECK(parsed({"--quiet", "--task_id=2"}).get_switch("quiet"));
}

TEST_CASE("malformed and out-of-range values name flag, found and expected", "[core][bad]") {
  const std::vector<std::pair<std::vector<const char*>, std::string>> cases = {
      {{"--task_id=21"}, "--task_id: found '21', expected an integer in 1..20"},
      {{"--task_id", "-1"}, "--task_id: found '-1', expected an integer in 1..20"},
      {{"--task_id=4x"}, "--task_id: found '4x', expected an integer in 1..20"},
      {{"--task_id=1.5"}, "--task_id: found '1.5', expected an integer in 1..20"},
      {{"--task_id="}, "--task_id: found '', expected an integer in 1..20"},
      {{"--task_id= 4"}, "--task_id: found ' 4', expected an integer in 1..20"},
      {{"--task_id=99999999999999999999"}, "--task_id: found '99999999999999999999', expected an integer in 1..20"},
      {{"--task_id"}, "--task_id: found no value, expected an integer in 1..20"},
      {{"--task_id", "--quiet"}, "--task_id: found no value, expected an integer in 1..20"},
      {{"--learning_rate=nan"}, "--learning_rate: found 'nan', expected a number > 0"},
      {{"--learning_rate=inf"}, "--learning_rate: found 'inf', expected a number > 0"},
      {{"--learning_rate=1e999"}, "--learning_rate: found '1e999', expected a number > 0"},
      {{"--learning_rate=0"}, "--learning_rate: found '0', expected a number > 0"},
      {{"--learning_rate=0,5"}, "--learning_rate: found '0,5', expected a number > 0"},
      {{"--validation_split=1"}, "--validation_split: found '1', expected a number in [0, 1)"},
      {{"--validation_split=-0.1"}, "--validation_split: found '-0.1', expected a number in [0, 1)"},
      {{"--random_state=soon"}, "--random_state: found 'soon', expected none or an integer in 0..1000"},
      {{"--quiet=2"}, "--quiet: found '2', expected 0 or 1"},
      {{"--quiet=true"}, "--quiet: found 'true', expected 0 or 1"},
      {{"--encodings_type=other"},
       "--encodings_type: found 'other', expected one of identity_encoding, position_encoding, learned_encoding"},
      {{"--task_id=1", "--task-id=1"}, "--task_id: given twice, expected once"},
      {{"stray"}, "unexpected argument 'stray'; expected --flag=value"},
      {{"-x"}, "unexpected argument '-x'; expected --flag=value"},
      {{"--"}, "unexpected argument '--'; expected --flag=value"},
      {{""}, "unexpected argument ''; expected --flag=value"},
      {{"--quiet=1", "1"}, "unexpected argument '1'; expected --flag=value"},
  };
  for (const auto& [arguments, message] : cases) CHECK(usage_text(arguments) == message);
}

TEST_CASE("an unknown flag names the nearest one", "[core][bad]") {
  CHECK(usage_text({"--tsak_id=4"}) == "unknown flag '--tsak_id'; the nearest one is --task_id");
  CHECK(usage_text({"--learning-rat", "1"}) == "unknown flag '--learning-rat'; the nearest one is --learning_rate");
  CHECK(usage_text({"--quite"}) == "unknown flag '--quite'; the nearest one is --quiet");
  CHECK(usage_text({"--=3"}).find("unknown flag '--'") == 0);
  const std::string endless = "--" + std::string(1000000, 'q');
  CHECK(usage_text({endless.c_str()}).size() < 200);
  Options none("none", "");
  const char* arguments[] = {"none", "--x"};
  CHECK(test::error_text([&] { none.parse(2, arguments); }) == "unknown flag '--x'");
}

TEST_CASE("help and version take precedence over errors", "[core]") {
  CHECK(parsed({"--task_id=99", "--help"}).help_requested());
  CHECK(parsed({"-h"}).help_requested());
  CHECK(parsed({"--version"}).version_requested());
  CHECK_FALSE(parsed({"--task_id=9"}).help_requested());
  Options options = sample();
  options.parse(0, nullptr);
  CHECK(options.get_int("task_id") == 1);
}

TEST_CASE("the list of flags: name, value, role, in order", "[core]") {
  const Options options = parsed({"--task_id=4", "--random_state=3", "--quiet"});
  const Settings expected = {{"task_id", "4"},
                             {"data_dir", ""},
                             {"learning_rate", "0.003"},
                             {"validation_split", "0.1"},
                             {"encodings_type", "learned_encoding"},
                             {"random_state", "3"},
                             {"quiet", "1"},
                             {"verbose", "1"}};
  Settings found;
  for (const Options::Flag& flag : options.flags()) {
    found.emplace_back(flag.name, flag.value);
    CHECK(options.text(flag.name) == flag.value);
    CHECK(flag.given == options.was_given(flag.name));
    CHECK(flag.role == Role::setting);
  }
  CHECK(found == expected);
  CHECK(parsed({}).flags()[5].value == "none");
}

TEST_CASE("files and folders: text with a role, never split at commas", "[core]") {
  Options options("sample", "");
  options.add_file("save", "the model", Role::output);
  options.add_file("load", "another model", Role::place);
  options.add_file("csv", "a table", Role::output);
  options.add_folder("strips", "pictures", Role::output);
  options.add_folder("cache", "features", Role::neutral);
  options.add_string("pairs", "", "tests", Role::test);
  options.add_string("sizes", "", "of the model");
  options.add_int("verbose", 1, "how much", {}, Role::output);
  const char* argv[] = {"sample", "--save=a,b", "--strips", "x y"};
  options.parse(4, argv);
  CHECK(options.get_string("save") == "a,b");
  CHECK(options.get_string("strips") == "x y");
  CHECK(options.get_string("csv").empty());
  CHECK(options.written_files() == std::vector<std::string>{"save", "csv"});
  const std::string help = options.help_text();
  CHECK(help.find("--save FILE") != std::string::npos);
  CHECK(help.find("--strips FOLDER") != std::string::npos);
  std::string whole, files, folders, roles;
  for (const Options::Flag& flag : options.flags()) {
    const auto add = [&flag](std::string& names, bool is) { names += is ? flag.name + " " : ""; };
    add(whole, flag.is_whole());
    add(files, flag.is_file);
    add(folders, flag.is_folder);
    add(roles, flag.role == Role::output);
  }
  CHECK(whole == "save load csv strips cache pairs ");
  CHECK(files == "save load csv ");
  CHECK(folders == "strips cache ");
  CHECK(roles == "save csv strips verbose ");
}

TEST_CASE("the help text shows sections, ranges and defaults, also after parsing", "[core]") {
  const std::string help = parsed({"--task_id=4"}).help_text();
  CAPTURE(help);
  CHECK(help.find("usage: sample [--flag=value ...]\nA program for tests.\n\nData:\n") == 0);
  CHECK(help.find("which task (1..20; default 1)\n") != std::string::npos);
  CHECK(help.find("folder of the data (default empty)\n") != std::string::npos);
  CHECK(help.find("\nTraining:\n  --learning_rate REAL") != std::string::npos);
  CHECK(help.find("(> 0; default 0.003)") != std::string::npos);
  CHECK(help.find("(in [0, 1); default 0.1)") != std::string::npos);
  CHECK(help.find("(identity_encoding, position_encoding, learned_encoding; default learned_encoding)") !=
        std::string::npos);
  CHECK(help.find("--random_state INT|none") != std::string::npos);
  CHECK(help.find("seed (0..1000; default none)") != std::string::npos);
  CHECK(help.find("no progress bar (default 0)") != std::string::npos);
}

TEST_CASE("ranges check their bounds", "[core]") {
  CHECK(RealRange::closed(0, 1).contains(1));
  CHECK_FALSE(RealRange::half_open(0, 1).contains(1));
  CHECK(RealRange::at_least(0).contains(0));
  CHECK_FALSE(RealRange::above(0).contains(0));
  CHECK_FALSE(RealRange{}.contains(std::numeric_limits<double>::infinity()));
  CHECK(RealRange::closed(0, 1).str() == "in [0, 1]");
  CHECK(RealRange{}.str().empty());
  CHECK(IntRange{}.str().empty());
  CHECK(IntRange{1}.str() == ">= 1");
}

TEST_CASE("lists of numbers", "[core]") {
  using Numbers = std::vector<int64_t>;
  CHECK(parse_number_list("tasks", "1-3,7", {1, 20}) == Numbers{1, 2, 3, 7});
  CHECK(parse_number_list("tasks", "5,1-2,5", {1, 20}) == Numbers{5, 1, 2});
  CHECK(number_list_text(parse_number_list("tasks", "1-20", {1, 20})) == "1-20");
  for (const char* wrong :
       {"", "0", "21", "1-21", "3-1", "a", "1,", ",1", "1--2", "-1", "1-", "99999999999999999999"}) {
    INFO(wrong);
    CHECK_THAT(test::error_text<UsageError>([&] {
                 parse_number_list("tasks", wrong, {1, 20});
               }),
               Contains("--tasks: found") && Contains("1..20"));
  }
}

TEST_CASE("programming errors are distinguished from the user's", "[core][bad]") {
  Options options = sample();
  CHECK_THROWS_AS(options.add_int("task_id", 1, "again"), Error);
  CHECK_THROWS_AS(options.add_int("help", 1, "reserved"), Error);
  CHECK_THROWS_AS(options.add_int("task-id2", 1, "dash"), Error);
  CHECK_THROWS_AS(options.add_int("hops", 0, "default out of range", {1, 10}), Error);
  CHECK_THROWS_AS(options.add_choice("mode", "c", "default not listed", {"a", "b"}), Error);
  CHECK_THROWS_AS(options.get_int("unheard_of"), Error);
  CHECK_THROWS_AS(options.get_int("learning_rate"), Error);
  CHECK_THROWS_AS(options.get_real("task_id"), Error);
  CHECK_THROWS_AS(options.get_string("task_id"), Error);
  CHECK_THROWS_AS(options.was_given("unheard_of"), Error);
  try {
    options.get_int("unheard_of");
  } catch (const UsageError&) {
    FAIL("a wrong name in the program is not the user's fault");
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace hmem
