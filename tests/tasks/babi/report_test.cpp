#include "hmem/tasks/babi/report.h"

#include <algorithm>
#include <string>

#include "catch.h"
#include "hmem/core/check.h"
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

}  // namespace

TEST_CASE("best run by validation, mean, spread and failed tasks", "[report]") {
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
  CHECK(group.preset == "paper");
  CHECK(group.commit == "abc");
  CHECK(group.settings.empty());
  REQUIRE(group.tasks.size() == 3);
  CHECK(group.tasks[0].best().seed == 2);
  CHECK(group.tasks[0].best().test_error == 2.5);
  CHECK(group.model == "hmem");
  const Spread spread = spread_of(group.tasks[0]);
  CHECK(spread.mean == 1.5);
  CHECK(spread.min == 0.5);
  CHECK(spread.max == 2.5);
  CHECK(group.tasks[1].generated);
  CHECK_FALSE(group.tasks[2].generated);
  CHECK(group.failed_tasks() == 1);
  CHECK(group.mean_error() == Approx((2.5 + 4 + 51.5) / 3));
  CHECK_THAT(report_table(report), Contains("3*") && Contains("0.5-2.5") && Contains("EntNet"));
  CHECK_THAT(report_markdown(report), Contains("| 16 | 1 | 1 | 50 | 51.5 | 51.5 | 51.5-51.5 | 51.8 | 0.2 |"));
  CHECK_THAT(report_csv(report), Contains("\"\",1,official,3,2,1,2.5,1.5,0.5,2.5,0,0\n"));
  CHECK_THAT(report_json(report), Contains("{\"seed\":2,\"val_error\":1,\"test_error\":2.5,\"epochs\":9,"));
}

TEST_CASE("different settings, different tables", "[report]") {
  const TempFolder folder;
  folder.write("a/run.jsonl", run(1, 1, "null", "1"));
  folder.write("b/run.jsonl", run(1, 1, "1", "2", "bAbI stories from x", "\"hops\":\"1\",\"threads\":\"7\""));
  const BabiReport report = read_babi_report(folder.path().string());
  REQUIRE(report.groups.size() == 2);
  CHECK(report.groups[0].settings == "hops=1");
  CHECK(report.groups[1].settings == "hops=3");
  CHECK_FALSE(report.groups[1].tasks[0].best().val_error.has_value());
  CHECK_THAT(report_json(report), Contains("\"val_error\":null"));
}

TEST_CASE("runs tested on other stories have their own tables", "[report]") {
  const TempFolder folder;
  folder.write("a/run.jsonl", run(1, 1, "1", "2"));
  folder.write("b/run.jsonl", run(1, 2, "1", "3", "bAbI stories from x", "\"hops\":\"3\",\"test_data_dir\":\"y\""));
  const BabiReport report = read_babi_report(folder.path().string());
  REQUIRE(report.groups.size() == 2);
  CHECK(report.groups[0].tasks[0].runs.size() == 1);
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
  CHECK(report.groups[0].tasks[0].runs.size() == 2);
}

TEST_CASE("published results say that they are for 10k questions where ours are not", "[report]") {
  const TempFolder folder;
  for (const std::string size : {"10k", "1k"}) {
    folder.write("a/run.jsonl", run(1, 1, "1", "2", "bAbI stories from x", "\"training_set_size\":\"" + size + "\""));
    const std::string table = report_table(read_babi_report(folder.path().string()));
    CAPTURE(size, table);
    CHECK_THAT(table, Contains("\n" + size + " questions "));
    CHECK((table.find("MemN2N (10k)") == std::string::npos) == (size == "10k"));
    CHECK((table.find("\nEntNet (10k)") == std::string::npos) == (size == "10k"));
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
