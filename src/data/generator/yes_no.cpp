// Whether somebody is in a room.

#include "data/generator/world.h"

namespace hmem::babi_tasks {

namespace {

const std::vector<std::string_view>& people() {
  static const std::vector<std::string_view> names = people_starting_with({});
  return names;
}

std::optional<Query> is_in(World& world) {
  std::vector<size_t> walkers;
  for (size_t i = world.first_askable(); i < world.events().size(); ++i) {
    if (world.events()[i].act == Act::walk) walkers.push_back(world.events()[i].actor);
  }
  if (walkers.empty()) return {};
  const size_t actor = walkers[pick_index(walkers.size(), world.rng())];
  const Event& walk = *world.latest_walk(actor, 0, world.events().size());
  const bool yes = chance(1, 2, world.rng());
  const size_t room = yes ? walk.target : pick_other(world.rooms(), walk.target, world.rng());
  return Query{
      join("Is ", world.name(actor), " in the ", kRooms[room], "? "), yes ? "yes" : "no", {walk.line}, actor, {}};
}

void steer_to_walk(World& world) { world.walk_somewhere(pick_index(world.actors(), world.rng())); }

constexpr CarryingTask kYesNo = {is_in, steer_to_walk, 1};

}  // namespace

/// Task 6. Two statements and a question, five times; two more statements when none of the latest five is a walk.
/// Questions are about somebody who walked in the latest five statements, more often about people who walked more
/// often; half of them name the right room, the others any wrong one. The supporting fact is the latest walk.
static void write_yes_no_questions(StoryText& story, const BabiStoryOptions& options, Rng& rng) {
  World world(story, rng, options, people(), false, true);
  write_questions(world, kYesNo, options);
}

TaskFamily yes_no_questions() {
  TaskFamily family;
  family.task = 6;
  family.name = "yes-no-questions";
  family.write_story = write_yes_no_questions;
  add_carrying_options(family, kYesNo.steps);
  family.check = [](const BabiStoryOptions& options) { check_carrying(options, kYesNo.steps); };
  return family;
}

}  // namespace hmem::babi_tasks
