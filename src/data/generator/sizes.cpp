// Things that fit inside each other.

#include <algorithm>
#include <optional>
#include <vector>

#include "data/generator/families.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

namespace {

/// The first two always are the smallest, in this order; the others have another order in each story.
constexpr std::array<std::string_view, 16> kThings = {"chocolate", "box of chocolates",
                                                      "box",       "chest",
                                                      "container", "suitcase",
                                                      "crate",     "trunk",
                                                      "basket",    "drawer",
                                                      "locker",    "bag",
                                                      "bucket",    "barrel",
                                                      "jar",       "cupboard"};
constexpr size_t kAlwaysSmallest = 2;

constexpr int kOfficialThings = 6, kOfficialLinks = 2, kOfficialDistractors = 3, kQuestions = 5;

/// A comparison of two things, given by their ranks from the smallest. Facts that differ in the variant count as
/// different, although they may be said with the same words.
struct Fact {
  size_t smaller, bigger;
  uint32_t variant;
  int line = 0;

  bool has(size_t rank) const { return smaller == rank || bigger == rank; }
  bool same_as(const Fact& other) const {
    return smaller == other.smaller && bigger == other.bigger && variant == other.variant;
  }
};

/// The ends of a walk along facts and the lines of these facts. `upwards`: it starts at the smaller end.
struct Conclusion {
  size_t smaller, bigger;
  bool upwards;
  std::vector<int> supporting;
};

/// Names by rank, the smallest first.
std::vector<std::string_view> draw_sizes(int things, Rng& rng) {
  std::vector<std::string_view> names(kThings.begin(), kThings.begin() + kAlwaysSmallest);
  for (const size_t i : draw_order(static_cast<size_t>(things) - kAlwaysSmallest, rng))
    names.push_back(kThings[kAlwaysSmallest + i]);
  return names;
}

Fact draw_fact(size_t things, Rng& rng) {
  const size_t one = pick_index(things, rng), other = pick_other(things, one, rng);
  return {std::min(one, other), std::max(one, other), rng.below(2)};
}

void say_fact(StoryText& story, const std::vector<std::string_view>& names, Fact& fact, Rng& rng) {
  const std::string_view smaller = names[fact.smaller], bigger = names[fact.bigger];
  fact.line = story.say(chance(1, 2, rng) ? join("The ", bigger, " is bigger than the ", smaller, ".")
                                          : join("The ", smaller, " fits inside the ", bigger, "."));
}

/// Whether the thing where the walk starts is the bigger one.
void ask_whether_start_is_bigger(StoryText& story, const std::vector<std::string_view>& names,
                                 const Conclusion& conclusion, Rng& rng) {
  const std::string_view smaller = names[conclusion.smaller], bigger = names[conclusion.bigger];
  const std::string_view start = conclusion.upwards ? smaller : bigger, goal = conclusion.upwards ? bigger : smaller;
  story.ask(chance(1, 2, rng) ? join("Is the ", start, " bigger than the ", goal, "?")
                              : join("Does the ", goal, " fit in the ", start, "?"),
            conclusion.upwards ? "no" : "yes", conclusion.supporting);
}

/// A walk along a fact, upwards or downwards, and then along the first other statement about the thing reached; none
/// when that one leads back. Of statements of the same fact, the last one is taken for the first leg.
std::optional<Conclusion> conclude(const std::vector<Fact>& facts, size_t fact, bool upwards) {
  size_t first = facts.size() - 1;
  while (!facts[first].same_as(facts[fact])) --first;
  const size_t middle = upwards ? facts[first].bigger : facts[first].smaller;
  for (size_t second = 0; second < facts.size(); ++second) {
    if (second == first || !facts[second].has(middle)) continue;
    if ((upwards ? facts[second].smaller : facts[second].bigger) != middle) return std::nullopt;
    const Fact &lower = facts[upwards ? first : second], &upper = facts[upwards ? second : first];
    return Conclusion{lower.smaller, upper.bigger, upwards, {facts[first].line, facts[second].line}};
  }
  return std::nullopt;
}

std::vector<Conclusion> all_conclusions(const std::vector<Fact>& facts) {
  std::vector<Conclusion> conclusions;
  for (size_t fact = 0; fact < facts.size(); ++fact) {
    for (const bool upwards : {false, true}) {
      if (auto conclusion = conclude(facts, fact, upwards)) conclusions.push_back(*conclusion);
    }
  }
  return conclusions;
}

/// Five statements and up to five questions at a time, until a round had all its questions.
void write_rounds(StoryText& story, int things, Rng& rng) {
  constexpr int kStatements = 5, kTries = 100;
  const std::vector<std::string_view> names = draw_sizes(things, rng);
  std::vector<Fact> facts;
  int asked = 0;
  while (asked < kQuestions) {
    for (int i = 0; i < kStatements; ++i) {
      facts.push_back(draw_fact(names.size(), rng));
      say_fact(story, names, facts.back(), rng);
    }
    asked = 0;
    for (int i = 0; i < kTries && asked < kQuestions; ++i) {
      const size_t fact = pick_index(facts.size(), rng);
      const auto conclusion = conclude(facts, fact, chance(1, 2, rng));
      if (!conclusion) continue;
      ask_whether_start_is_bigger(story, names, *conclusion, rng);
      ++asked;
    }
  }
}

/// `statements` statements, then the questions. If no question is possible, the first two statements become a chain.
void write_statements(StoryText& story, int things, int statements, Rng& rng) {
  const std::vector<std::string_view> names = draw_sizes(things, rng);
  std::vector<Fact> facts;
  for (int i = 0; i < statements; ++i) facts.push_back(draw_fact(names.size(), rng));
  if (all_conclusions(facts).empty()) {
    const size_t middle = 1 + pick_index(names.size() - 2, rng);
    facts[0].smaller = pick_index(middle, rng);
    facts[0].bigger = facts[1].smaller = middle;
    facts[1].bigger = middle + 1 + pick_index(names.size() - middle - 1, rng);
  }
  for (Fact& fact : facts) say_fact(story, names, fact, rng);
  const std::vector<Conclusion> conclusions = all_conclusions(facts);
  for (int i = 0; i < kQuestions; ++i)
    ask_whether_start_is_bigger(story, names, conclusions[pick_index(conclusions.size(), rng)], rng);
}

/// How the options of a story with one chain add up. Without the option: as many distractors as in an official story,
/// or as there are things left.
struct Extent {
  int links, distractors, things;

