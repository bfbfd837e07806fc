#include "hmem/tasks/babi/sweep.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "catch.h"
#include "hmem/sweep/run_record.h"
#include "hmem/tasks/babi/flags.h"
#include "support/error_text.h"
#include "support/temp_folder.h"

using namespace hmem;
using Catch::Matchers::Contains;
using hmem::test::error_text;

namespace {

std::vector<SweepRun> plan(const std::vector<std::string>& training, const std::vector<int64_t>& tasks = {1, 2},
                           int64_t runs = 2) {
  std::vector<std::string> notes;
  return plan_sweep(tasks, runs, "out", training, "", notes);
}

Options task_options(const std::vector<const char*>& flags) {
  Options options = babi_task_single_options();
  std::vector<const char*> argv = {"p"};
  argv.insert(argv.end(), flags.begin(), flags.end());
  options.parse(static_cast<int>(argv.size()), argv.data());
  return options;
}

}  // namespace

TEST_CASE("lists of numbers", "[sweep]") {
  using Numbers = std::vector<int64_t>;
  CHECK(parse_number_list("tasks", "1-3,7", {1, 20}) == Numbers{1, 2, 3, 7});
  CHECK(parse_number_list("tasks", "5,1-2,5", {1, 20}) == Numbers{5, 1, 2});
  CHECK(number_list_text({4}) == "4");
  CHECK(number_list_text({1, 2, 3, 7, 9, 10}) == "1-3,7,9,10");
  CHECK(number_list_text(parse_number_list("tasks", "1-20", {1, 20})) == "1-20");
  for (const char* wrong :
       {"", "0", "21", "1-21", "3-1", "a", "1,", ",1", "1--2", "-1", "1-", "99999999999999999999"}) {
    INFO(wrong);
    CHECK_THAT(error_text<UsageError>([&] {
                 parse_number_list("tasks", wrong, {1, 20});
               }),
               Contains("--tasks: found") && Contains("1..20"));
  }
}

TEST_CASE("comma lists multiply, one folder for every run", "[sweep]") {
  const std::vector<SweepRun> runs = plan({"--hops=1,2", "--keep_best", "--l2", "0,0.1", "--data_dir=generated"});
  CHECK(runs.size() == 2 * 2 * 2 * 2);
  std::set<std::string> folders;
  for (const SweepRun& run : runs) folders.insert(run.folder);
  CHECK(folders.size() == runs.size());
  CHECK(folders.count("out/task2_seed1_hops=2_l2=0.1") == 1);
  const std::vector<std::string> first = {"--task_id=1", "--random_state=1", "--hops=1"};
  CHECK(std::vector<std::string>(runs[0].flags.begin(), runs[0].flags.begin() + 3) == first);
  CHECK(plan({"--data_dir=generated"})[0].folder == "out/task1_seed1");
}

TEST_CASE("what a run would refuse is refused before anything starts", "[sweep]") {
  CHECK_THAT(error_text<UsageError>([] { plan({"--hops=1,x"}); }), Contains("--hops: found 'x'"));
  CHECK_THAT(error_text<UsageError>([] { plan({"--hops=1,1"}); }), Contains("twice"));
  CHECK_THAT(error_text<UsageError>([] { plan({"--hops=1", "--hops=2"}); }), Contains("given twice"));
  CHECK_THAT(error_text<UsageError>([] { plan({"--random_state=3"}); }), Contains("--random_state"));
  CHECK_THAT(error_text<UsageError>([] { plan({"--epochs"}); }), Contains("--epochs: found no value"));
  CHECK_THAT(error_text<UsageError>([] { plan({"--hops=1,", "3"}); }), Contains("unexpected argument '3'"));
  CHECK_THAT(error_text<UsageError>([] { plan({"--l2=0.001,1e-3"}); }), Contains("twice"));
  CHECK_THAT(error_text<UsageError>([] {
               plan({"--write_rule=outer", "--learn_gamma_neg"});
             }),
             Contains("--learn_gamma_neg: found with --write_rule=outer"));
  Options own("babi_sweep", "");
  own.add_int("jobs", 1, "");
  std::vector<std::string> sweep, training;
  divide_arguments({"--jobs", "3", "--epochs", "4", "--keep-best"}, own, {babi_task_single_options()}, sweep, training);
  CHECK(sweep == std::vector<std::string>{"--jobs", "3"});
  CHECK(training == std::vector<std::string>{"--epochs", "4", "--keep-best"});
  sweep.clear();
  divide_arguments({"--epochs", "4", "-h"}, own, {babi_task_single_options()}, sweep, training);
  CHECK(sweep == std::vector<std::string>{"-h"});
  CHECK_THAT(error_text<UsageError>(
                 [&] { divide_arguments({"--job=3"}, own, {babi_task_single_options()}, sweep, training); }),
             Contains("the nearest one is --jobs"));
  CHECK_THAT(error_text<UsageError>(
                 [&] { divide_arguments({"--epohcs=3"}, own, {babi_task_single_options()}, sweep, training); }),
             Contains("the nearest one is --epochs"));
}

