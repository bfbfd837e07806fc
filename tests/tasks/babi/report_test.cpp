#include "hmem/tasks/babi/report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "catch.h"
#include "hmem/core/check.h"
#include "hmem/core/text.h"
#include "hmem/data/babi/files.h"
#include "support/error_text.h"
#include "support/temp_folder.h"

using namespace hmem;
using hmem::test::error_text;
using hmem::test::TempFolder;

namespace {

std::string run(int task, int seed, const std::string& val, const std::string& test,
                const std::string& data = "bAbI stories from x", const std::string& settings = "\"hops\":\"3\"") {
  return "{\"event\":\"header\",\"program\":\"babi_task_single\",\"git\":\"abc\",\"seed\":" + std::to_string(seed) +
         ",\"data\":\"" + data + "\"}\n{\"event\":\"header\",\"preset\":\"paper\",\"epochs\":\"9\"," + settings +
         "}\n{\"event\":\"header\",\"train\":" + std::to_string(task) +
         "}\n{\"event\":\"final\",\"task_id\":" + std::to_string(task) + ",\"epochs\":9,\"val_error\":" + val +
         ",\"test_error\":" + test + ",\"seconds\":2.5}\n";
}

struct TaskLine {
  int task, val, test;
};

/// Task 3 is trained on generated stories.
std::string joint_run(int seed, const std::vector<TaskLine>& lines, const std::string& settings = "\"hops\":\"3\"") {
  std::string text =
      "{\"event\":\"header\",\"program\":\"babi_task_joint\",\"git\":\"abc\",\"seed\":" + std::to_string(seed) +
      ",\"data\":\"bAbI stories from x\"}\n{\"event\":\"header\",\"preset\":\"paper\",\"epochs\":\"9\"," + settings +
      "}\n{\"event\":\"note\",\"text\":\"" + generated_training_note(3, true) + "\"}\n";
  std::vector<int64_t> tasks;
  for (const TaskLine& line : lines) {
    tasks.push_back(line.task);
    text += "{\"event\":\"task\",\"task_id\":" + std::to_string(line.task) +
            ",\"val_error\":" + std::to_string(line.val) + ",\"test_error\":" + std::to_string(line.test) + "}\n";
  }
  return text + "{\"event\":\"final\",\"tasks\":\"" + number_list_text(tasks) +
         "\",\"epochs\":9,\"test_error\":1,\"seconds\":2.5}\n";
}

}  // namespace

