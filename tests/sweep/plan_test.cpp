#include "hmem/sweep/plan.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "catch.h"
#include "hmem/core/check.h"
#include "hmem/train/experiment.h"
#include "support/error_text.h"
#include "support/temp_folder.h"

using namespace hmem;
using hmem::test::error_text;

namespace {

using Words = std::vector<std::string>;

/// A training program with flags of every role.
Options program_options() {
  Options options("train_one", "");
  options.add_int("task_id", 1, "", {1, 20});
  options.add_folder("data_dir", "", Role::place);
  options.add_string("test_pairs", "", "", Role::test);
  options.add_int("hops", 3, "", {1, 16});
  options.add_real("gamma_pos", 0.01, "");
  options.add_real("validation_split", 0.1, "");
  options.add_int("replicas", 1, "", {}, Role::unused);
  add_training_flags(options, TrainingSettings());
  add_output_flags(options);
  return options;
}

std::vector<SweepRun> plan(const Words& training, const std::vector<int64_t>& tasks = {1, 2}, int64_t runs = 2) {
  const SweepProgram program = {"", program_options(), check_training_flags};
  return plan_runs({program}, {"task_id", "task", tasks, {}, {}}, runs, "out", training, "");
}

SweepRun first_run(const Words& training) { return plan(training, {1}, 1)[0]; }

std::string refused(const Words& training) {
  return error_text<UsageError>([&] { plan(training); });
}

}  // namespace

TEST_CASE("comma lists multiply, one folder for every run", "[sweep]") {
  const std::vector<SweepRun> runs =
      plan({"--hops=1,2", "--keep_best", "--l2", "0,0.1", "--data_dir=a,b", "--test_pairs=2,4"});
  CHECK(runs.size() == 2 * 2 * 2 * 2);
  std::set<std::string> folders;
  for (const SweepRun& run : runs) folders.insert(run.folder);
  CHECK(folders.size() == runs.size());
  CHECK(folders.count("out/task2_seed1_hops=2_l2=0.1") == 1);
  const Words first = {"--task_id=1", "--random_state=1", "--hops=1"};
  CHECK(Words(runs[0].flags.begin(), runs[0].flags.begin() + 3) == first);
  const Words& flags = runs.back().flags;
  for (const char* flag : {"--task_id=2", "--random_state=2", "--hops=2", "--keep_best", "--l2=0.1", "--data_dir=a,b",
                           "--test_pairs=2,4", "--threads=1", "--out=out/task2_seed2_hops=2_l2=0.1/run.jsonl",
                           "--checkpoint=out/task2_seed2_hops=2_l2=0.1/checkpoint.safetensors",
                           "--save=out/task2_seed2_hops=2_l2=0.1/model.safetensors", "--resume"}) {
    CAPTURE(flag);
    CHECK(std::count(flags.begin(), flags.end(), flag) == 1);
  }
  CHECK(flags.size() == 12);
  CHECK(runs.back().varied == "hops=2 l2=0.1");
  CHECK(runs.back().label.to_text() == "task=2 seed=2");
  CHECK(plan({})[0].folder == "out/task1_seed1");
}

TEST_CASE("what a run would refuse is refused before anything starts", "[sweep]") {
  CHECK_THAT(refused({"--hops=1,x"}), Contains("--hops: found 'x'"));
  CHECK_THAT(refused({"--hops=1,1"}), Contains("twice"));
  CHECK_THAT(refused({"--hops=1", "--hops=2"}), Contains("given twice"));
  CHECK_THAT(refused({"--random_state=3"}), Contains("--random_state: found in a sweep"));
  CHECK_THAT(refused({"--task_id=3"}), Contains("--task_id: found in a sweep"));
  CHECK_THAT(refused({"--save=x"}), Contains("--save: found in a sweep"));
  CHECK_THAT(refused({"--replicas=2"}), Contains("--replicas: has no effect"));
  CHECK_THAT(refused({"--epochs"}), Contains("--epochs: found no value"));
  CHECK_THAT(refused({"--hops=1,", "3"}), Contains("unexpected argument '3'"));
  CHECK_THAT(refused({"--l2=0.001,1e-3"}), Contains("twice"));
  CHECK_THAT(refused({"--keep_best", "--validation_split=0,0.1"}), Contains("--keep_best: found with"));
  CHECK_THAT(error_text<UsageError>([] { plan({}, {1}, 1000001); }), Contains("--runs: more than 1000000 runs"));
  CHECK(plan({}, {1}, 1000).size() == 1000);
  Options own("sweep", "");
  own.add_int("jobs", 1, "");
  Words sweep, training;
  divide_arguments({"--jobs", "3", "--epochs", "4", "--keep-best"}, own, {program_options()}, sweep, training);
  CHECK(sweep == Words{"--jobs", "3"});
  CHECK(training == Words{"--epochs", "4", "--keep-best"});
  sweep.clear();
  divide_arguments({"--epochs", "4", "-h"}, own, {program_options()}, sweep, training);
  CHECK(sweep == Words{"-h"});
  CHECK_THAT(error_text<UsageError>([&] { divide_arguments({"--job=3"}, own, {program_options()}, sweep, training); }),
             Contains("the nearest one is --jobs"));
  CHECK_THAT(
      error_text<UsageError>([&] { divide_arguments({"--epohcs=3"}, own, {program_options()}, sweep, training); }),
      Contains("the nearest one is --epochs"));
}

