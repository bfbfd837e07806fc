#include "hmem/core/program.h"

#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "catch.h"
#include "hmem/core/check.h"
#include "hmem/core/timer.h"

namespace hmem {
namespace {

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

Outcome run(std::vector<const char*> arguments, const std::function<int(const Options&)>& body) {
  arguments.insert(arguments.begin(), "sample");
  Options options("sample", "A program for tests.");
  options.add_int("count", 1, "how often", {1, 9});
  std::ostringstream out, err;
  const int code = run_program(static_cast<int>(arguments.size()), arguments.data(), options, body, out, err);
  return {code, out.str(), err.str()};
}

TEST_CASE("a program returns what its body returns", "[core]") {
  const auto body = [](const Options& options) { return static_cast<int>(options.get_int("count")) - 1; };
  CHECK(run({}, body).code == 0);
  CHECK(run({"--count=4"}, body).code == 3);
  CHECK(run({"--count=4"}, body).err.empty());
}

TEST_CASE("help and version go to standard output and run nothing", "[core]") {
  const auto body = [](const Options&) -> int { throw std::logic_error("must not run"); };
  const Outcome help = run({"--help"}, body);
  CHECK(help.code == 0);
  CHECK(help.err.empty());
  CHECK(help.out.find("--count INT") != std::string::npos);
  const Outcome version = run({"--version"}, body);
  CHECK(version.code == 0);
  CHECK(version.out == "sample " + build_info().str() + "\n");
}

TEST_CASE("a wrong command line gives one line and exit code 2", "[core][bad]") {
  const auto body = [](const Options&) { return 0; };
  const Outcome outcome = run({"--count=0\n\033[31m"}, body);
  CHECK(outcome.code == 2);
  CHECK(outcome.out.empty());
  CHECK(outcome.err ==
        "sample: error: --count: found '0\\n\\x1b[31m', expected an integer in 1..9 (see sample --help)\n");
}

TEST_CASE("every other failure gives one line and exit code 1", "[core][bad]") {
  const auto err_of = [](const std::function<int(const Options&)>& body) {
    const Outcome outcome = run({}, body);
    CHECK(outcome.code == 1);
    return outcome.err;
  };
  CHECK(err_of([](const Options&) -> int { fail("file.txt, line ", 3, ": found\nnonsense\r"); }) ==
        "sample: error: file.txt, line 3: found\\nnonsense\\r\n");
  CHECK(err_of([](const Options&) -> int { throw std::runtime_error("other"); }) == "sample: error: other\n");
  CHECK(err_of([](const Options&) -> int { throw std::bad_alloc(); }) == "sample: error: out of memory\n");
  CHECK(err_of([](const Options&) -> int { throw 7; }) == "sample: error: unknown exception\n");
}

TEST_CASE("output that cannot be written is a failure", "[core][bad]") {
  Options options("sample", "");
  const char* arguments[] = {"sample"};
  std::ostringstream out, err;
  const int code = run_program(
      1, arguments, options,
      [&](const Options&) {
        out.setstate(std::ios::badbit);
        return 0;
      },
      out, err);
  CHECK(code == 1);
  CHECK(err.str() == "sample: error: cannot write to the standard output\n");
}

TEST_CASE("information on the build and the process", "[core]") {
  const BuildInfo info = build_info();
  CHECK(info.version.find('.') != std::string::npos);
  CHECK_FALSE(info.git_sha.empty());
  CHECK((info.compiler.find("g++ ") == 0 || info.compiler.find("clang++ ") == 0));
  CHECK_FALSE(info.architecture.empty());

  const double before = peak_rss_mib();
  CHECK(before > 0.5);
  CHECK(before < 1e5);
  {
    std::vector<char> memory(64 << 20, 1);
    CHECK(memory[123456] == 1);
  }
  CHECK(peak_rss_mib() >= 64);

  const hmem::Timer timer;
  const double first = timer.seconds(), second = timer.seconds();
  CHECK(first >= 0);
  CHECK(second >= first);
}

}  // namespace
}  // namespace hmem
