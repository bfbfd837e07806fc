#include "hmem/tasks/babi/flags.h"

#include <string>
#include <vector>

#include "catch.h"
#include "hmem/core/check.h"
#include "support/error_text.h"

using namespace hmem;

namespace {

Options task_options(const std::vector<const char*>& flags, Options options = babi_task_single_options()) {
  std::vector<const char*> argv = {"p"};
  argv.insert(argv.end(), flags.begin(), flags.end());
  options.parse(static_cast<int>(argv.size()), argv.data());
  return options;
}

std::string refused(const std::vector<const char*>& flags, const Options& options = babi_task_single_options()) {
  return test::error_text<UsageError>([&] { check_babi_flags(task_options(flags, options)); });
}

}  // namespace

TEST_CASE("a preset sets defaults, flags override it", "[babi]") {
  CHECK(task_options({}).get_int("epochs") == 100);
  CHECK(task_options({"--preset=paper"}).get_int("epochs") == 250);
  CHECK(task_options({"--preset=paper"}).get_switch("read_before_write"));
  CHECK_FALSE(task_options({"--preset=paper"}).get_switch("keep_best"));
  CHECK(task_options({"--preset=best"}).get_switch("keep_best"));
  CHECK(task_options({"--preset=best"}).get_string("write_rule") == "signed");
  CHECK(task_options({"--preset=1k"}).get_switch("keep_best"));
  CHECK(task_options({"--preset=1k"}).get_string("training_set_size") == "1k");
  CHECK(task_options({"--preset=1k"}).get_int("epochs") == 1500);
  CHECK(task_options({"--preset=best"}).get_int("epochs") == 180);
  CHECK(task_options({"--epochs=7", "--preset=paper"}).get_int("epochs") == 7);
  CHECK(task_options({"--preset=paper", "--epochs=100"}).get_int("epochs") == 100);
  CHECK_FALSE(task_options({"--preset=paper"}).was_given("epochs"));
  CHECK_THROWS_AS(task_options({"--preset=papers"}), UsageError);
  CHECK_THROWS_AS(task_options({"--preset=joint"}), UsageError);
  const Options joint = task_options({"--preset=joint"}, babi_task_joint_options());
  CHECK(joint.get_string("batch_norm") == "none");
  CHECK(joint.get_string("write_rule") == "signed");
  CHECK(joint.get_int("rename_from") < joint.get_int("epochs"));
  Options options("p", "");
  options.add_int("a", 1, "", {1, 2});
  CHECK_THROWS_AS(options.add_presets("preset", "", {{"x", {{"a", "3"}}}}), Error);
}

TEST_CASE("joint training has defaults for stories of very different length", "[babi]") {
  const Options single = task_options({}), joint = task_options({}, babi_task_joint_options());
  CHECK_FALSE(joint.has("task_id"));
  CHECK(joint.get_string("tasks") == "1-20");
  const std::vector<std::string> others = {"max_num_sentences", "keep_latest", "batch_norm"};
  for (const Options::Flag& flag : single.flags()) {
    if (flag.name == "task_id") continue;
    CAPTURE(flag.name);
    const bool same = std::count(others.begin(), others.end(), flag.name) == 0;
    CHECK((joint.text(flag.name) == flag.value) == same);
  }
}

TEST_CASE("flags that contradict each other are refused without data", "[babi][bad]") {
  CHECK_NOTHROW(check_babi_flags(task_options({"--write_rule=outer", "--learn_gamma_pos"})));
  CHECK_THAT(refused({"--write_rule=outer", "--learn_gamma_neg"}),
             Contains("--learn_gamma_neg: found 1 with the write_rule outer"));
  CHECK_THAT(refused({"--keep_best", "--validation_split=0"}), Contains("--keep_best"));
  CHECK_NOTHROW(check_babi_flags(task_options({"--rename=1", "--rename_from=3"})));
  CHECK_NOTHROW(check_babi_flags(task_options({"--rename=0", "--online"})));
  CHECK_THAT(refused({"--rename=0.5", "--online"}), Contains("--rename: found with --online"));
  CHECK_NOTHROW(check_babi_flags(task_options({"--online", "--online_from=3"})));
  CHECK_THAT(refused({"--online_from=3"}), Contains("--online_from: found without --online"));
  CHECK_THAT(refused({"--rename_from=3"}), Contains("--rename_from: found without --rename"));
  const Options baseline = babi_task_baseline_options();
  CHECK_NOTHROW(check_babi_flags(task_options({"--model=lstm", "--hidden_size=5"}, baseline)));
  CHECK_THAT(refused({"--model=memn2n", "--hidden_size=5"}, baseline),
             Contains("--hidden_size: has no effect with --model=memn2n"));
  CHECK_THAT(refused({"--model=lstm", "--hops=2"}, baseline), Contains("--hops: has no effect with --model=lstm"));
}