TEST_CASE("words for a shell", "[sweep]") {
  CHECK(shell_word("a/b_1=2.5") == "a/b_1=2.5");
  CHECK(shell_word("a b") == "'a b'");
  CHECK(shell_word("it's") == "'it'\\''s'");
  CHECK(shell_word("") == "''");
}

TEST_CASE("a run is done when its file has a final line of the same settings", "[sweep]") {
  const test::TempFolder folder;
  const SweepRun run = plan({"--epochs=2", "--data_dir=generated"}, {1}, 1)[0];
  std::string header = "{\"event\":\"header\",\"program\":\"babi_task_single\",\"seed\":1}\n{\"event\":\"header\"";
  for (const auto& [name, value] : run.settings) header += ",\"" + name + "\":\"" + value + "\"";
  header += "}\n";
  const std::string final_line = "{\"event\":\"final\",\"test_error\":1.5,\"val_error\":2}\n";
  const auto record = [&](const std::string& text) { return read_run_record(folder.write("run.jsonl", text)); };

  CHECK(run.is_done(record(header + final_line)));
  CHECK(record(header + final_line).figure("test_error") == 1.5);
  CHECK_FALSE(run.is_done(record(header)));
  CHECK_FALSE(run.is_done(record("")));
  CHECK_FALSE(run.is_done(record(header + final_line.substr(0, 30))));
  CHECK_FALSE(run.is_done(record(header + final_line + header)));  // begun again
  const RunRecord bad = record(header + "{\"event\":\"ep\n[1]\n\xff\n" + std::string(100000, '[') + "\n" + final_line);
  CHECK(bad.bad_lines == 4);
  CHECK(run.is_done(bad));
  CHECK_FALSE(plan({"--epochs=3", "--data_dir=generated"}, {1}, 1)[0].is_done(record(header + final_line)));
  CHECK_FALSE(plan({"--epochs=2", "--data_dir=generated"}, {1}, 2)[1].is_done(record(header + final_line)));
  CHECK(plan({"--epochs=2", "--threads=2", "--data_dir=generated"}, {1}, 1)[0].is_done(record(header + final_line)));
  CHECK_THROWS_AS(read_run_record(folder.file("missing")), Error);

  // Numbers are compared and not their texts: a model keeps them in single precision.
  const SweepRun rate = plan({"--gamma_pos=0.0123456789", "--data_dir=generated"}, {1}, 1)[0];
  header = "{\"event\":\"header\",\"program\":\"babi_task_single\"}\n{\"event\":\"header\"";
  for (const auto& [name, value] : rate.settings) {
    header += ",\"" + name + "\":\"" + (name == "gamma_pos" ? "0.012345679" : value) + "\"";
  }
  CHECK(rate.is_done(record(header + "}\n" + final_line)));
  CHECK_FALSE(
      plan({"--gamma_pos=0.0123456", "--data_dir=generated"}, {1}, 1)[0].is_done(record(header + "}\n" + final_line)));

  // Runs on other stories are other runs.
  folder.write("en-10k/qa1_x_train.txt", "");
  CHECK_FALSE(plan({"--gamma_pos=0.0123456789", "--data_dir=" + folder.path().string()}, {1}, 1)[0].is_done(
      record(header + "}\n" + final_line)));
  CHECK_FALSE(plan({"--gamma_pos=0.0123456789", "--data_dir=generated", "--test_data_dir=x"}, {1}, 1)[0].is_done(
      record(header + "}\n" + final_line)));
}

