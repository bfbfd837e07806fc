#include "hmem/core/run_log.h"

#include <cmath>
#include <limits>
#include <sstream>
#include <string>

#include "catch.h"
#include "hmem/core/check.h"
#include "support/error_text.h"
#include "support/temp_folder.h"

namespace hmem {
namespace {

TEST_CASE("a record keeps its order in text and JSON", "[core]") {
  Record record;
  record.add_int("task_id", -4).add_real("loss", 1.0 / 3, 4).add_text("encoding", "learned");
  CHECK(record.to_text() == "task_id=-4 loss=0.3333 encoding=learned");
  CHECK(record.to_json() == R"({"task_id":-4,"loss":0.3333,"encoding":"learned"})");
  record.append(record);
  CHECK(record.to_text() == "task_id=-4 loss=0.3333 encoding=learned task_id=-4 loss=0.3333 encoding=learned");
  CHECK(Record().to_text().empty());
  CHECK(Record().to_json() == "{}");
}

TEST_CASE("values that would break a line are quoted", "[core][bad]") {
  const auto text_of = [](const std::string& value) { return Record().add_text("k", value).to_text(); };
  CHECK(text_of("") == R"(k="")");
  CHECK(text_of("a b") == R"(k="a b")");
  CHECK(text_of("a=b") == "k=a=b");
  CHECK(text_of("line\nbreak") == R"(k="line\nbreak")");
  CHECK(text_of("say \"x\"") == R"(k="say \"x\"")");
  CHECK(text_of("\xff") == "k=\"\xef\xbf\xbd\"");
  CHECK(text_of("caf\xc3\xa9") == "k=caf\xc3\xa9");
}

TEST_CASE("numbers that JSON cannot represent are null", "[core]") {
  const double infinity = std::numeric_limits<double>::infinity();
  const Record record = Record().add_real("a", std::nan("")).add_real("b", infinity).add_real("c", -infinity);
  CHECK(record.to_text() == "a=nan b=inf c=-inf");
  CHECK(record.to_json() == R"({"a":null,"b":null,"c":null})");
}

TEST_CASE("text and JSON output of a run agree", "[core]") {
  const test::TempFolder folder;
  const std::string path = folder.file("run.jsonl");
  std::ostringstream out;
  RunLog log(out, path);
  log.write_header(Record().add_text("version", "0.1.0"));
  log.write_note("data generated\nhere");
  log.write_epoch(Record().add_int("epoch", 0).add_real("loss", 0.5));
  log.write_final(Record().add_real("test_error", 0));
  CHECK(out.str() == "version=0.1.0\nnote: data generated\\nhere\nepoch=0 loss=0.5\nfinal test_error=0\n");
  // The log is still open: every line was flushed.
  CHECK(test::read_file(path) ==
        "{\"event\":\"header\",\"version\":\"0.1.0\"}\n{\"event\":\"note\",\"text\":\"data generated\\nhere\"}\n"
        "{\"event\":\"epoch\",\"epoch\":0,\"loss\":0.5}\n{\"event\":\"final\",\"test_error\":0}\n");
}

TEST_CASE("a quiet run still writes a complete file", "[core]") {
  const test::TempFolder folder;
  std::ostringstream out;
  RunLog log(out, folder.file("run.jsonl"));
  log.set_quiet(true);
  log.write_header(Record().add_int("seed", 1));
  log.write_epoch(Record().add_int("epoch", 0));
  log.write_final(Record().add_int("test_error", 0));
  CHECK(out.str() == "final test_error=0\n");
  CHECK(test::read_file(folder.file("run.jsonl")) ==
        "{\"event\":\"header\",\"seed\":1}\n{\"event\":\"epoch\",\"epoch\":0}\n"
        "{\"event\":\"final\",\"test_error\":0}\n");
}

TEST_CASE("a log is replaced, or continued after a line cut short", "[core]") {
  const test::TempFolder folder;
  std::ostringstream out;
  const Record record = Record().add_int("epoch", 1);
  const std::string line = "{\"event\":\"epoch\",\"epoch\":1}\n";

  const std::string replaced = folder.write("replaced", "old\n");
  RunLog(out, replaced).write_epoch(record);
  CHECK(test::read_file(replaced) == line);

  const std::string continued = folder.write("continued", "old\n");
  RunLog(out, continued, RunLog::OpenMode::append).write_epoch(record);
  CHECK(test::read_file(continued) == "old\n" + line);

  const std::string cut = folder.write("cut", "old\nhal");
  RunLog(out, cut, RunLog::OpenMode::append).write_epoch(record);
  CHECK(test::read_file(cut) == "old\nhal\n" + line);

  RunLog(out, folder.file("fresh"), RunLog::OpenMode::append).write_epoch(record);
  CHECK(test::read_file(folder.file("fresh")) == line);
}

TEST_CASE("a log that cannot be written fails before the run", "[core][bad]") {
  const test::TempFolder folder;
  std::ostringstream out;
  const std::string missing = folder.file("no/such/folder.jsonl");
  CHECK(test::error_text([&] { RunLog(out, missing); }) == "cannot write '" + missing + "': No such file or directory");
  CHECK(test::error_text([&] { RunLog(out, folder.path().string()); }).find("Is a directory") != std::string::npos);
  CHECK(out.str().empty());
}

TEST_CASE("a full disk stops the run", "[core][bad]") {
  if (!std::filesystem::exists("/dev/full")) return;
  std::ostringstream out;
  RunLog log(out, "/dev/full");
  CHECK(test::error_text([&] { log.write_epoch(Record().add_int("epoch", 0)); }) ==
        "cannot write '/dev/full': No space left on device");

  std::ofstream full("/dev/full");
  RunLog to_full(full);
  CHECK(test::error_text([&] { to_full.write_epoch(Record().add_int("epoch", 0)); }) ==
        "cannot write to the standard output");
}

}  // namespace
}  // namespace hmem