TEST_CASE("best run by validation, mean, median, worst and failed tasks", "[report]") {
  const TempFolder folder;
  folder.write("a/run.jsonl", run(1, 1, "2", "1.5"));
  folder.write("b/run.jsonl", run(1, 2, "1", "2.5"));
  folder.write("c/run.jsonl", run(1, 3, "1", "0.5"));  // as good by validation: the smaller seed wins
  folder.write("d/run.jsonl", run(16, 1, "50", "51.5"));
  folder.write("e/run.jsonl", run(2, 1, "0", "0").substr(0, 250));  // half
  folder.write("f/run.jsonl", "\xff\xfe{[\n");                      // corrupt
  folder.write("g/run.jsonl", run(1, 1, "9", "9"));                 // again
  folder.write("h/run.jsonl", run(21, 1, "9", "9"));                // no such task
  folder.write("i/run.jsonl", run(3, 1, "1", "4", "bAbI stories generated in the process, as asked",
                                  "\"hops\":\"3\",\"test_data_dir\":\"x\""));
  folder.write("empty/other", "");
  const BabiReport report = read_babi_report(folder.path().string());
  CHECK(report.notes.size() == 4);
  REQUIRE(report.groups.size() == 1);
  const ReportGroup& group = report.groups[0];
  CHECK(group.model == "hmem");
  CHECK(group.preset == "paper");
  CHECK(group.commits == std::set<std::string>{"abc"});
  CHECK(group.settings.empty());
  CHECK(group.stories == "official");
  REQUIRE(group.tasks.size() == 3);
  CHECK(group.tasks.at(1).best_seed == 2);
  CHECK(group.tasks.at(1).error(Statistic::best) == 2.5);
  CHECK(group.tasks.at(1).error(Statistic::mean) == 1.5);
  CHECK(group.tasks.at(1).error(Statistic::median) == 1.5);
  CHECK(group.tasks.at(1).error(Statistic::worst) == 2.5);
  CHECK(group.tasks.at(1).error(Statistic::min) == 0.5);
  CHECK(group.tasks.at(3).generated);
  CHECK_FALSE(group.tasks.at(16).generated);
  const Overall best = overall_of(group.errors(Statistic::best));
  CHECK(best.mean == Approx((2.5 + 4 + 51.5) / 3));
  CHECK(best.failed == 1);
  CHECK(best.mean_without_3 == 27);
  CHECK_THAT(report_table(report),
             Contains("\n  3*     1") && Contains("\nEntNet: single task, best of 10 by validation\n"));
  // A task: published errors beside the statistic that they may be compared with.
  const std::string markdown = report_markdown(report);
  CHECK_THAT(markdown, Contains("| task | runs | best seed | val | best | MemN2N | EntNet | mean | median | worst |"));
  CHECK_THAT(markdown, Contains("| 16 | 1 | 1 | 50 | 51.5 | 51.8 | 0.2 | 51.5 | 51.5 | 51.5 |"));
  // All tasks: published means of the same tasks, in brackets where only the mean of 20 is known.
  CHECK_THAT(markdown, Contains("| hmem | single task, best of 1 to 3 by validation | 3 | 19.33* | 1 | 27 |\n"
                                "| MemN2N | single task, best of 10 by training error | 3 | 17.97 | 1 | 25.9 |\n"
                                "| EntNet | single task, best of 10 by validation | 3 | 1.43 | 0 | 0.1 |\n"
                                "| hmem | single task, mean of 1 to 3 runs | 3 | 19* | 1 | 26.5 |\n"));
  CHECK_THAT(markdown, Contains("| (QRN) | single task, best of 10 by validation loss | 20 | 0.3 | - | - |"));
  CHECK_THAT(report_csv(report), Contains("\"\",1,official,3,2,1,2.5,1.5,0.5,2.5,0,0,1.5,2.5,single,0,0\n") &&
                                     Contains("\"\",3,generated,1,1,1,4,4,4,4,2.1,4.1,4,4,single,0,0\n") &&
                                     Contains("\"\",mean,,,,,19.33,19,18.67,19.33,17.97,1.433,19,19.33,single,0,0\n") &&
                                     Contains("\"\",mean without 3,,,,,27,26.5,26,27,25.9,0.1,26.5,27,single,0,0\n") &&
                                     Contains("\"\",failed tasks,,,,,1,1,1,1,1,0,1,1,single,0,0\n"));
  CHECK_THAT(report_json(report), Contains("{\"seed\":2,\"val_error\":1,\"test_error\":2.5,\"epochs\":9,") &&
                                      Contains("\"mean_error\":19.3333,\"failed_tasks\":1,\"mean_of_means\":19,"));
}

