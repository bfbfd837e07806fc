#include "hmem/sweep/page.h"

#include <cmath>
#include <string>

#include "catch.h"
#include "support/temp_folder.h"

using namespace hmem;

namespace {

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++count;
  return count;
}

RunRecord recorded(int epochs, const std::string& more = "") {
  std::string lines = R"({"event":"header","program":"p","hops":"3")" + more + "}\n";
  for (int i = 0; i < epochs; ++i) {
    lines += R"({"event":"epoch","train_loss":1,"val_loss":0.5,"val_error":25,"learning_rate":0.003,"epoch":)" +
             std::to_string(i) + "}\n";
  }
  const test::TempFolder folder;
  return read_run_record(folder.write("run.jsonl", lines));
}

}  // namespace

TEST_CASE("chart: places of points on linear and logarithmic axes, marks, legend", "[sweep]") {
  Chart chart;
  chart.title = "a < b";
  chart.x_label = "epoch";
  chart.from_zero = false;
  using Kind = Chart::Series::Kind;
  chart.series = {{"run", {{0, 10}, {10, 10}, {20, NAN}}, Kind::thick, 1}, {"run", {{0, 10}, {10, 10}}, Kind::thin, 2}};
  std::string svg = chart_svg(chart);
  CHECK_THAT(svg, Contains("role=\"img\"><title>a &lt; b</title>"));
  CHECK(count_of(svg, ">run</text>") == 1);  // named once
  CHECK_THAT(svg,
             Contains("<path class=\"line thick s1\" d=\"M46 110l0 0 304 0\"/>"));   // in the middle, to the right end
  CHECK(svg.find("class=\"line thin s2\"") < svg.rfind("class=\"line thick s1\""));  // the thick line is above
  chart = {};
  chart.linear_to = 1;
  chart.categories = {"x", "y"};
  chart.series = {{"", {{0, 0}, {1, 99}}, Kind::dots, 0, {"first", "second \"s\""}}};
  svg = chart_svg(chart);
  CHECK_THAT(svg, Contains("cx=\"122\" cy=\"180\"><title>first</title></circle>"));
  CHECK_THAT(svg, Contains("<title>second &quot;s&quot;</title>"));
  CHECK_THAT(svg, Contains(">y</text>") && Contains(">10</text>") && Contains(">30</text>") && !Contains(">50</text>"));
  // log(1 + 10) is nearer to log(1 + 100) than to log(1)
  const auto y_of = [&](const std::string& tick) {
    const size_t at = svg.find(">" + tick + "</text>");
    REQUIRE(at != std::string::npos);
    return std::stoi(svg.substr(svg.rfind("y=\"", at) + 3));
  };
  CHECK(y_of("0") - y_of("10") > 65);
  CHECK(y_of("0") - y_of("10") < 75);
  chart.series[0].points = {{0, NAN}};
  CHECK(chart_svg(chart).empty());
  CHECK(chart_figure(chart, {{"a"}}).empty());
}

TEST_CASE("training charts: each run a line, the chosen one thick, twelve rows of numbers", "[sweep]") {
  const RunRecord one = recorded(100), other = recorded(50), none = recorded(0);
  const std::string text = training_charts({{"seed 1", &one, false}, {"seed 2", &other, true}}, "Task <1>");
  CHECK(count_of(text, "<svg ") == 5);  // no gradient was recorded; losses and errors on two axes
  CHECK(count_of(text, "<svg class=\"log\"") == 2);
  CHECK(count_of(text, "<svg class=\"linear\"") == 2);
  CHECK(count_of(text, "<table>") == 3);
  CHECK_THAT(text, Contains("<title>Task &lt;1&gt;: loss</title>") && !Contains("gradient"));
  CHECK(count_of(text, "class=\"line thin") == 4 + 3);
  CHECK_THAT(text, Contains("<th scope=\"col\">seed 2 (chosen), val_loss</th>"));
  CHECK_THAT(text, Contains("<tr><th scope=\"row\">99</th><td>1</td><td></td><td>0.5</td><td></td></tr>"));
  CHECK(count_of(text, "<th scope=\"row\">") == 3 * 12);
  CHECK(training_charts({{"seed 1", &none, true}}, "x").empty());
  CHECK(training_charts({}, "x").empty());
}

TEST_CASE("settings: what all runs share, and the names of the others", "[sweep]") {
  const RunRecord one = recorded(0, R"(,"seed":1,"out":"<a>","data":"<b>")"),
                  two = recorded(0, R"(,"seed":2,"out":"c","data":"<b>")");
  const std::string text = settings_table({&one, &two});
  CHECK_THAT(text, Contains("<th scope=\"row\">hops</th><td>3</td>") && Contains("<td>&lt;b&gt;</td>"));
  CHECK_THAT(text, Contains("The runs differ in: out, seed.") && !Contains("event"));
}

TEST_CASE("the frame of a page allows nothing from outside", "[sweep]") {
  const std::string page = runs_page("<x>", "body");
  CHECK_THAT(page, !Contains("checkbox"));
  Chart chart;
  chart.linear_to = 1;
  chart.series = {{"run", {{0, 0}, {1, 10}, {2, 99}}}};
  const std::string curves = chart_curves(chart);
  CHECK_THAT(curves, Contains("<svg class=\"log\" viewBox") && Contains("d=\"M46 180l0 0 152-70 152-65\"") &&
                         Contains("<svg class=\"linear\" viewBox") && Contains("d=\"M46 180l0 0 152-14 152-123\""));
  CHECK_THAT(runs_page("x", curves), Contains("<input type=\"checkbox\" id=\"axis\"> <label for=\"axis\">"));
  chart.linear_to = 0;
  CHECK(chart_curves(chart) == chart_svg(chart));
  CHECK(chart_curves({}).empty());
  CHECK_THAT(page, Contains("default-src 'none'") && Contains("<title>&lt;x&gt;</title>") && Contains("lang=\"en\""));
  CHECK_THAT(page, !Contains("http:") && !Contains("https:") && !Contains("<script") && !Contains("src="));
  CHECK(time_text(5) == "5 seconds");
  CHECK(time_text(90) == "1.5 minutes");
  CHECK(time_text(9000) == "2.5 hours");
}