TEST_CASE("of several trials the best by validation go on", "[sweep]") {
  const test::TempFolder folder;
  std::vector<SweepRun> runs(6);
  const auto epoch = [](int number, double error, double loss) {
    return R"({"event":"epoch","epoch":)" + std::to_string(number) + R"(,"val_error":)" + std::to_string(error) +
           R"(,"val_loss":)" + std::to_string(loss) + "}\n";
  };
  const std::vector<std::string> lines = {epoch(0, 9, 1) + epoch(1, 5, 1) + epoch(2, 8, 1),
                                          epoch(0, 9, 1) + epoch(1, 4, 2) + epoch(2, 6, 1),
                                          epoch(0, 9, 1) + epoch(1, 4, 1) + epoch(2, 6, 1),
                                          epoch(0, 9, 1) + epoch(1, 8, 1) + epoch(2, 0, 1),
                                          "",
                                          epoch(0, 7, 1) + R"({"event":"epoch","epoch":1,"val_error":null})"};
  for (size_t i = 0; i < runs.size(); ++i) {
    runs[i].folder = folder.file("run" + std::to_string(i));
    std::filesystem::create_directory(runs[i].folder);
    std::ofstream(runs[i].file("run.jsonl")) << lines[i];
  }
  const std::vector<SweepRun> trials = trials_of(runs, 2);
  REQUIRE(trials.size() == 6);
  CHECK(trials[0].flags == std::vector<std::string>{"--stop_after=2"});
  CHECK(trials[0].is_done(record_of(trials[0])));
  CHECK_FALSE(runs[0].is_done(record_of(runs[0])));
  CHECK_FALSE(trials[4].is_done(record_of(trials[4])));
  CHECK_FALSE(trials[5].is_done(record_of(trials[5])));

  const auto chosen = [&](int64_t epochs, int64_t keep) {
    std::vector<std::string> names;
    for (const SweepRun& run : best_trials(runs, 3, epochs, keep)) {
      CHECK(run.flags.empty());
      names.push_back(run.folder.substr(run.folder.size() - 1));
    }
    return names;
  };
  using Names = std::vector<std::string>;
  CHECK(chosen(2, 1) == Names{"2", "5"});
  CHECK(chosen(3, 1) == Names{"2", "3"});
  CHECK(chosen(2, 2) == Names{"2", "1", "5", "3"});
  CHECK(chosen(2, 9) == Names{"2", "1", "0", "5", "3"});
}

TEST_CASE("a preset sets defaults, flags override it", "[sweep]") {
  CHECK(task_options({}).get_int("epochs") == 100);
  CHECK(task_options({"--preset=paper"}).get_int("epochs") == 250);
  CHECK(task_options({"--preset=paper"}).get_int("read_before_write") == 1);
  CHECK_FALSE(task_options({"--preset=paper"}).get_switch("keep_best"));
  CHECK(task_options({"--preset=best"}).get_switch("keep_best"));
  CHECK(task_options({"--epochs=7", "--preset=paper"}).get_int("epochs") == 7);
  CHECK(task_options({"--preset=paper", "--epochs=100"}).get_int("epochs") == 100);
  CHECK_FALSE(task_options({"--preset=paper"}).was_given("epochs"));
  CHECK_THROWS_AS(task_options({"--preset=papers"}), UsageError);
  Options options("p", "");
  options.add_int("a", 1, "", {1, 2});
  CHECK_THROWS_AS(options.add_presets("preset", "", {{"x", {{"a", "3"}}}}), Error);
}
