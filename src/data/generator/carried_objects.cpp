// Present and earlier places of carried objects.

#include <algorithm>

#include "data/generator/world.h"

namespace hmem::babi_tasks {

namespace {

const std::vector<std::string_view>& people() {
  static const std::vector<std::string_view> names = people_starting_with({});
  return names;
}

bool in_hands(const World& world, size_t handling) { return world.events()[handling].act != Act::drop; }

/// The walks that the object made in the hands of its latest holder, oldest first.
std::vector<const Event*> carrying_walks(const World& world, size_t object) {
  const std::vector<Event>& events = world.events();
  const size_t handling = last_handling(world, object);
  const size_t actor = events[handling].actor;
  size_t got = handling;
  while (events[got].act != Act::get || events[got].target != object) --got;
  std::vector<const Event*> walks;
  for (size_t i = got; i < (in_hands(world, handling) ? events.size() : handling); ++i) {
    if (events[i].act == Act::walk && events[i].actor == actor) walks.push_back(&events[i]);
  }
  return walks;
}

/// The known places of the object, oldest first.
std::vector<size_t> known_places(const World& world, size_t object) {
  std::vector<std::optional<size_t>> place(world.actors());
  std::optional<size_t> holder;
  std::vector<size_t> known;
  for (const Event& event : world.events()) {
    if (event.act == Act::walk) place[event.actor] = event.target;
    if (event.act != Act::walk && event.target == object) {
      holder = event.act == Act::get ? std::optional<size_t>(event.actor) : std::nullopt;
    } else if (event.act != Act::walk || holder != event.actor) {
      continue;
    }
    if (place[event.actor] && (known.empty() || known.back() != *place[event.actor]))
      known.push_back(*place[event.actor]);
  }
  return known;
}

/// The walk that tells where the object is.
const Event* telling_walk(const World& world, size_t object) {
  const size_t handling = last_handling(world, object);
  const size_t actor = world.events()[handling].actor;
  return in_hands(world, handling) ? world.latest_walk(actor, handling, world.events().size())
                                   : world.latest_walk(actor, 0, handling);
}

/// The handled objects among the latest five events, once for each time.
template <typename Possible>
std::optional<size_t> draw_object(World& world, const Possible& possible) {
  ShortList objects;
  for (size_t i = world.first_askable(); i < world.events().size(); ++i) {
    const Event& event = world.events()[i];
    if (event.act != Act::walk && possible(event.target)) objects.push_back(event.target);
  }
  if (objects.empty()) return {};
  return objects[pick_index(objects.size(), world.rng())];
}

std::optional<Query> where_is(World& world) {
  const std::optional<size_t> object =
      draw_object(world, [&](size_t handled) { return telling_walk(world, handled) != nullptr; });
  if (!object) return {};
  const Event& handling = world.events()[last_handling(world, *object)];
  const Event& walk = *telling_walk(world, *object);
  return Query{join("Where is the ", kObjects[*object], "? "),
               std::string(kRooms[walk.target]),
               {handling.line, walk.line},
               handling.actor,
               *object};
}

/// Draws the later one of two of the places where the object has been, oldest first, until it is one that the latest
/// holder carried it to.
size_t draw_carried_to(const std::vector<size_t>& known, const std::vector<const Event*>& walks, Rng& rng) {
  std::vector<size_t> odds(kRooms.size(), 0);
  size_t sum = 0;
  for (size_t i = 0; i < known.size(); ++i) {
    const bool carried_to =
        std::any_of(walks.begin() + 1, walks.end(), [&](const Event* walk) { return walk->target == known[i]; });
    if (!carried_to) continue;
    odds[known[i]] += i;
    sum += i;
  }
  size_t drawn = pick_index(sum, rng), place = 0;
  for (; drawn >= odds[place]; ++place) drawn -= odds[place];
  return place;
}

std::optional<Query> where_was(World& world) {
  const std::optional<size_t> object =
      draw_object(world, [&](size_t handled) { return carrying_walks(world, handled).size() > 1; });
  if (!object) return {};
  const Event& handling = world.events()[last_handling(world, *object)];
  const std::vector<const Event*> walks = carrying_walks(world, *object);
  const size_t place = draw_carried_to(known_places(world, *object), walks, world.rng());
  size_t to = walks.size() - 1;
  while (walks[to]->target != place) --to;
  return Query{join("Where was the ", kObjects[*object], " before the ", kRooms[place], "? "),
               std::string(kRooms[walks[to - 1]->target]),
               {handling.line, walks[to]->line, walks[to - 1]->line},
               handling.actor,
               *object};
}

template <size_t kWalksNeeded>
void steer_to_carried(World& world) {
  if (fetch_something(world)) return;
  const size_t object = first_held(world);
  if (carrying_walks(world, object).size() < kWalksNeeded) {
    world.walk_somewhere(*world.holder(object));
  } else {
    world.drop(object);
  }
}

constexpr CarryingTask kWhereIs = {where_is, steer_to_carried<1>, 3};
constexpr CarryingTask kWhereWas = {where_was, steer_to_carried<2>, 4};

}  // namespace

/// Task 2. A question comes as soon as, after an even number of statements, one is possible: about an object that one
/// of the latest five statements handles, if its place follows from two statements. They are the supporting facts:
/// where it was dropped, and the dropper's latest walk before; or who got it, and their latest walk since. Never asked:
/// the place of an object whose holder still stands where they got it, or that was dropped by somebody who has not
/// walked.
static void write_two_supporting_facts(StoryText& story, const BabiStoryOptions& options, Rng& rng) {
  World world(story, rng, options, people(), false, true);
  write_questions(world, kWhereIs, options);
}

/// Task 3. As task 2, but the question asks where the object was before the latest holder carried it to some place for
/// the last time. The object was carried to the earlier place as well; it was not got there. Places that the object
/// came to late or often are asked about more often. Supporting facts: the latest handling, the walk to the place, the
/// holder's walk before.
static void write_three_supporting_facts(StoryText& story, const BabiStoryOptions& options, Rng& rng) {
  World world(story, rng, options, people(), false, false);
  write_questions(world, kWhereWas, options);
}

TaskFamily two_supporting_facts() {
  TaskFamily family;
  family.task = 2;
  family.name = "two-supporting-facts";
  family.write_story = write_two_supporting_facts;
  add_carrying_options(family, kWhereIs.steps);
  family.check = [](const BabiStoryOptions& options) { check_carrying(options, kWhereIs.steps); };
  return family;
}

TaskFamily three_supporting_facts() {
  TaskFamily family;
  family.task = 3;
  family.name = "three-supporting-facts";
  family.write_story = write_three_supporting_facts;
  add_carrying_options(family, kWhereWas.steps);
  family.check = [](const BabiStoryOptions& options) { check_carrying(options, kWhereWas.steps); };
  return family;
}

}  // namespace hmem::babi_tasks
