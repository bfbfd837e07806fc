#include "hmem/core/progress.h"

#include <algorithm>
#include <limits>
#include <sstream>
#include <string>

#include "catch.h"

namespace hmem {
namespace {

struct Bench {
  double time = 100;
  std::ostringstream out;
  Progress::Settings settings{true, false, [this] { return time; }};

  std::string take() {
    std::string text = out.str();
    out.str("");
    return text;
  }
};

TEST_CASE("the bar shows epoch, fraction, loss and time left", "[core]") {
  Bench bench;
  Progress progress(bench.out, bench.settings);
  progress.start_epoch(2, 12, 40);
  bench.time += 10;
  progress.update(20, 0.41234);
  CHECK(bench.take() == "\r\033[Kepoch 3/12 [##########..........]  50% loss 0.4123 ETA 3:10");
  progress.start_epoch(3, 12, 40);
  bench.time += 10;
  progress.update(40, 0.25);
  CHECK(bench.take() == "\r\033[Kepoch 4/12 [####################] 100% loss 0.25 ETA 1:20");
}

TEST_CASE("the bar is drawn at most ten times a second and removed at the end", "[core]") {
  Bench bench;
  {
    Progress progress(bench.out, bench.settings);
    progress.start_epoch(0, 1, 1000);
    for (int step = 1; step <= 1000; ++step) {
      bench.time += 0.001;
      progress.update(step, 1);
    }
    const std::string text = bench.take();
    size_t draws = 0;
    for (size_t at = 0; (at = text.find("epoch", at)) != std::string::npos; ++at) ++draws;
    CHECK(draws >= 9);
    CHECK(draws <= 11);
    progress.clear();
    CHECK(bench.take() == "\r\033[K");
    progress.clear();
    CHECK(bench.take().empty());
    bench.time += 1;
    progress.update(1000, 1);
    bench.take();
  }
  CHECK(bench.take() == "\r\033[K");
}

TEST_CASE("colour changes only the colour", "[core]") {
  Bench bench;
  bench.settings.color = true;
  Progress progress(bench.out, bench.settings);
  progress.start_epoch(0, 1, 4);
  progress.update(2, 1);
  CHECK(bench.take().find("[\033[32m##########\033[0m..........]") != std::string::npos);
}

TEST_CASE("a disabled bar writes nothing", "[core]") {
  Bench bench;
  bench.settings.enabled = false;
  {
    Progress progress(bench.out, bench.settings);
    progress.start_epoch(0, 1, 10);
    progress.update(5, 1);
    progress.clear();
  }
  CHECK(bench.take().empty());
  CHECK_FALSE(Progress::for_stderr(true).enabled);
}

TEST_CASE("an epoch without steps and a loss that is not a number are shown", "[core][bad]") {
  Bench bench;
  Progress progress(bench.out, bench.settings);
  progress.start_epoch(0, 1, 0);
  progress.update(0, std::numeric_limits<double>::quiet_NaN());
  CHECK(bench.take() == "\r\033[Kepoch 1/1 [....................]   0% loss nan");
}

TEST_CASE("a stage on a terminal: a bar after half a second, gone at the end", "[core]") {
  Bench bench;
  StageProgress stage(bench.out, bench.settings, "reading");
  const auto at = [&](double time, int64_t done) {
    bench.time = 100 + time;
    stage.update(done, 60);
    return bench.take();
  };
  CHECK(at(0, 0).empty());
  CHECK(at(0.4, 2).empty());
  CHECK(at(5, 3) == "\r\033[Kreading [#...................]   5% of 60 ETA 1:35");
  CHECK(at(5.05, 4).empty());
  CHECK(at(5.2, 60) == "\r\033[K");
  CHECK(at(9, 0).empty());  // another stage: the clock restarts
  CHECK(at(9.4, 10).empty());
  CHECK(at(10, 30) == "\r\033[Kreading [##########..........]  50% of 60 ETA 0:01");
  {
    StageProgress interrupted(bench.out, bench.settings, "reading");
    interrupted.update(0, 60);
    bench.time += 1;
    interrupted.update(1, 60);
    bench.take();
  }
  CHECK(bench.take() == "\r\033[K");
}

TEST_CASE("a stage without a terminal: a line after 2 seconds, then every 10; or nothing", "[core]") {
  Bench bench;
  bench.settings.enabled = false;
  const bool lines = GENERATE(true, false);
  bench.settings.lines = lines;
  StageProgress stage(bench.out, bench.settings, "reading");
  stage.update(0, 0);
  for (int second = 0; second <= 100; ++second) {
    stage.update(2 * second, 200);
    bench.time += 1;
  }
  const std::string text = bench.take();
  CHECK((std::count(text.begin(), text.end(), '\n') == 10) == lines);
  CHECK((text.rfind("reading: 2% of 200, ETA 1:38\nreading: 12% of 200, ETA 1:28\n", 0) == 0) == lines);
  CHECK(text.empty() != lines);
  stage.update(0, 10);
  bench.time += 1.9;
  stage.update(9, 10);
  CHECK(bench.take().empty());
  CHECK_FALSE(Progress::for_stderr(true).lines);
}

TEST_CASE("durations are short", "[core]") {
  CHECK(format_duration(0) == "0:00");
  CHECK(format_duration(7.4) == "0:07");
  CHECK(format_duration(754) == "12:34");
  CHECK(format_duration(10809) == "3:00:09");
  CHECK(format_duration(std::numeric_limits<double>::infinity()) == "99:59:59");
  CHECK(format_duration(-1) == "0:00");
}

}  // namespace
}  // namespace hmem
