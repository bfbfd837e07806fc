#include <memory>

#include "catch.h"
#include "hmem/tasks/images/delay_curve.h"

using namespace hmem;

namespace {

/// Not a matcher: that would print the whole page, which takes Catch for ever.
bool has_part(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

DelayResult one_of(const std::string& model, int64_t delay, int64_t seed, double val, double test) {
  DelayResult one;
  one.model = model;
  one.delay = delay;
  one.seed = seed;
  one.val_error = val;
  one.test_error = test;
  one.epochs = 2;
  one.seconds = 60;
  auto record = std::make_shared<RunRecord>();
  record->header = {{"hops", "<i>"}, {"seed", std::to_string(seed)}};
  record->curves["val_loss"] = {{0, 1.0}, {1, 0.5}};
  record->curves["val_error"] = {{0, 40.0}, {1, val}};
  one.record = record;
  return one;
}

}  // namespace

TEST_CASE("page of a delay curve: summary, a mark for every seed, training, time, settings", "[sweep]") {
  const std::vector<DelayResult> results = {one_of("hmem", 0, 1, 5, 4), one_of("hmem", 0, 2, 6, 8),
                                            one_of("hmem", 20, 1, 5, 10), one_of("lstm", 0, 1, 5, 30)};
  const std::string page = delay_html(results, {"model=lstm delay=20 seed=1 <x>"});
  for (const char* outside : {"http:", "https:", "<script", "src=\"", "href=", "url(", "<i>", "<x>"}) {
    INFO(outside);
    CHECK((!has_part(page, outside)));
  }
  CHECK((has_part(page, "1 run is not finished.")));
  CHECK((has_part(page,
                  "<strong>H-Mem</strong>: 94 % right with delay 0, 90 % with delay 20; seeds differ by up to 4 %.")));
  CHECK((has_part(page, "<strong>LSTM</strong>: 70 % right with delay 0; one seed each.")));
  CHECK((has_part(page, "<title>H-Mem, delay 0, seed 2: 92 %</title>")));
  CHECK((has_part(page, "<th scope=\"row\">H-Mem</th><td>0</td><td>2</td><td>94</td><td>92</td><td>96</td>")));
  CHECK((has_part(page, "<title>LSTM, delay 0: loss</title>") && has_part(page, "seed 1 (chosen), val_loss")));
  CHECK((has_part(page, "4 minutes of training in all.") && has_part(page, "<td>&lt;i&gt;</td>")));
  CHECK((has_part(page, "<li>model=lstm delay=20 seed=1 &lt;x&gt;</li>")));
  const std::string empty = delay_html({}, {"model=hmem"});
  CHECK((has_part(empty, "1 run is not finished.") && !has_part(empty, "<svg")));
  DelayResult elsewhere;
  elsewhere.model = "nearest";
  elsewhere.seed = 1;
  elsewhere.test_error = 15;
  const std::string with = delay_html({one_of("hmem", 0, 1, 5, 4), elsewhere}, {});
  CHECK((has_part(with, "<strong>nearest</strong>: 85 % right with delay 0; one seed each.")));
  CHECK((has_part(with, "1 minute of training in all.") &&
         !has_part(with, "<th scope=\"row\">nearest</th><td>0</td><td>0</td>")));
  CHECK((!has_part(with, "<title>nearest, delay 0: loss</title>")));
  const std::string single = delay_html({one_of("hmem", 0, 1, 5, 4)}, {});
  CHECK((has_part(single, "All runs have finished.") && !has_part(single, "Not finished") && !has_part(single, "nan")));

  const std::string picture = delay_svg(results);
  CHECK(picture.find("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox") == 0);
  CHECK((has_part(picture, "prefers-color-scheme:dark") && has_part(picture, ".s1{stroke:var(--c1)}")));
  CHECK((has_part(picture, "<title>H-Mem, delay 0, seed 2: 92 %</title>") && !has_part(picture, "details")));
  CHECK(delay_svg({}).empty());
}
