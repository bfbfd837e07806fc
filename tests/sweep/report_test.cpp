#include "hmem/sweep/report.h"

#include <optional>
#include <string>
#include <vector>

#include "catch.h"

using namespace hmem;

namespace {

RunResult run(int64_t seed, std::optional<double> val_error, double test_error) {
  return {seed, val_error, test_error, 1, 1};
}

}  // namespace

TEST_CASE("the best run: lowest validation error, then smallest seed, whatever the test error", "[report]") {
  CHECK(RunGroup{{run(1, 2, 0), run(2, 1, 9), run(3, 1, 0)}}.best().seed == 2);
  CHECK(RunGroup{{run(3, 1, 0), run(2, 1, 9)}}.best().seed == 2);
  CHECK(RunGroup{{run(1, std::nullopt, 0), run(2, 50, 9)}}.best().seed == 2);  // a validation is better than none
  CHECK(RunGroup{{run(2, std::nullopt, 0), run(1, std::nullopt, 9)}}.best().seed == 1);
}

TEST_CASE("spread of test errors", "[report]") {
  const Spread spread = spread_of(RunGroup{{run(1, 0, 3), run(2, 1, 1.5), run(3, 2, 6)}});
  CHECK(spread.mean == 3.5);
  CHECK(spread.min == 1.5);
  CHECK(spread.max == 6);
  CHECK(spread.median == 3);
  CHECK(spread_of({9, 1, 4, 2}).median == 3);  // the mean of 2 and 4
  CHECK(spread_of(std::vector<double>{-2}).mean == -2);
}

TEST_CASE("groups keep the order in which their keys first occur", "[report]") {
  const std::vector<std::string> words = {"pear", "fig", "plum", "figs", "nut"};
  const auto groups = group_by(words, [](const std::string& word) { return word.size(); });
  std::vector<std::vector<std::string>> found;
  for (const auto& group : groups) {
    found.emplace_back();
    for (const std::string* word : group) found.back().push_back(*word);
  }
  CHECK(found == std::vector<std::vector<std::string>>{{"pear", "plum", "figs"}, {"fig", "nut"}});
}

TEST_CASE("tables as text, Markdown and CSV", "[report]") {
  const Table table = {{"task", "test"}, {"1*", "10.25"}, {"20", "-"}};
  CHECK(text_table(table, 0) ==
        "task   test\n"
        "  1*  10.25\n"
        "  20      -\n");
  CHECK(text_table(table, 1) ==
        "task   test\n"
        "1*    10.25\n"
        "20        -\n");
  CHECK(text_table(table, 2) ==
        "task  test \n"
        "1*    10.25\n"
        "20    -    \n");
  CHECK(markdown_table(table) ==
        "| task | test |\n"
        "|---|---|\n"
        "| 1* | 10.25 |\n"
        "| 20 | - |\n");
  CHECK(csv_field("a,\"b\"\n") == "\"a,\"\"b\"\"\\n\"");
  CHECK(metric_text(2.0 / 3) == "0.6667");
  CHECK(metric_text(12345.6) == "1.235e+04");
}

TEST_CASE("texts of runs are no formulas, columns or tags", "[report]") {
  CHECK(csv_field("=HYPERLINK(\"x\")") == "\"'=HYPERLINK(\"\"x\"\")\"");
  CHECK(csv_field("hops=3") == "\"hops=3\"");
  CHECK(markdown_text("a|b <script> & c") == "a\\|b &lt;script&gt; &amp; c");
  CHECK(markdown_table({{"a", "b"}, {"x|y", "1"}}) == "| a | b |\n|---|---|\n| x\\|y | 1 |\n");
}
