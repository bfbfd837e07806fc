#include "hmem/tasks/babi/report.h"

#include <string>

#include "catch.h"
#include "hmem/core/check.h"
#include "support/error_text.h"
#include "support/temp_folder.h"

using namespace hmem;
using Catch::Matchers::Contains;
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
  CHECK(group.tasks[0].mean() == 1.5);
  CHECK(group.tasks[0].min() == 0.5);
  CHECK(group.tasks[0].max() == 2.5);
  CHECK(group.tasks[1].generated);
  CHECK_FALSE(group.tasks[2].generated);
  CHECK(group.failed_tasks() == 1);
  CHECK(group.mean_error() == Approx((2.5 + 4 + 51.5) / 3));
  CHECK_THAT(report_table(report), Contains("3*") && Contains("0.5-2.5") && Contains("EntNet"));
  CHECK_THAT(report_markdown(report), Contains("| 16 | 1 | 1 | 50 | 51.5 | 51.5 | 51.5-51.5 | 51.8 | 0.2 |"));
  CHECK_THAT(report_csv(report), Contains("\"\",1,official,3,2,1,2.5,1.5,0.5,2.5,0,0\n"));
  CHECK_THAT(report_json(report), Contains("{\"seed\":2,\"val_error\":1,\"test_error\":2.5,\"epochs\":9,"));
}

TEST_CASE("other settings, other tables", "[report]") {
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

TEST_CASE("runs tested on other stories have tables of their own", "[report]") {
  const TempFolder folder;
  folder.write("a/run.jsonl", run(1, 1, "1", "2"));
  folder.write("b/run.jsonl", run(1, 2, "1", "3", "bAbI stories from x", "\"hops\":\"3\",\"test_data_dir\":\"y\""));
  const BabiReport report = read_babi_report(folder.path().string());
  REQUIRE(report.groups.size() == 2);
  CHECK(report.groups[0].tasks[0].runs.size() == 1);
  CHECK(report.groups[1].settings == "test_data_dir=y");
}

TEST_CASE("damaged files and figures are left out with a note", "[report][bad]") {
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

TEST_CASE("published figures say that they are for 10k questions where ours are not", "[report]") {
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
             Contains("found 1 files run.jsonl and no finished run of babi_task_single") &&
                 Contains("is a run of image association"));
  CHECK_THAT(error_text([&] { read_babi_report(folder.file("none")); }), Contains("cannot be listed"));
}