TEST_CASE("words are quoted for a shell", "[sweep]") {
  CHECK(shell_word("a/b_1=2.5") == "a/b_1=2.5");
  CHECK(shell_word("a b") == "'a b'");
  CHECK(shell_word("it's") == "'it'\\''s'");
  CHECK(shell_word("") == "''");
}

TEST_CASE("a run is done when its file has a final line of the same settings", "[sweep]") {
  const test::TempFolder folder;
  const SweepRun run = first_run({"--epochs=2"});
  std::string header = "{\"event\":\"header\",\"program\":\"train_one\",\"seed\":1}\n{\"event\":\"header\"";
  for (const auto& [name, value] : run.settings) header += ",\"" + name + "\":\"" + value + "\"";
  header += "}\n";
  const std::string final_line = "{\"event\":\"final\",\"test_error\":1.5,\"val_error\":2}\n";
  const auto record = [&](const std::string& text) { return read_run_record(folder.write("run.jsonl", text)); };

  CHECK(run.is_done(record(header + final_line)));
  CHECK(record(header + final_line).metric("test_error") == 1.5);
  CHECK_FALSE(run.is_done(record(header)));
  CHECK_FALSE(run.is_done(record("")));
  CHECK_FALSE(run.is_done(record(header + final_line.substr(0, 30))));
  CHECK_FALSE(run.is_done(record(header + final_line + header)));  // started again
  const RunRecord bad = record(header + "{\"event\":\"ep\n[1]\n\xff\n" + std::string(100000, '[') + "\n" + final_line);
  CHECK(bad.bad_lines == 4);
  CHECK(run.is_done(bad));
  for (const char* flag : {"--epochs=3", "--hops=2", "--data_dir=x", "--test_pairs=2", "--load=x"}) {
    CAPTURE(flag);
    const Words flags = flag[2] == 'e' ? Words{flag} : Words{"--epochs=2", flag};
    CHECK_FALSE(first_run(flags).is_done(record(header + final_line)));
  }
  CHECK_FALSE(plan({"--epochs=2"}, {1}, 2)[1].is_done(record(header + final_line)));
  CHECK(first_run({"--epochs=2", "--threads=2", "--checkpoint_every=1"}).is_done(record(header + final_line)));
  CHECK_THROWS_AS(read_run_record(folder.file("missing")), Error);
  // A version without --hops wrote the header.
  const std::string hops = ",\"hops\":\"3\"";
  REQUIRE(header.find(hops) != std::string::npos);
  const RunRecord older = record(std::string(header).erase(header.find(hops), hops.size()) + final_line);
  CHECK(run.is_done(older));
  CHECK_FALSE(first_run({"--epochs=2", "--hops=2"}).is_done(older));

  // Numbers are compared by value, not as text: a model keeps them in single precision.
  const SweepRun rate = first_run({"--gamma_pos=0.0123456789"});
  header = "{\"event\":\"header\",\"program\":\"train_one\"}\n{\"event\":\"header\"";
  for (const auto& [name, value] : rate.settings) {
    header += ",\"" + name + "\":\"" + (name == "gamma_pos" ? "0.012345679" : value) + "\"";
  }
  CHECK(rate.is_done(record(header + "}\n" + final_line)));
  CHECK_FALSE(first_run({"--gamma_pos=0.0123456"}).is_done(record(header + "}\n" + final_line)));
}

TEST_CASE("an axis may change the flags of a value, and add settings that identify a run", "[sweep]") {
  SweepAxis axis = {"task_id", "task", {2, 3}, {}, {}};
  axis.adjust = [](int64_t value, const Options& parsed, Words& flags) {
    if (value == 3) flags.push_back("--hops=" + std::to_string(parsed.get_int("hops") + 1));
  };
  axis.more_settings = [](const Options& parsed) { return Settings{{"data", parsed.text("hops") + " hops"}}; };
  const std::vector<SweepRun> runs =
      plan_runs({{"", program_options(), [](const Options&) {}}}, axis, 1, "out", {"--l2=0"}, "bin");
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].program == "bin/train_one");
  CHECK(runs[0].settings.back() == std::pair<std::string, std::string>("data", "3 hops"));
  CHECK(std::count(runs[1].flags.begin(), runs[1].flags.end(), "--hops=4") == 1);
  CHECK(runs[1].settings.back().second == "4 hops");
}

TEST_CASE("of several trials the best by validation continue", "[sweep]") {
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
  CHECK(trials[0].flags == Words{"--stop_after=2"});
  CHECK(trials[0].is_done(record_of(trials[0])));
  CHECK_FALSE(runs[0].is_done(record_of(runs[0])));
  CHECK_FALSE(trials[4].is_done(record_of(trials[4])));
  CHECK_FALSE(trials[5].is_done(record_of(trials[5])));

  const auto chosen = [&](int64_t epochs, int64_t keep) {
    Words names;
    for (const SweepRun& run : best_trials(runs, 3, epochs, keep)) {
      CHECK(run.flags.empty());
      names.push_back(run.folder.substr(run.folder.size() - 1));
    }
    return names;
  };
  CHECK(chosen(2, 1) == Words{"2", "5"});
  CHECK(chosen(3, 1) == Words{"2", "3"});
  CHECK(chosen(2, 2) == Words{"2", "1", "5", "3"});
  CHECK(chosen(2, 9) == Words{"2", "1", "0", "5", "3"});
}
