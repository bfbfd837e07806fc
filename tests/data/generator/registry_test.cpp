// Generated stories compared with the official ones: file names, sentences, frequencies. tools/babi_compare.py
// compares far more; docs/babi_generator.md shows what it finds.

#include "hmem/data/generator/registry.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "catch.h"
#include "hmem/data/babi/files.h"
#include "support/real_data.h"
#include "support/temp_folder.h"

using namespace hmem;
using hmem::test::babi_data_dir;

namespace {

/// What is counted in one story: feature -> number.
using Counts = std::map<std::string, double>;

/// Answers, distances of the first and the last supporting fact, statements before the questions.
std::vector<Counts> stories_of(const std::string& text) {
  std::vector<Counts> stories;
  std::istringstream in(text);
  int statements = 0;
  for (std::string line; std::getline(in, line);) {
    const int id = std::stoi(line);
    if (id == 1) {
      stories.emplace_back();
      statements = 0;
    }
    Counts& story = stories.back();
    const size_t tab = line.find('\t');
    if (tab == std::string::npos) {
      ++statements;
      continue;
    }
    const size_t second = line.find('\t', tab + 1);
    const std::string facts = line.substr(second + 1);
    const int first = std::stoi(facts), last = std::stoi(facts.substr(facts.rfind(' ') + 1));
    story["questions"] += 1;
    story["answer " + line.substr(tab + 1, second - tab - 1)] += 1;
    story["first fact " + std::to_string(std::min(id - first, 30))] += 1;
    story["last fact " + std::to_string(std::min(id - last, 30))] += 1;
    story["statements " + std::to_string(statements / 2)] += 1;
  }
  return stories;
}

struct Share {
  double value = 0, error = 0;
};

/// Share of a feature among all questions, and its standard error from story to story: questions of a story are alike.
Share share_of(const std::vector<Counts>& stories, const std::string& feature) {
  const auto count = [](const Counts& story, const std::string& name) {
    const auto found = story.find(name);
    return found == story.end() ? 0.0 : found->second;
  };
  double questions = 0, hits = 0, squares = 0;
  for (const Counts& story : stories) {
    questions += count(story, "questions");
    hits += count(story, feature);
  }
  const double share = hits / questions;
  for (const Counts& story : stories) {
    const double rest = count(story, feature) - share * count(story, "questions");
    squares += rest * rest;
  }
  return {share, std::sqrt(squares) / questions};
}

std::set<std::string> sentences_of(const BabiStories& stories) {
  std::set<std::string> sentences;
  for (const BabiWords& words : stories.phrases) {
    std::string text;
    for (const std::string& word : words) text += word + " ";
    sentences.insert(text);
  }
  return sentences;
}

}  // namespace

TEST_CASE("generated files are named like the official ones", "[babi]") {
  CHECK(babi_file_name(1, BabiPart::train) == "qa1_single-supporting-fact_train.txt");
  CHECK(babi_file_name(20, BabiPart::test) == "qa20_agents-motivations_test.txt");
  CHECK_THROWS_WITH(babi_task_name(0), "there is no bAbI task 0, expected 1 to 20");
  CHECK_THROWS_WITH(babi_task_name(21), "there is no bAbI task 21, expected 1 to 20");
}

TEST_CASE("every official file has the name that a generated one gets", "[data]") {
  const std::filesystem::path folder = std::filesystem::path(babi_data_dir()) / "en";
  for (int task = 1; task <= 20; ++task) {
    for (const BabiPart part : {BabiPart::train, BabiPart::test}) {
      CHECK(find_babi_file(folder, task, part).filename() == babi_file_name(task, part));
    }
  }
}

TEST_CASE("generated and official stories: the same sentences where all of them occur", "[data]") {
  const BabiSource official = find_babi(babi_data_dir(), {});
  const BabiSource made = find_babi("generated", {});
  for (const int task : {1, 4, 6, 9, 11, 12, 15, 20}) {
    CAPTURE(task);
    CHECK(sentences_of(load_babi(made, task, "10k", BabiPart::train)) ==
          sentences_of(load_babi(official, task, "10k", BabiPart::train)));
  }
}

TEST_CASE("generated and official stories: answers, supporting facts and lengths are equally frequent", "[data]") {
  const std::filesystem::path root = babi_data_dir();
  for (int task = 1; task <= 20; ++task) {
    const std::string official =
        test::read_file(find_babi_file(root / (task == 3 ? "en" : "en-10k"), task, BabiPart::train).string());
    const std::vector<Counts> expected = stories_of(official),
                              found = stories_of(generate_babi_part(task, 10000, BabiPart::train, 4));
    std::set<std::string> features;
    for (const auto* stories : {&expected, &found}) {
      for (const Counts& story : *stories) {
        for (const auto& feature : story) features.insert(feature.first);
      }
    }
    features.erase("questions");
    for (const std::string& feature : features) {
      const Share official_share = share_of(expected, feature), made_share = share_of(found, feature);
      // A rare feature has too few stories for a standard error.
      if (official_share.value < 0.005 && made_share.value < 0.005) continue;
      const double error = std::hypot(official_share.error, made_share.error);
      CAPTURE(task, feature, official_share.value, made_share.value, error);
      CHECK(std::abs(official_share.value - made_share.value) <= 5 * error + 1e-9);
    }
  }
}
