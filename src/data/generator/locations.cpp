// People who walk between rooms.

#include <optional>

#include "data/generator/walks.h"

namespace hmem::babi_tasks {

namespace {

struct Stay {
  size_t room;
  int line;
};

}  // namespace

/// Task 1. Five times: two walks and a question. Anybody walks, to any room but the one they are known to be in. The
/// question asks where one of the latest five walkers is. The supporting fact is the person's latest walk.
static void write_single_supporting_fact(StoryText& story, const BabiStoryOptions& options, Rng& rng) {
  const Cast cast(options);
  std::vector<std::optional<Stay>> stays(cast.people);
  Mentions mentions;
  story.begin_story();
  write_rounds(
      options,
      [&](int) {
        const size_t person = pick_index(cast.people, rng);
        const size_t room =
            stays[person] ? pick_other(cast.rooms, stays[person]->room, rng) : pick_index(cast.rooms, rng);
        stays[person] = {room, story.say(walk_sentence(kPeople[person].name, kRooms[room], rng))};
        mentions.add(person);
      },
      [&] {
        const size_t person = mentions.pick_recent(rng);
        story.ask(join("Where is ", kPeople[person].name, "? "), kRooms[stays[person]->room], {stays[person]->line});
      });
}

TaskFamily single_supporting_fact() {
  TaskFamily family;
  family.task = 1;
  family.name = "single-supporting-fact";
  family.write_story = write_single_supporting_fact;
  set_walk_options(family, 1, 2);
  return family;
}

}  // namespace hmem::babi_tasks
