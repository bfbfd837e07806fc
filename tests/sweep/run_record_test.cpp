#include "hmem/sweep/run_record.h"

#include <map>
#include <string>
#include <vector>

#include "catch.h"
#include "hmem/core/check.h"
#include "support/temp_folder.h"

using namespace hmem;

namespace {

RunRecord read(const std::string& text) {
  const test::TempFolder folder;
  return read_run_record(folder.write("run.jsonl", text));
}

}  // namespace

TEST_CASE("the record of a run: settings, epochs, tasks, the final line", "[sweep]") {
  const std::string first = R"({"event":"header","program":"p","seed":7})"
                            "\n"
                            R"({"event":"header","hops":"3","seed":"other","list":[1]})"
                            "\n"
                            R"({"event":"epoch","epoch":0,"val_error":9.5,"val_loss":2})"
                            "\n"
                            R"({"event":"note","text":"task 3"})"
                            "\n"
                            R"({"event":"task","task_id":4,"test_error":1})"
                            "\n"
                            R"({"event":"final","test_error":1.5,"val_error":null,"name":"x"})"
                            "\n";
  const RunRecord record = read(first);
  CHECK(record.header.at("hops") == "3");
  CHECK(record.header.at("seed") == "7");  // the first one counts
  CHECK(record.header.count("list") == 0);
  CHECK(record.notes == std::vector<std::string>{"task 3"});
  REQUIRE(record.tasks.size() == 1);
  CHECK(metric_of(record.tasks[0], "test_error") == 1);
  CHECK(record.epochs.at(0).val_error == 9.5);
  CHECK(record.metric("test_error") == 1.5);
  CHECK_FALSE(record.metric("val_error").has_value());
  CHECK_FALSE(record.metric("name").has_value());
  CHECK(record.bad_lines == 0);

  // A run that continues: its own settings, the epochs of both, not finished.
  const RunRecord both = read(first + R"({"event":"header","program":"p","seed":8})" +
                              "\n"
                              R"({"event":"epoch","epoch":1,"val_error":8,"val_loss":1})"
                              "\n");
  CHECK(both.header.at("seed") == "8");
  CHECK(both.header.count("hops") == 0);
  CHECK(both.epochs.size() == 2);
  CHECK(both.notes.empty());
  CHECK(both.tasks.empty());
  CHECK_FALSE(both.finished());
  CHECK_FALSE(both.metric("test_error").has_value());
}

TEST_CASE("lines that are not part of a run are counted and left out", "[sweep][bad]") {
  const std::string deep(100000, '[');
  CHECK(read("{\"event\":\"ep\n[1]\n\xff\n" + deep + "\n{\"a\":1}\n").bad_lines == 5);
  CHECK(read("").bad_lines == 0);
  for (const char* epoch : {"1e300", "-1", "null", "\"x\""}) {
    CAPTURE(epoch);
    CHECK(read(R"({"event":"epoch","epoch":)" + std::string(epoch) + R"(,"val_error":1,"val_loss":1})").epochs.empty());
  }
  CHECK_FALSE(metric_of({{"x", "inf"}}, "x").has_value());
  CHECK_THROWS_AS(read_run_record("/no/such/run.jsonl"), Error);
}
