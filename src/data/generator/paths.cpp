// The way from one room to another.

#include <algorithm>
#include <vector>

#include "data/generator/families.h"
#include "data/generator/grid.h"
#include "data/generator/words.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

namespace {

constexpr int kOfficialRooms = 6, kOfficialSteps = 2, kOfficialDistractors = 3;
constexpr std::array<std::string_view, kSteps.size()> kDirections = {"north", "south", "west", "east"};
constexpr std::array<std::string_view, kSteps.size()> kLetters = {"n", "s", "w", "e"};

/// Sizes of a story, from the options. With places alone, as many rooms as possible lie beside the route; with neither
/// places nor distractors, as many as in an official story, if there are enough names.
struct Extent {
  int steps, distractors, rooms;

  int in_story() const { return steps + 1 + distractors; }
};

Extent extent_of(const BabiStoryOptions& options) {
  const int steps = options.path_length.value_or(kOfficialSteps);
  const int left = options.places.value_or(static_cast<int>(kRooms.size())) - steps - 1;
  const int beside = std::clamp(left, 0, options.places ? count_of_sides(steps) : kOfficialDistractors);
  Extent extent{steps, options.distractors.value_or(beside), 0};
  extent.rooms = options.places.value_or(std::max(kOfficialRooms, extent.in_story()));
  return extent;
}

/// Room `to` is next to room `from`, on that side.
struct Passage {
  size_t from, step, to;
  int line = 0;
};

/// Odds of the rooms to be the subject of one of their passages: they share what a room has evenly.
std::vector<uint32_t> odds_of_subjects(const std::vector<Passage>& passages) {
  constexpr uint32_t kWhole = 12;  // can be divided by 1 to 4, the number of passages of a room
  std::vector<uint32_t> odds(passages.size() + 1, 0);
  for (const Passage& passage : passages) {
    ++odds[passage.from];
    ++odds[passage.to];
  }
  for (uint32_t& room : odds) room = kWhole / room;
  return odds;
}

/// Room `subject` of a passage that has not been said yet, which is drawn uniformly from the rooms that have one; then
/// one of its passages.
struct Remark {
  size_t passage;
  bool subject_is_to;
};

Remark draw_remark(const std::vector<Passage>& passages, const std::vector<uint32_t>& odds, Rng& rng) {
  uint32_t sum = 0;
  for (const Passage& passage : passages) {
    if (passage.line == 0) sum += odds[passage.from] + odds[passage.to];
  }
  uint32_t drawn = rng.below(sum);
  for (size_t i = 0;; ++i) {
    if (passages[i].line != 0) continue;
    const uint32_t from = odds[passages[i].from], both = from + odds[passages[i].to];
    if (drawn < both) return {i, drawn >= from};
    drawn -= both;
  }
}

}  // namespace

/// Task 19. A route of two steps that does not turn back, uniformly one of the twelve; three more rooms beside the
/// three of the route, at sides drawn from its eight free ones, so that nothing but the route leads from start to goal.
/// Two of the three may come to lie on one cell of the grid, as in 7 of 100 official stories. All six rooms occur. The
/// statements: a room is drawn, then one of its passages, which is said with this room as the subject unless it has
/// been said already; hence rooms at the rim are subjects more often and the passages of the route tend to come late.
/// One question; supporting facts in the order of the steps.
static void write_path_finding(StoryText& story, const BabiStoryOptions& options, Rng& rng) {
  const Extent extent = extent_of(options);
  const std::vector<size_t> route = draw_route(extent.steps, rng);
  std::vector<Passage> passages;
  passages.reserve(static_cast<size_t>(extent.in_story() - 1));
  for (size_t i = 0; i < route.size(); ++i) passages.push_back({i, route[i], i + 1});
  std::vector<Side> sides = sides_of(route);
  for (int i = 0; i < extent.distractors; ++i) {
    const Side side = draw_from(sides, rng);
    passages.push_back({side.place, side.step, passages.size() + 1});
  }
  const std::vector<size_t> names = draw_order(static_cast<size_t>(extent.rooms), rng);

  const std::vector<uint32_t> odds = odds_of_subjects(passages);
  story.begin_story();
  for (size_t i = 0; i < passages.size(); ++i) {
    const Remark remark = draw_remark(passages, odds, rng);
    Passage& passage = passages[remark.passage];
    const size_t subject = remark.subject_is_to ? passage.to : passage.from;
    const size_t object = remark.subject_is_to ? passage.from : passage.to;
    const size_t step = remark.subject_is_to ? passage.step : opposite(passage.step);
    passage.line =
        story.say("The ", kRooms[names[subject]], " is ", kDirections[step], " of the ", kRooms[names[object]], ".");
  }
  std::string answer;
  std::vector<int> supporting;
  supporting.reserve(route.size());
  for (size_t i = 0; i < route.size(); ++i) {
    answer.append(i == 0 ? "" : ",").append(kLetters[route[i]]);
    supporting.push_back(passages[i].line);
  }
  story.ask(join("How do you go from the ", kRooms[names[0]], " to the ", kRooms[names[route.size()]], "?"), answer,
            supporting);
}

static void check_path_finding(const BabiStoryOptions& options) {
  const Extent extent = extent_of(options);
  if (extent.distractors > count_of_sides(extent.steps)) {
    throw UsageError(detail::join_text("distractors ", extent.distractors, " (places beside the route) do not fit ",
                                       "beside a route of path_length ", extent.steps, ", expected at most ",
                                       count_of_sides(extent.steps)));
  }
  const int most_rooms = std::min(extent.rooms, static_cast<int>(kRooms.size()));
  if (extent.in_story() > most_rooms) {
    throw UsageError(detail::join_text("path_length ", extent.steps, " and distractors ", extent.distractors, " need ",
                                       extent.in_story(), " places, found ", most_rooms));
  }
}

TaskFamily path_finding() {
  constexpr int kMaxRooms = static_cast<int>(kRooms.size());
  TaskFamily family;
  family.task = 19;
  family.name = "path-finding";
  family.write_story = write_path_finding;
  family.places = {2, kMaxRooms, "there are 16 names of rooms"};
  family.distractors = {0, kMaxRooms - 2, "there are 16 names of rooms, a route needs two"};
  family.path_length = {1, kMaxRooms - 1, "there are 16 names of rooms"};
  family.check = check_path_finding;
  return family;
}

}  // namespace hmem::babi_tasks
