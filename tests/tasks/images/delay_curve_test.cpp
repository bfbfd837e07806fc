#include "hmem/tasks/images/delay_curve.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "catch.h"
#include "hmem/train/model_file.h"
#include "support/error_text.h"
#include "support/temp_folder.h"

using namespace hmem;
using hmem::test::error_text;

namespace {

using Words = std::vector<std::string>;

std::vector<SweepRun> plan(const Words& training, const Words& models = {"hmem", "lstm"},
                           const std::vector<int64_t>& delays = {0, 5}, int64_t runs = 2) {
  return plan_delay_sweep(models, delays, runs, "out", training, "bin");
}

bool has_flag(const SweepRun& run, const std::string& flag) {
  return std::find(run.flags.begin(), run.flags.end(), flag) != run.flags.end();
}

DelayResult result(const std::string& model, int64_t delay, int64_t seed, std::optional<double> val, double test,
                   const std::string& settings = "") {
  DelayResult one;
  one.model = model;
  one.delay = delay;
  one.seed = seed;
  one.settings = settings;
  one.epochs = 40;
  if (val) one.val_error = 100 - *val;
  one.test_error = 100 - test;
  one.timesteps = 3;
  return one;
}

}  // namespace

TEST_CASE("delay sweep: models, delays and seeds, one folder each", "[sweep]") {
  const std::vector<SweepRun> all = plan({"--use_pretrained_convnet=1"});
  REQUIRE(all.size() == 2 * 2 * 2);
  std::set<std::string> folders;
  for (const SweepRun& run : all) folders.insert(run.folder);
  CHECK(folders.size() == all.size());
  CHECK(all[2].model == "hmem");
  CHECK(all[2].value == 5);
  CHECK(all[3].seed == 2);
  CHECK(all[3].label.to_text() == "model=hmem delay=5 seed=2");
  CHECK(all[3].folder == "out/hmem_delay5_seed2");
  CHECK(all[3].program == "bin/image_association_task");
  CHECK(all[7].program == "bin/image_association_task_lstm");
  for (const char* flag : {"--delay=5", "--random_state=2", "--use_pretrained_convnet=1", "--threads=1", "--resume"}) {
    INFO(flag);
    CHECK(has_flag(all[3], flag));
  }
  CHECK(parse_association_models("lstm,hmem") == Words{"lstm", "hmem"});
}

TEST_CASE("delay sweep: flags go only to the programs that they affect", "[sweep]") {
  const std::vector<SweepRun> both = plan({"--hidden_size=10,20", "--gamma_pos=0.1,0.2,0.3", "--threads=2"});
  CHECK(both.size() == 2 * 2 * (3 + 2));
  for (const SweepRun& run : both) {
    const bool hmem = run.model == "hmem";
    const Words& flags = run.flags;
    const auto count = [&](const std::string& begin) {
      return std::count_if(flags.begin(), flags.end(), [&](const auto& flag) { return flag.rfind(begin, 0) == 0; });
    };
    CHECK(count("--gamma_pos=") == (hmem ? 1 : 0));
    CHECK(count("--hidden_size=") == (hmem ? 0 : 1));
    CHECK(count("--threads=") == 1);
  }
  CHECK(both.back().varied == "hidden_size=20");
  CHECK(both.back().folder == "out/lstm_delay5_seed2_hidden_size=20");
  CHECK(plan({"--test_timesteps=2,4"}).size() == 8);
  const auto refused = [](const Words& flags, const Words& models) {
    return error_text<UsageError>([&] { plan(flags, models); });
  };
  CHECK_THAT(refused({"--hidden_size=10"}, {"hmem"}), Contains("--hidden_size: has no effect"));
  CHECK_THAT(refused({"--gamma_pos=1"}, {"lstm"}), Contains("--gamma_pos: has no effect"));
  CHECK_THAT(refused({"--delay=10"}, {"hmem"}), Contains("--delay: found in a sweep"));
  CHECK_THAT(refused({"--strips=x"}, {"hmem"}), Contains("--strips: found in a sweep"));
  CHECK_THAT(refused({"--memory_size=3,x"}, {"hmem"}), Contains("--memory_size: found 'x'"));
  CHECK_THAT(refused({"--test_timesteps=2-7"}, {"hmem"}), Contains("--test_timesteps: found '2-7'"));
  CHECK_THAT(error_text<UsageError>([] { parse_association_models("hmem,gru"); }), Contains("found 'gru'"));
  CHECK_THAT(error_text<UsageError>([] { parse_association_models("hmem,hmem"); }), Contains("twice"));
}

