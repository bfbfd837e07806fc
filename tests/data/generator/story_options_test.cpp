// Longer and harder stories: every combination of options at small sizes is either refused in one line or gives stories
// that the library reads and the checkers agree with.

#include <algorithm>
#include <string>
#include <vector>

#include "babi_checker/checker.h"
#include "catch.h"
#include "data/babi/dense_babi.h"
#include "hmem/core/check.h"
#include "hmem/data/babi/files.h"
#include "hmem/data/generator/registry.h"
#include "support/error_text.h"

using namespace hmem;
using hmem::test::error_text;
using hmem::test::babi_checker::check_text;
using hmem::test::babi_checker::Report;

namespace {

using Option = std::optional<int> BabiStoryOptions::*;
const std::vector<Option> kOptions = {&BabiStoryOptions::story_length, &BabiStoryOptions::actors,
                                      &BabiStoryOptions::places,       &BabiStoryOptions::objects,
                                      &BabiStoryOptions::distractors,  &BabiStoryOptions::path_length};

std::string text_of(const BabiStoryOptions& options) {
  std::string text;
  const char* names[] = {"story_length", "actors", "places", "objects", "distractors", "path_length"};
  for (size_t i = 0; i < kOptions.size(); ++i) {
    if (const auto& value = options.*kOptions[i]) text += std::string(names[i]) + "=" + std::to_string(*value) + " ";
  }
  return text;
}

std::string refusal(int task, const BabiStoryOptions& options) {
  try {
    check_babi_options(task, options);
    return "";
  } catch (const UsageError& error) {
    return error.what();
  }
}

bool has_option(int task, Option option) {
  BabiStoryOptions options;
  options.*option = 3;
  return refusal(task, options).find("is not an option of this task") == std::string::npos;
}

/// All combinations of "not set" and the values for the options of a task.
std::vector<BabiStoryOptions> combinations(int task, const std::vector<int>& values) {
  std::vector<BabiStoryOptions> all(1);
  for (const Option option : kOptions) {
    if (!has_option(task, option)) continue;
    const size_t before = all.size();
    for (size_t i = 0; i < before; ++i) {
      for (const int value : values) {
        all.push_back(all[i]);
        all.back().*option = value;
      }
    }
  }
  return all;
}

struct Tally {
  int accepted = 0, refused = 0;
};

Tally check_combinations(int task, const std::vector<int>& values, int64_t questions) {
  Tally tally;
  uint64_t seed = 0;
  for (const BabiStoryOptions& options : combinations(task, values)) {
    const std::string why = refusal(task, options);
    if (!why.empty()) {
      ++tally.refused;
      const bool one_line = why.find('\n') == std::string::npos && why.size() < 250 &&
                            why.rfind("task " + std::to_string(task) + " (", 0) == 0;
      Rng rng(1);
      if (!one_line || error_text([&] { generate_babi(task, 1, rng, options); }) != why) {
        FAIL("task " << task << ", " << text_of(options) << ": refused with '" << why << "'");
      }
      continue;
    }
    ++tally.accepted;
    const std::string text = generate_babi_part(task, questions, BabiPart::train, ++seed, options);
    const Report report = check_text(task, text);
    if (report.questions != questions || !report.answers.empty() || report.supporting_agree != report.unambiguous) {
      FAIL("task " << task << ", " << text_of(options) << ": " << report.summary() << text.substr(0, 2000));
    }
    if (test::parse_text(text).questions.size() != static_cast<size_t>(questions)) {
      FAIL("task " << task << ", " << text_of(options) << ": the reader finds a different number of questions");
    }
  }
  return tally;
}

}  // namespace

TEST_CASE("story options: every combination of small values is refused or gives true stories", "[babi]") {
#ifdef __SANITIZE_ADDRESS__  // slower by far: fewer combinations
  const std::vector<int> values = {1, 2, 5};
#else
  const std::vector<int> values = {1, 2, 3, 5};
#endif
  for (int task = 1; task <= 20; ++task) {
    CAPTURE(task);
    const Tally tally = check_combinations(task, values, 12);
    CHECK(tally.accepted > 3);
  }
}

TEST_CASE("story options: larger values, one option at a time", "[babi]") {
  for (int task = 1; task <= 20; ++task) {
    CAPTURE(task);
    for (const Option option : kOptions) {
      if (!has_option(task, option)) continue;
      int accepted = 0;
      for (const int value : {0, 4, 6, 7, 8, 10, 12, 14, 15, 16, 20, 40, 100}) {
        BabiStoryOptions options;
        options.*option = value;
        if (!refusal(task, options).empty()) continue;
        ++accepted;
        const Report report = check_text(task, generate_babi_part(task, 30, BabiPart::train, 9, options));
        CAPTURE(text_of(options), report.summary());
        CHECK(report.questions == 30);
        CHECK(report.answers.empty());
        CHECK(report.supporting_agree == report.unambiguous);
      }
      CHECK(accepted >= 1);
    }
  }
}

TEST_CASE("story options: errors are one line", "[bad]") {
  BabiStoryOptions options;
  options.actors = 17;
  CHECK(refusal(1, options) ==
        "task 1 (single-supporting-fact): actors 17 is out of range, expected 1 to 16: there are 16 names");
  CHECK(refusal(4, options) ==
        "task 4 (two-arg-relations): actors 17 is not an option of this task, which has: story_length, places");
  options = {};
  options.path_length = 15;
  options.places = 4;
  CHECK_FALSE(refusal(19, options).empty());
  std::string dropped;
  options = {};
  options.actors = 2;
  options.places = 5;
  CHECK(options_of_babi_task(4, options, &dropped) == [] {
    BabiStoryOptions own;
    own.places = 5;
    return own;
  }());
  CHECK(dropped == "actors");
  Rng rng(1);
  CHECK(error_text([&] { generate_babi(21, 10, rng); }) == "there is no bAbI task 21, expected 1 to 20");
  CHECK(error_text([&] { generate_babi(1, 0, rng); }) == "cannot generate 0 questions, expected at least 1");
}
