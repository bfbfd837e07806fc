// Coloured shapes and their relative positions.

#include <algorithm>
#include <vector>

#include "data/generator/families.h"
#include "data/generator/grid.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

namespace {

constexpr std::array<std::string_view, 16> kShapes = {
    "blue square",      "pink rectangle", "red sphere",    "red square",    "triangle",      "yellow square",
    "green square",     "blue sphere",    "red rectangle", "pink square",   "yellow sphere", "green rectangle",
    "yellow rectangle", "pink sphere",    "green sphere",  "blue rectangle"};
constexpr std::array<std::string_view, kSteps.size()> kRelations = {"above", "below", "to the left of",
                                                                    "to the right of"};

constexpr int kOfficialShapes = 6, kOfficialLinks = 2, kOfficialDistractors = 0;

/// Most shapes beside a chain, each on a cell of its own: every bend costs one of its free sides.
constexpr int most_beside(int links) { return count_of_sides(links) - (links - 1); }

struct Extent {
  int links, distractors, shapes;

  int in_story() const { return links + 1 + distractors; }
};

Extent extent_of(const BabiStoryOptions& options) {
  Extent extent{options.path_length.value_or(kOfficialLinks), options.distractors.value_or(kOfficialDistractors), 0};
  extent.shapes = options.objects.value_or(std::max(kOfficialShapes, extent.in_story()));
  return extent;
}

/// Shape `to` lies next to shape `from`, on that side.
struct Link {
  size_t from, step, to;
  int line = 0;
};

struct Question {
  bool from_start;
  size_t relation;
};

/// The links of a chain and of the shapes beside it.
std::vector<Link> draw_links(const Extent& extent, const std::vector<size_t>& route, Rng& rng) {
  std::vector<Link> links;
  std::vector<Cell> cells = {{0, 0}};
  for (size_t i = 0; i < route.size(); ++i) {
    links.push_back({i, route[i], i + 1});
    cells.push_back(next_cell(cells.back(), route[i]));
  }
  std::vector<Side> sides = sides_of(route);
  for (int i = 0; i < extent.distractors; ++i) {
    const Side side = draw_from(sides, rng);
    const Cell cell = next_cell(cells[side.place], side.step);
    links.push_back({side.place, side.step, links.size() + 1});
    const auto lies_there = [&](const Side& other) { return next_cell(cells[other.place], other.step) == cell; };
    sides.erase(std::remove_if(sides.begin(), sides.end(), lies_there), sides.end());
  }
  return links;
}

/// The eight questions about the ends of the chain: those with that answer.
std::vector<Question> questions_with(bool yes, const std::vector<size_t>& route) {
  Cell end = {0, 0};
  for (const size_t step : route) end = next_cell(end, step);
  std::vector<Question> questions;
  for (const bool from_start : {true, false}) {
    for (size_t relation = 0; relation < kRelations.size(); ++relation) {
      const int along = kSteps[relation].x * end.x + kSteps[relation].y * end.y;
      if ((from_start ? -along > 0 : along > 0) == yes) questions.push_back({from_start, relation});
    }
  }
  return questions;
}

}  // namespace

/// Task 17. Three of six shapes, uniformly drawn, in a chain: the two outer ones lie on two different sides of the
/// middle one, one step away. Two statements in random order, each with the middle shape as its subject in two of three
/// cases; then eight questions about the outer ones: the answer is drawn first, yes or no alike, then one of the
/// questions with this answer. So in a straight line, where only two of eight questions have the answer yes, those two
/// are asked in half of the cases; shapes at the same height are not above each other. Supporting facts: the links from
/// the first-named shape to the other.
static void write_positional_reasoning(StoryText& story, const BabiStoryOptions& options, Rng& rng) {
  constexpr int kQuestions = 8;
  const Extent extent = extent_of(options);
  const std::vector<size_t> route = draw_route(extent.links, rng);
  std::vector<Link> links = draw_links(extent, route, rng);
  const std::vector<size_t> names = draw_order(static_cast<size_t>(extent.shapes), rng);
  std::vector<uint32_t> links_of(links.size() + 1, 0);
  for (const Link& link : links) {
    ++links_of[link.from];
    ++links_of[link.to];
  }

  story.begin_story();
  for (const size_t i : draw_order(links.size(), rng)) {
    Link& link = links[i];
    // A shape with more links is more often the subject.
    const bool subject_is_to = chance(links_of[link.to], links_of[link.to] + links_of[link.from], rng);
    const size_t subject = subject_is_to ? link.to : link.from, object = subject_is_to ? link.from : link.to;
    const size_t step = subject_is_to ? link.step : opposite(link.step);
    link.line = story.say(
        join("The ", kShapes[names[subject]], " is ", kRelations[step], " the ", kShapes[names[object]], "."));
  }
  std::vector<int> supporting;
  for (size_t i = 0; i < route.size(); ++i) supporting.push_back(links[i].line);
  const std::vector<int> supporting_back(supporting.rbegin(), supporting.rend());
  const std::string_view start = kShapes[names[0]], goal = kShapes[names[route.size()]];
  const std::array<std::vector<Question>, 2> questions = {questions_with(false, route), questions_with(true, route)};
  for (int i = 0; i < kQuestions; ++i) {
    const size_t yes = pick_index(2, rng);
    const Question& question = questions[yes][pick_index(questions[yes].size(), rng)];
    story.ask(join("Is the ", question.from_start ? start : goal, " ", kRelations[question.relation], " the ",
                   question.from_start ? goal : start, "?"),
              yes == 1 ? "yes" : "no", question.from_start ? supporting : supporting_back);
  }
}

static void check_positional_reasoning(const BabiStoryOptions& options) {
  const Extent extent = extent_of(options);
  if (extent.distractors > most_beside(extent.links)) {
    throw UsageError(detail::join_text("distractors ", extent.distractors, " (shapes beside the chain) do not fit ",
                                       "beside a chain of path_length ", extent.links, ", expected at most ",
                                       most_beside(extent.links)));
  }
  const int most_shapes = std::min(extent.shapes, static_cast<int>(kShapes.size()));
  if (extent.in_story() > most_shapes) {
    throw UsageError(detail::join_text("path_length ", extent.links, " and distractors ", extent.distractors, " need ",
                                       extent.in_story(), " objects, found ", most_shapes));
  }
}

TaskFamily positional_reasoning() {
  constexpr int kMaxShapes = static_cast<int>(kShapes.size());
  TaskFamily family;
  family.task = 17;
  family.name = "positional-reasoning";
  family.write_story = write_positional_reasoning;
  family.objects = {2, kMaxShapes, "there are 16 names of shapes"};
  family.distractors = {0, most_beside(kMaxShapes - 1), "there are 16 names of shapes"};
  family.path_length = {1, kMaxShapes - 1, "there are 16 names of shapes"};
  family.check = check_positional_reasoning;
  return family;
}

}  // namespace hmem::babi_tasks
