// How many and which objects somebody carries.

#include "data/generator/world.h"

namespace hmem::babi_tasks {

namespace {

constexpr std::array<std::string_view, kObjects.size() + 1> kNumbers = {
    "none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"};

/// In the order in which they receive.
const std::vector<std::string_view>& people() {
  static const std::vector<std::string_view> names = people_starting_with({"John", "Mary", "Sandra", "Daniel"});
  return names;
}

/// Somebody who got, dropped or gave something in the latest five statements.
std::optional<size_t> draw_carrier(World& world) {
  std::vector<size_t> carriers;
  for (size_t i = world.first_askable(); i < world.events().size(); ++i) {
    if (world.events()[i].act != Act::walk) carriers.push_back(world.events()[i].actor);
  }
  if (carriers.empty()) return {};
  return carriers[pick_index(carriers.size(), world.rng())];
}

bool concerns(const Event& event, size_t actor) {
  return event.act != Act::walk && (event.actor == actor || (event.act == Act::give && event.receiver == actor));
}

std::optional<Query> how_many(World& world) {
  const std::optional<size_t> carrier = draw_carrier(world);
  if (!carrier) return {};
  size_t count = 0;
  for (size_t object = 0; object < world.objects(); ++object) {
    if (world.holder(object) == *carrier) ++count;
  }
  std::vector<int> supporting;
  for (const Event& event : world.events()) {
    if (concerns(event, *carrier)) supporting.push_back(event.line);
  }
  return Query{join("How many objects is ", world.name(*carrier), " carrying? "),
               std::string(kNumbers[count]),
               supporting,
               *carrier,
               {}};
}

/// The objects, in the order in which the carrier got them for the first time.
std::vector<size_t> handled_by(const World& world, size_t carrier) {
  std::vector<size_t> objects;
  std::vector<bool> seen(world.objects(), false);
  for (const Event& event : world.events()) {
    if (!concerns(event, carrier) || seen[event.target]) continue;
    seen[event.target] = true;
    objects.push_back(event.target);
  }
  return objects;
}

std::optional<Query> what(World& world) {
  const std::optional<size_t> carrier = draw_carrier(world);
  if (!carrier) return {};
  std::string answer;
  std::vector<int> supporting;
  for (const size_t object : handled_by(world, *carrier)) {
    for (const Event& event : world.events()) {
      if (concerns(event, *carrier) && event.target == object) supporting.push_back(event.line);
    }
    if (world.holder(object) == *carrier) answer += join(answer.empty() ? "" : ",", kObjects[object]);
  }
  return Query{join("What is ", world.name(*carrier), " carrying? "),
               answer.empty() ? "nothing" : answer,
               supporting,
               *carrier,
               {}};
}

void steer_to_handling(World& world) {
  if (!fetch_something(world)) world.drop(first_held(world));
}

constexpr CarryingTask kCounting = {how_many, steer_to_handling, 2};
constexpr CarryingTask kLists = {what, steer_to_handling, 2};

}  // namespace

/// Task 7. A question comes as soon as, after an even number of statements, one of the latest five gets, drops or gives
/// something: how many objects its actor carries. People who acted more often are asked about more often; people who
/// only received something are not asked about. Supporting facts: whatever the actor got, dropped, gave or received, in
/// that order.
static void write_counting(StoryText& story, const BabiStoryOptions& options, Rng& rng) {
  World world(story, rng, options, people(), true, true);
  write_questions(world, kCounting, options);
}

/// Task 8. As task 7, without giving. The answer lists the objects in the order in which the actor got them for the
/// first time, also those dropped and got again. The supporting facts are sorted by object in the same way.
static void write_lists_sets(StoryText& story, const BabiStoryOptions& options, Rng& rng) {
  World world(story, rng, options, people(), false, true);
  write_questions(world, kLists, options);
}

TaskFamily counting() {
  TaskFamily family;
  family.task = 7;
  family.name = "counting";
  family.write_story = write_counting;
  add_carrying_options(family, kCounting.steps);
  family.check = [](const BabiStoryOptions& options) { check_carrying(options, kCounting.steps); };
  return family;
}

TaskFamily lists_sets() {
  TaskFamily family;
  family.task = 8;
  family.name = "lists-sets";
  family.write_story = write_lists_sets;
  add_carrying_options(family, kLists.steps);
  family.check = [](const BabiStoryOptions& options) { check_carrying(options, kLists.steps); };
  return family;
}

}  // namespace hmem::babi_tasks