TEST_CASE("failed tasks of each statistic", "[report]") {
  const TempFolder folder;
  folder.write("a/run.jsonl", run(1, 1, "1", "4"));
  folder.write("b/run.jsonl", run(1, 2, "2", "5"));
  folder.write("c/run.jsonl", run(1, 3, "3", "12"));
  folder.write("d/run.jsonl", run(2, 1, "0", "0"));
  const BabiReport report = read_babi_report(folder.path().string());
  const auto overall = [&](Statistic statistic) { return overall_of(report.groups[0].errors(statistic)); };
  const std::string json = report_json(report);
  CHECK(overall(Statistic::best).mean == 2);
  CHECK(overall(Statistic::best).failed == 0);
  CHECK(overall(Statistic::mean).mean == 3.5);
  CHECK(overall(Statistic::mean).failed == 1);
  CHECK(overall(Statistic::median).mean == 2.5);
  CHECK(overall(Statistic::median).failed == 0);  // 5 % is not above 5 %
  CHECK(overall(Statistic::worst).mean == 6);
  CHECK(overall(Statistic::worst).failed == 1);
  CHECK_THAT(json, Contains("\"statistic\":\"mean\",\"tasks\":2,\"mean_error\":3.5,\"failed_tasks\":1,"
                            "\"mean_error_without_3\":3.5}"));
  CHECK_THAT(json, Contains("{\"name\":\"EntNet\",\"protocol\":\"single task, best of 10 by validation\","
                            "\"compare_with\":\"best\",\"tasks\":2,\"mean_error\":0.05,\"failed_tasks\":0,"));
  CHECK_THAT(json, Contains("\"name\":\"STM\",\"protocol\":\"joint, mean of the runs (best 0.15)\","
                            "\"compare_with\":\"none\",\"tasks\":20,\"mean_error\":0.39,\"failed_tasks\":null,"
                            "\"mean_error_without_3\":null}"));
  CHECK(std::isnan(overall_of({{3, 1.0}}).mean_without_3));
}

TEST_CASE("the published means of all tasks have the digits published", "[report]") {
  const TempFolder folder;
  for (int task = 1; task <= 20; ++task) folder.write(std::to_string(task) + "/run.jsonl", run(task, 1, "0", "1"));
  const std::string markdown = report_markdown(read_babi_report(folder.path().string()));
  CHECK_THAT(markdown, Contains("| hmem | single task, best of 1 by validation | 20 | 1 | 0 | 1 |\n"
                                "| MemN2N | single task, best of 10 by training error | 20 | 4.2 | 3 | 4.35 |\n"
                                "| EntNet | single task, best of 10 by validation | 20 | 0.5 | 0 | 0.35 |\n"
                                "| QRN | single task, best of 10 by validation loss | 20 | 0.3 | - | - |\n"
                                "| hmem | single task, mean of 1 run | 20 | 1 | 0 | 1 |\n"));
  CHECK_THAT(markdown, Contains("| (RMN) | joint, choice of the run unknown | 20 | 1.2 | 1 | 0.45 |"));
  CHECK_THAT(markdown, Contains("| (BiADNC) | joint, mean of 5 runs | 20 | 3.2 | 1 | 3.26 |"));
}