TEST_CASE("delay sweep: a finished run is identified by its settings", "[sweep]") {
  const test::TempFolder folder;
  const SweepRun run = plan({"--epochs=2"}, {"hmem"}, {5}, 1)[0];
  std::string lines = R"({"event":"header","program":"image_association_task"})";
  lines += "\n{\"event\":\"header\"";
  for (const auto& [name, value] : run.settings) lines += ",\"" + name + "\":\"" + value + "\"";
  lines += "}\n";
  lines += R"({"event":"task","timesteps":4,"delay":5,"test":10,"test_error":40.5})";
  lines += '\n';
  lines += R"({"event":"final","epochs":2,"val_error":null,"timesteps":3,"delay":5,"test_error":12.34})";
  const RunRecord record = read_run_record(folder.write("run.jsonl", lines + "\n"));
  CHECK(run.is_done(record));
  CHECK(plan({"--epochs=2", "--threads=3"}, {"hmem"}, {5}, 1)[0].is_done(record));
  for (const char* other : {"--epochs=3", "--images_a=x", "--test_timesteps=4", "--memory_size=7"}) {
    INFO(other);
    Words flags = {other};
    if (flags[0] != "--epochs=3") flags.emplace_back("--epochs=2");
    CHECK_FALSE(plan(flags, {"hmem"}, {5}, 1)[0].is_done(record));
  }
  CHECK_FALSE(plan({"--epochs=2"}, {"hmem"}, {6}, 1)[0].is_done(record));

  // A model that is loaded brings settings of its own: they are compared only where they were given.
  save_model(folder.file("m"), {{"memory_size", "7"}}, {});
  const auto compared = [&](Words flags) {
    flags.push_back("--load=" + folder.file("m"));
    const Settings settings = plan(flags, {"hmem"}, {5}, 1)[0].settings;
    return std::map<std::string, std::string>(settings.begin(), settings.end());
  };
  CHECK(compared({}).count("memory_size") == 0);
  CHECK(compared({}).at("delay") == "5");
  CHECK(compared({}).at("learning_rate") == "0.001");
  CHECK(compared({"--memory_size=8"}).at("memory_size") == "8");

  const std::vector<DelayResult> results = delay_results(run, record);
  REQUIRE(results.size() == 1);
  const DelayResult& found = results[0];
  CHECK(found.model == "hmem");
  CHECK(found.delay == 5);
  CHECK(found.epochs == 2);
  CHECK(found.timesteps == 3);
  CHECK_FALSE(found.val_error.has_value());
  CHECK(found.test_accuracy() == Approx(87.66));
  REQUIRE(found.other_timesteps.size() == 1);
  CHECK(found.other_timesteps.at(4) == Approx(40.5));  // errors
}

TEST_CASE("delay sweep: a run that was tested with other delays and with some of the examples", "[sweep]") {
  SweepRun run;
  run.model = "hmem";
  run.value = 5;
  run.seed = 2;
  run.varied = "memory_size=50";
  RunRecord record;
  record.final_line = {{"epochs", "2"}, {"val_error", "4"}, {"timesteps", "3"}, {"delay", "5"}, {"test_error", "10"}};
  record.tasks = {{{"query", "held_out"}, {"timesteps", "3"}, {"delay", "5"}, {"test_error", "60"}},
                  {{"timesteps", "2"}, {"delay", "5"}, {"test_error", "8"}}};
  std::vector<DelayResult> found = delay_results(run, record);
  REQUIRE(found.size() == 1);
  CHECK(found[0].settings == "memory_size=50");
  CHECK(found[0].other_timesteps == std::map<int64_t, double>{{2, 8}});

  run.settings = {{"test_delays", "0,40"}};
  record.tasks.push_back({{"timesteps", "3"}, {"delay", "40"}, {"test_error", "11"}});
  record.tasks.push_back({{"timesteps", "3"}, {"delay", "0"}, {"test_error", "9"}});
  found = delay_results(run, record);
  REQUIRE(found.size() == 3);
  CHECK(found[1].delay == 5);
  CHECK(found[1].test_error == 10);
  CHECK(found[1].record != nullptr);
  CHECK(found[1].other_timesteps.size() == 1);
  CHECK(found[0].delay == 0);
  CHECK(found[0].test_error == 9);
  CHECK(found[2].delay == 40);
  CHECK(found[2].record == nullptr);
  CHECK(found[2].other_timesteps.empty());
  for (const DelayResult& one : found) CHECK(one.settings == "memory_size=50 trained with delay 5");

  // What is written is read again.
  const test::TempFolder folder;
  const std::vector<DelayResult> read = read_delay_csv(folder.write("a.csv", delay_csv(found)));
  CHECK(delay_csv(read) == delay_csv(found));
  const std::string head = "model,delay,run,seed,epochs,val_acc,test_acc\n";
  CHECK(read_delay_csv(folder.write("a.csv", head + "nearest,0,1,1,0,,85.5\n"))[0].model == "nearest");
  for (const char* bad :
       {"nearest,0,1,1,0,,101\n", "nearest,x,1,1,0,,85\n", "nearest,0,1,1,0,,85,a,b\n", ",0,1,1,0,,85\n"}) {
    CHECK_THAT(error_text([&] { read_delay_csv(folder.write("a.csv", head + bad)); }), Contains("a.csv:2: found"));
  }
  CHECK_THAT(error_text([&] { read_delay_csv(folder.write("a.csv", "delay\n")); }), Contains("a.csv:1: found"));
  CHECK_THAT(error_text([&] { read_delay_csv(folder.write("a.csv", head)); }), Contains("found no results"));
}

