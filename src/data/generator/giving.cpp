// Who gave what to whom.

#include <algorithm>

#include "data/generator/world.h"

namespace hmem::babi_tasks {

namespace {

/// In the order in which they receive.
const std::vector<std::string_view>& people() {
  static const std::vector<std::string_view> names = people_starting_with({"Mary", "Fred", "Bill", "Jeff"});
  return names;
}

/// No later event gives the object to somebody else.
bool is_latest_gift(const std::vector<Event>& events, size_t gift) {
  return std::none_of(events.begin() + static_cast<std::ptrdiff_t>(gift) + 1, events.end(), [&](const Event& event) {
    return event.act == Act::give && event.target == events[gift].target;
  });
}

/// The giver gives nothing to the same receiver later.
bool is_latest_between(const std::vector<Event>& events, size_t gift) {
  return std::none_of(events.begin() + static_cast<std::ptrdiff_t>(gift) + 1, events.end(), [&](const Event& event) {
    return event.act == Act::give && event.actor == events[gift].actor && event.receiver == events[gift].receiver;
  });
}

std::optional<Query> about_gift(World& world) {
  std::vector<size_t> gifts;
  for (size_t i = world.first_askable(); i < world.events().size(); ++i) {
    if (world.events()[i].act == Act::give && is_latest_gift(world.events(), i)) gifts.push_back(i);
  }
  if (gifts.empty()) return {};
  const size_t drawn = gifts[pick_index(gifts.size(), world.rng())];
  const Event& gift = world.events()[drawn];
  const std::string_view giver = world.name(gift.actor), receiver = world.name(gift.receiver);
  const std::string_view object = kObjects[gift.target];
  const auto ask = [&](const std::string& question, std::string_view answer) {
    return Query{question, std::string(answer), {gift.line}, gift.actor, gift.target};
  };
  if (chance(1, 3, world.rng()) && is_latest_between(world.events(), drawn))
    return ask(join("What did ", giver, " give to ", receiver, "? "), object);
  switch (world.rng().below(4)) {
    case 0:
      return ask(join("Who did ", giver, " give the ", object, " to? "), receiver);
    case 1:
      return ask(join("Who gave the ", object, " to ", receiver, "? "), giver);
    case 2:
      return ask(join("Who gave the ", object, "? "), giver);
    default:
      return ask(join("Who received the ", object, "? "), receiver);
  }
}

void steer_to_gift(World& world) {
  if (fetch_something(world)) return;
  const size_t object = first_held(world), giver = *world.holder(object);
  for (size_t other = 0; other < world.actors(); ++other) {
    if (other == giver || world.place_of_actor(other) != world.place_of_actor(giver)) continue;
    world.give(object, other);
    return;
  }
  world.walk(giver, world.place_of_actor(pick_other(world.actors(), giver, world.rng())));
}

constexpr CarryingTask kGifts = {about_gift, steer_to_gift, 4};

}  // namespace

/// Task 5. A question comes as soon as, after an even number of statements, one of the latest five statements gives
/// something that nobody has given since. A third of the questions ask what was given; the rest, in equal parts, for
/// the receiver or the giver, with or without naming the other one. The supporting fact is the gift. What A gave to B
/// is not asked when A has given B something else since (the official files ask that in 22 of 11,000 questions).
static void write_three_arg_relations(StoryText& story, const BabiStoryOptions& options, Rng& rng) {
  World world(story, rng, options, people(), true, true);
  write_questions(world, kGifts, options);
}

TaskFamily three_arg_relations() {
  TaskFamily family;
  family.task = 5;
  family.name = "three-arg-relations";
  family.write_story = write_three_arg_relations;
  add_carrying_options(family, kGifts.steps);
  family.check = [](const BabiStoryOptions& options) { check_carrying(options, kGifts.steps); };
  return family;
}

}  // namespace hmem::babi_tasks