TEST_CASE("joint runs: one run is the best on all tasks", "[report]") {
  const TempFolder folder;
  folder.write("a/run.jsonl", joint_run(1, {{1, 0, 1}, {3, 10, 9}, {16, 8, 6}}));
  folder.write("b/run.jsonl", joint_run(2, {{1, 3, 2}, {3, 3, 3}, {16, 3, 16}}));
  folder.write("c/run.jsonl", joint_run(10, {{1, 0, 0}, {3, 5, 6}, {16, 5, 1}}));
  folder.write("d/run.jsonl", joint_run(2, {{1, 0, 0}, {3, 0, 0}, {16, 0, 0}}));  // again
  std::string damaged = joint_run(4, {{1, 0, 0}, {3, 0, 0}, {16, 0, 0}});
  damaged.erase(damaged.find("{\"event\":\"task\""),
                damaged.find('\n', damaged.find("\"task_id\":1,")) + 1 - damaged.find("{\"event\":\"task\""));
  folder.write("e/run.jsonl", damaged);
  const BabiReport report = read_babi_report(folder.path().string());
  REQUIRE(report.notes.size() == 2);
  CHECK_THAT(report.notes[0], Contains("is a second run of the same settings, task and seed"));
  CHECK_THAT(report.notes[1], Contains("lacks lines of tasks: damaged"));
  REQUIRE(report.groups.size() == 1);
  const ReportGroup& group = report.groups[0];
  CHECK(group.joint);
  CHECK(group.tasks.at(1).best_seed == 2);  // although others are better on task 1
  CHECK(group.errors(Statistic::best) == std::map<int64_t, double>{{1, 2}, {3, 3}, {16, 16}});
  CHECK(group.errors(Statistic::median) == std::map<int64_t, double>{{1, 1}, {3, 6}, {16, 6}});
  CHECK(group.errors(Statistic::worst) == std::map<int64_t, double>{{1, 2}, {3, 9}, {16, 16}});
  CHECK_FALSE(group.tasks.at(1).generated);
  CHECK(group.tasks.at(3).generated);  // says the note of the run
  const std::string markdown = report_markdown(report);
  CHECK_THAT(markdown, Contains("hmem, joint training, preset paper"));
  CHECK_THAT(markdown, Contains("| task | runs | best seed | val | best | mean | BiADNC | median | worst |"));
  CHECK_THAT(markdown, Contains("| 16 | 3 | 2 | 3 | 16 | 7.67 | 52.6 | 6 | 16 |"));
  CHECK_THAT(markdown, Contains("| hmem | joint, best of 3 by validation | 3 | 7* | 1 | 9 |\n"
                                "| hmem | joint, mean of 3 runs | 3 | 4.89* | 2 | 4.33 |\n"
                                "| BiADNC | joint, mean of 5 runs | 3 | 18.37 | 1 | 26.35 |\n"
                                "| hmem | joint, median of 3 runs | 3 | 4.33* | 2 | 3.5 |\n"
                                "| hmem | joint, worst of 3 runs | 3 | 9* | 2 | 9 |\n"
                                "| hmem | joint, seed 1 | 3 | 5.33* | 2 | 3.5 |\n"
                                "| hmem | joint, seed 2 | 3 | 7* | 1 | 9 |\n"
                                "| hmem | joint, seed 10 | 3 | 2.33* | 1 | 0.5 |\n"
                                "| (MemN2N) |"));
  CHECK_THAT(markdown, Contains("| (STM) | joint, mean of the runs (best 0.15) | 20 | 0.39 | - | - |"));  // of 20 tasks
  CHECK_THAT(report_csv(report), Contains("\"\",16,official,3,2,3,16,7.667,1,16,,,6,16,joint,0,0\n"));
  CHECK_THAT(report_json(report), Contains("\"training\":\"joint\"") && Contains("\"best_seed\":2,"));
}

TEST_CASE("joint and single-task runs, and joint runs of other tasks, have their own tables", "[report]") {
  const TempFolder folder;
  folder.write("a/run.jsonl", joint_run(1, {{1, 0, 1}, {2, 0, 1}}));
  folder.write("b/run.jsonl", joint_run(1, {{1, 0, 1}, {2, 0, 1}, {3, 0, 1}}));
  folder.write("c/run.jsonl", run(1, 1, "1", "2"));
  const BabiReport report = read_babi_report(folder.path().string());
  CHECK(report.notes.empty());
  REQUIRE(report.groups.size() == 3);
  CHECK(report.groups[0].settings == "training=joint:1,2");
  CHECK(report.groups[1].settings == "training=joint:1-3");
  CHECK(report.groups[2].settings == "training=single");
}

TEST_CASE("joint runs of all tasks beside joint results", "[report]") {
  const TempFolder folder;
  std::vector<TaskLine> lines;
  for (int task = 1; task <= 20; ++task) lines.push_back({task, 0, 1});
  folder.write("a/run.jsonl", joint_run(1, lines));
  folder.write("b/run.jsonl", joint_run(1, lines, "\"hops\":\"3\",\"rename\":\"0.5\""));
  const BabiReport report = read_babi_report(folder.path().string());
  REQUIRE(report.groups.size() == 2);
  const std::string plain = report_markdown({{report.groups[0]}, {}});
  CHECK_THAT(plain, Contains("| hmem | joint, mean of 1 run | 20 | 1* | 0 | 1 |\n| STM |") && Contains("| TPR-RNN |") &&
                        Contains("| BiADNC | joint, mean of 5 runs | 20 | 3.2 |") && Contains("| (EntNet) |") &&
                        Contains("| (MEMO) |") && Contains("| (BiADNC, augmented) |"));
  const std::string renamed = report_markdown({{report.groups[1]}, {}});
  CHECK_THAT(renamed,
             Contains("| hmem, renaming 0.5 | joint, mean of 1 run | 20 | 1* | 0 | 1 |\n"
                      "| BiADNC, augmented | joint, mean of 5 runs, task 16 augmented | 20 | 0.4 | 0 | 0.32 |\n") &&
                 Contains("| (STM) |") && Contains("| (BiADNC) |"));
}