TEST_CASE("delay sweep: CSV and Markdown", "[sweep]") {
  std::vector<DelayResult> results = {result("hmem", 0, 1, 97.25, 99), result("hmem", 0, 2, 98, 96),
                                      result("lstm", 0, 1, std::nullopt, 33.125)};
  CHECK(delay_csv(results) ==
        "model,delay,run,seed,epochs,val_acc,test_acc\n"
        "hmem,0,1,1,40,97.25,99\n"
        "hmem,0,2,2,40,98,96\n"
        "lstm,0,1,1,40,,33.125\n");
  CHECK(delay_markdown(results) ==
        "Test accuracy in %:\n\n"
        "| model | delay | runs | epochs | mean | smallest to largest | best by validation |\n"
        "|---|---|---|---|---|---|---|\n"
        "| hmem | 0 | 2 | 40 | 97.5 | 96 to 99 | 96 (seed 2, validation 98) |\n"
        "| lstm | 0 | 1 | 40 | 33.12 | 33.12 to 33.12 | - |\n");

  results[0].other_timesteps = {{2, 0.5}, {6, 10}};
  results[1].other_timesteps = {{2, 1.5}};
  const std::string pairs = delay_markdown(results, 1);
  CHECK_THAT(pairs, Contains("Test accuracy in %, 1 run still missing:\n"));
  CHECK_THAT(pairs, Contains("| model | delay | trained with | 2 pairs | 6 pairs |\n"));
  CHECK_THAT(pairs, Contains("| hmem | 0 | 3 pairs | 99 (98.5 to 99.5) | 90 |\n"));
  CHECK_THAT(pairs, !Contains("| lstm | 0 | 3 pairs"));

  results[1].settings = "memory_size=50";
  CHECK_THAT(delay_csv(results),
             Contains("test_acc,settings\nhmem,0,1,1,40,97.25,99,\nhmem,0,2,2,40,98,96,memory_size=50\n"));
  CHECK_THAT(delay_markdown(results), Contains("| hmem | 0 | memory_size=50 | 1 | 40 | 96 |"));
}

TEST_CASE("a delay curve has the runs that are finished, in files that are always complete", "[sweep]") {
  const test::TempFolder folder;
  const std::string out = folder.file("out");
  std::vector<SweepRun> runs = plan({"--epochs=2"}, {"hmem"}, {0, 5}, 1);
  const auto write_record = [&](size_t i) {
    std::string lines = R"({"event":"header","program":"p")";
    for (const auto& [name, value] : runs[i].settings) lines += ",\"" + name + "\":\"" + value + "\"";
    return folder.write("out/run" + std::to_string(i) + "/run.jsonl",
                        lines + "}\n" + R"({"event":"final","epochs":2,"val_error":4,"test_error":5})" + "\n");
  };
  for (size_t i = 0; i < 2; ++i) runs[i].folder = out + "/run" + std::to_string(i);
  {
    const DelayCurve nothing(runs, out, {});
    CHECK_FALSE(std::filesystem::exists(nothing.files().csv));
  }
  write_record(0);
  DelayCurve curve(runs, out, {"", folder.file("table"), "", ""});
  CHECK(curve.files().csv == out + "/delay.csv");
  const std::string head = "model,delay,run,seed,epochs,val_acc,test_acc\n", first = "hmem,0,1,1,2,96,95\n";
  CHECK(test::read_file(curve.files().csv) == head + first);
  CHECK_THAT(test::read_file(curve.files().table), Contains("1 run still missing"));
  curve.add(1, read_run_record(write_record(1)));
  CHECK(test::read_file(curve.files().csv) == head + first + "hmem,5,1,1,2,96,95\n");
  CHECK_THAT(test::read_file(curve.files().table), Contains("Test accuracy in %:\n"));
  CHECK_THAT(error_text<UsageError>([&] {
               DelayCurve(runs, out, {out + "/a", out + "/./a", "", ""});
             }),
             Contains("--table: found") && Contains("the file of --csv"));
  CHECK_THROWS_AS(DelayCurve(runs, out, {folder.file("none/a.csv"), "", "", ""}), Error);

  // Results from elsewhere are in the table, not in the CSV, and each only once.
  const DelayResult other = result("nearest", 0, 1, std::nullopt, 85), same = result("hmem", 5, 1, 96, 95);
  const std::string others = folder.write("other.csv", delay_csv({other}));
  const DelayCurve both(runs, out, {"", "", "", ""}, {"", others});
  CHECK(test::read_file(both.files().csv) == head + first + "hmem,5,1,1,2,96,95\n");
  CHECK_THAT(test::read_file(both.files().table), Contains("| nearest | 0 | 1 | 40 | 85 |"));
  for (const Words& twice : {Words{others, others}, {folder.write("same.csv", delay_csv({same}))}}) {
    CHECK_THAT(error_text<UsageError>([&] {
                 DelayCurve(runs, out, {"", "", "", ""}, twice);
               }),
               Contains("--with: found") && Contains("expected each result once"));
  }
  CHECK_THAT(error_text<UsageError>([&] {
               DelayCurve(runs, out, {"", "", "", ""}, {out + "/./delay.csv"});
             }),
             Contains("which this sweep writes"));
}