  int in_story() const { return links + 1 + distractors; }
};

Extent extent_of(const BabiStoryOptions& options) {
  const int links = options.path_length.value_or(kOfficialLinks);
  const int left = options.objects.value_or(static_cast<int>(kThings.size())) - links - 1;
  Extent extent{links, options.distractors.value_or(std::clamp(left, 0, kOfficialDistractors)), 0};
  extent.things = options.objects.value_or(std::max(kOfficialThings, extent.in_story()));
  return extent;
}

/// A chain of things, each bigger than the one before, and things that are compared with one thing of the chain and
/// with nothing else; so only the chain connects its ends, which are asked about.
void write_chain(StoryText& story, const Extent& extent, Rng& rng) {
  const std::vector<std::string_view> names = draw_sizes(extent.things, rng);
  const std::vector<size_t> ranks = draw_order(names.size(), rng);
  const auto links = static_cast<size_t>(extent.links), in_story = static_cast<size_t>(extent.in_story());
  std::vector<size_t> chain(ranks.begin(), ranks.begin() + extent.links + 1);
  std::sort(chain.begin(), chain.end());
  std::vector<Fact> facts;
  for (size_t i = 0; i < links; ++i) facts.push_back({chain[i], chain[i + 1], 0});
  for (size_t i = links + 1; i < in_story; ++i) {
    const size_t other = chain[pick_index(chain.size(), rng)];
    facts.push_back({std::min(ranks[i], other), std::max(ranks[i], other), 0});
  }
  for (const size_t i : draw_order(facts.size(), rng)) say_fact(story, names, facts[i], rng);
  std::vector<int> lines;
  for (size_t i = 0; i < links; ++i) lines.push_back(facts[i].line);
  const Conclusion upwards{chain.front(), chain.back(), true, lines};
  const Conclusion downwards{chain.front(), chain.back(), false, {lines.rbegin(), lines.rend()}};
  for (int i = 0; i < kQuestions; ++i)
    ask_whether_start_is_bigger(story, names, chance(1, 2, rng) ? upwards : downwards, rng);
}

}  // namespace

/// Task 18. Every story has an order of all six things by size: the chocolate, the box of chocolates, then the four
/// others shuffled. A statement compares any two of them, independent of the others, so pairs come again, in either
/// form. After each five statements questions are tried, a hundred times: a random fact, upwards or downwards, has to
/// lead on by `conclude`. The story ends with the fifth question; if the tries did not bring five, the questions stand
/// and it goes on with five more statements and another round (5, 10, 15, 20 statements; five questions, in one story
/// of fifty more). Since `conclude` looks at one statement only, questions about things that several chains connect are
/// asked for some of the chains only, and some things that a chain connects never come up. Supporting facts: from the
/// thing that is asked to be bigger to the other one.
static void write_size_reasoning(StoryText& story, const BabiStoryOptions& options, Rng& rng) {
  story.begin_story();
  if (options.path_length || options.distractors) {
    write_chain(story, extent_of(options), rng);
  } else if (options.story_length) {
    write_statements(story, options.objects.value_or(kOfficialThings), *options.story_length, rng);
  } else {
    write_rounds(story, options.objects.value_or(kOfficialThings), rng);
  }
}

static void check_size_reasoning(const BabiStoryOptions& options) {
  if (!options.path_length && !options.distractors) return;
  if (options.story_length) {
    throw UsageError(
        "story_length goes neither with path_length nor with distractors, whose sum is the number of "
        "statements");
  }
  const Extent extent = extent_of(options);
  const int most_things = std::min(extent.things, static_cast<int>(kThings.size()));
  if (extent.in_story() > most_things) {
    throw UsageError(detail::join_text("path_length ", extent.links, " and distractors ", extent.distractors, " need ",
                                       extent.in_story(), " objects, found ", most_things));
  }
}

TaskFamily size_reasoning() {
  constexpr int kMaxThings = static_cast<int>(kThings.size());
  TaskFamily family;
  family.task = 18;
  family.name = "size-reasoning";
  family.write_story = write_size_reasoning;
  family.story_length = {2, 200, "longer stories would take too long"};
  family.objects = {3, kMaxThings, "there are 16 names of things"};
  family.distractors = {0, kMaxThings - 2, "there are 16 names of things, a chain needs two"};
  family.path_length = {1, kMaxThings - 1, "there are 16 names of things"};
  family.check = check_size_reasoning;
  return family;
}

}  // namespace hmem::babi_tasks