TEST_CASE("runs with renaming are marked; records without the setting have none", "[report]") {
  const TempFolder folder;
  folder.write("a/run.jsonl", run(1, 1, "1", "2"));
  folder.write("b/run.jsonl", run(1, 2, "1", "3", "bAbI stories from x", "\"hops\":\"3\",\"rename\":\"0\""));
  folder.write("c/run.jsonl", run(1, 1, "1", "4", "bAbI stories from x", "\"hops\":\"3\",\"rename\":\"0.5\""));
  const BabiReport report = read_babi_report(folder.path().string());
  REQUIRE(report.groups.size() == 2);
  CHECK(report.groups[0].tasks.at(1).runs.size() == 2);
  CHECK(report.groups[0].rename == 0);
  CHECK(report.groups[1].rename == 0.5);
  CHECK(report.groups[1].settings == "rename=0.5");
  CHECK_THAT(report_markdown({{report.groups[0]}, {}}), Contains("| EntNet |") && !Contains("renaming"));
  const std::string renamed = report_markdown({{report.groups[1]}, {}});
  CHECK_THAT(renamed, Contains("test error in %, hmem, renaming 0.5,") &&
                          Contains("| hmem, renaming 0.5 | single task") && Contains("| (EntNet) |") &&
                          !Contains("| EntNet |"));
  CHECK_THAT(report_csv(report), Contains("\"rename=0.5\",1,official,1,1,1,4,4,4,4,,,4,4,single,0.5,0\n"));
  CHECK_THAT(report_json(report), Contains("\"rename\":0.5,\"online\":0,\"stories\":\"official\""));
}

TEST_CASE("runs on stories of another kind stand beside no published result", "[report]") {
  const std::string generated = "bAbI stories generated in the process, as asked";
  const struct {
    std::string data, settings, name;
  } cases[] = {{generated, "\"online\":\"1\"", "hmem, online stories"},
               {"bAbI stories from x", "\"online\":\"1\"", "hmem, online stories"},
               {generated, "\"online\":\"0\"", "hmem, stories: generated"},
               {generated, "\"test_data_dir\":\"x\"", "hmem, stories: transfer"},
               {"bAbI stories from x", "\"test_data_dir\":\"x\"", "hmem, stories: other test"}};
  for (const auto& one : cases) {
    const TempFolder folder;
    for (int task = 1; task <= 20; ++task) {
      folder.write(std::to_string(task) + "/run.jsonl", run(task, 1, "1", "2", one.data, one.settings));
    }
    const BabiReport report = read_babi_report(folder.path().string());
    const std::string markdown = report_markdown(report);
    CAPTURE(one.name, markdown);
    CHECK(report.groups.size() == 1);
    CHECK(report.groups[0].tasks.at(2).generated == (one.data == generated));
    CHECK_THAT(markdown, Contains("| " + one.name + " | single task, best of 1 by validation | 20 | 2"));
    for (const std::string other : {"MemN2N", "EntNet", "QRN", "STM"}) {
      CHECK_THAT(markdown, Contains("| (" + other + ") |") && !Contains("| " + other + " |"));
    }
  }
}

TEST_CASE("the tables fit a terminal", "[report]") {
  const TempFolder folder;
  for (int task = 1; task <= 20; ++task) {
    for (int seed = 1; seed <= (task == 1 ? 12 : 10); ++seed) {
      folder.write(std::to_string(100 * task + seed) + "/run.jsonl",
                   run(task, seed, "33.33", "44.44", "bAbI stories from x", "\"rename\":\"0.25\",\"online\":\"1\""));
    }
  }
  std::istringstream lines(report_table(read_babi_report(folder.path().string())));
  size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) CHECK(line.size() <= 120);
  CHECK(count > 40);
}

TEST_CASE("different settings, different tables", "[report]") {
  const TempFolder folder;
  folder.write("a/run.jsonl", run(1, 1, "null", "1"));
  folder.write("b/run.jsonl", run(1, 1, "1", "2", "bAbI stories from x", "\"hops\":\"1\",\"threads\":\"7\""));
  const BabiReport report = read_babi_report(folder.path().string());
  REQUIRE(report.groups.size() == 2);
  CHECK(report.groups[0].settings == "hops=1");
  CHECK(report.groups[1].settings == "hops=3");
  CHECK_FALSE(report.groups[1].tasks.at(1).best().val_error.has_value());
  CHECK_THAT(report_json(report), Contains("\"val_error\":null"));
}

TEST_CASE("runs tested on other stories have their own tables", "[report]") {
  const TempFolder folder;
  folder.write("a/run.jsonl", run(1, 1, "1", "2"));
  folder.write("b/run.jsonl", run(1, 2, "1", "3", "bAbI stories from x", "\"hops\":\"3\",\"test_data_dir\":\"y\""));
  const BabiReport report = read_babi_report(folder.path().string());
  REQUIRE(report.groups.size() == 2);
  CHECK(report.groups[0].tasks.at(1).runs.size() == 1);
  CHECK(report.groups[1].settings == "test_data_dir=y");
}

TEST_CASE("damaged files and metrics are left out with a note", "[report][bad]") {
  const TempFolder folder;
  folder.write("a/run.jsonl", run(1, 1, "1", "2"));
  std::string damaged = run(1, 2, "1", "3");
  const size_t settings = damaged.find("{\"event\":\"header\",\"preset\"");
  damaged.replace(settings, damaged.find('\n', settings) - settings, "garbage");
  folder.write("b/run.jsonl", damaged);
  folder.write("c/run.jsonl", run(1, 3, "1", "\"inf\""));
  folder.write("d/run.jsonl", R"({"event":"epoch","epoch":1e300,"val_error":1,"val_loss":1})"
                              "\n" +
                                  run(1, 4, "1", "4"));
  const BabiReport report = read_babi_report(folder.path().string());
  REQUIRE(report.notes.size() == 2);
  CHECK_THAT(report.notes[0], Contains("has no line of settings: damaged"));
  CHECK_THAT(report.notes[1], Contains("test_error"));
  REQUIRE(report.groups.size() == 1);
  CHECK(report.groups[0].tasks.at(1).runs.size() == 2);
}

TEST_CASE("published results are those for as many training questions", "[report]") {
  const TempFolder folder;
  const std::map<std::string, std::string> qrn = {{"10k", " 0.3 "}, {"1k", " 9.9 "}, {"500", ""}};
  for (const auto& [size, error] : qrn) {
    for (int task = 1; task <= 20; ++task) {
      folder.write(std::to_string(task) + "/run.jsonl",
                   run(task, 1, "1", "2", "bAbI stories from x", "\"training_set_size\":\"" + size + "\""));
    }
    const std::string table = report_table(read_babi_report(folder.path().string()));
    CAPTURE(size, table);
    CHECK_THAT(table, Contains("\n" + size + " questions "));
    const size_t row = table.find("\nQRN "), end = table.find('\n', row + 1);
    REQUIRE((row == std::string::npos) == error.empty());
    if (!error.empty()) CHECK_THAT(table.substr(row, end - row), Contains(error));
    CHECK((table.find("EntNet") == std::string::npos) == (size != "10k"));
    CHECK((table.find("( )") == std::string::npos) == (size == "500"));
  }
}

TEST_CASE("a folder without results is an error", "[report]") {
  const TempFolder folder;
  CHECK_THAT(error_text([&] { read_babi_report(folder.path().string()); }), Contains("no finished run"));
  folder.write("run.jsonl", R"({"event":"header","program":"image_association_task"})"
                            "\n"
                            R"({"event":"header","epochs":"2","delay":"0"})"
                            "\n"
                            R"({"event":"final","epochs":2,"timesteps":3,"delay":0,"test_error":12.34})"
                            "\n");
  CHECK_THAT(error_text([&] { read_babi_report(folder.path().string()); }),
             Contains("found 1 files run.jsonl and no finished run of a bAbI task") &&
                 Contains("is a run of image association"));
  CHECK_THAT(error_text([&] { read_babi_report(folder.file("none")); }), Contains("cannot be listed"));
}

namespace {

struct Plan {
  std::vector<std::string> notes;
  std::vector<SweepRun> runs;
};

Plan plan(const std::vector<std::string>& training, const std::vector<int64_t>& tasks = {1}) {
  Plan made;
  made.runs = plan_babi_sweep(tasks, 1, "out", training, "", made.notes);
  return made;
}

bool has_flag(const SweepRun& run, const std::string& flag) {
  return std::count(run.flags.begin(), run.flags.end(), flag) == 1;
}

}  // namespace

TEST_CASE("bAbI sweep: a run on other stories is a different run", "[sweep]") {
  const TempFolder folder;
  folder.write("en-10k/qa1_x_train.txt", "");
  const SweepRun run = plan({"--data_dir=generated", "--hops=2"}).runs[0];
  CHECK(run.folder == "out/task1_seed1");
  CHECK(run.program == "babi_task_single");
  CHECK(plan({"--model=lstm,memn2n"}).runs[1].program == "babi_task_baseline");
  CHECK(plan({"--model", "lstm"}).runs[0].folder == "out/task1_seed1");
  RunRecord record;
  record.header.insert(run.settings.begin(), run.settings.end());
  record.final_line.emplace().emplace("test_error", "1");
  CHECK(run.is_done(record));
  CHECK_FALSE(plan({"--hops=2", "--data_dir=" + folder.path().string()}).runs[0].is_done(record));
  CHECK_FALSE(plan({"--hops=2", "--data_dir=generated", "--test_data_dir=x"}).runs[0].is_done(record));
  record.header["data"] = "bAbI stories from elsewhere";
  CHECK_FALSE(run.is_done(record));
}

TEST_CASE("bAbI sweep: task 3 without its training file is trained on generated stories", "[sweep]") {
  const TempFolder folder;
  for (const int task : {2, 3}) folder.write("en-10k/" + babi_file_name(task, BabiPart::test), "");
  folder.write("en-10k/" + babi_file_name(2, BabiPart::train), "");
  const std::string data = "--data_dir=" + folder.path().string(), test = "--test_data_dir=" + folder.path().string();
  const Plan found = plan({data, "--hops=1,2"}, {2, 3});
  REQUIRE(found.runs.size() == 4);
  CHECK(has_flag(found.runs[0], data));
  for (const size_t i : {2, 3}) {
    CHECK(has_flag(found.runs[i], "--data_dir=generated"));
    CHECK_FALSE(has_flag(found.runs[i], data));
    CHECK(has_flag(found.runs[i], test));
  }
  REQUIRE(found.notes.size() == 1);
  CHECK_THAT(found.notes[0], Contains("task 3"));
  CHECK_FALSE(has_flag(plan({data, "--test_data_dir=y"}, {3}).runs[0], test));
}

TEST_CASE("bAbI sweep: what a run would refuse is refused before anything starts", "[sweep][bad]") {
  const auto refused = [](const std::vector<std::string>& training) {
    return error_text<UsageError>([&] { plan(training); });
  };
  CHECK_THAT(refused({"--write_rule=hebbian,outer", "--learn_gamma_neg"}), Contains("--learn_gamma_neg: found 1"));
  CHECK_THAT(refused({"--task_id=3"}), Contains("--task_id: found in a sweep"));
  CHECK_THAT(refused({"--model=lstm", "--hops=3"}), Contains("--hops: has no effect"));
  CHECK_THAT(refused({"--logging=1"}), Contains("--logging: found in a sweep"));
}
