// People who walk between rooms, told by where they are or by where they are not.

#include "data/generator/walks.h"

namespace hmem::babi_tasks {

namespace {

/// The latest report about a person.
struct Report {
  bool is_there;
  size_t room;
  int line;
};

}  // namespace

/// Task 9. Five times two statements and a question. Every statement tells of a walk of anybody to any other room: half
/// of them say so, a quarter names the new room ("is in"), a quarter denies the old one ("is not in" or "is no longer
/// in", equally often). So a room that is denied is the one where the person was known to be, but never one that was
/// denied just before; and a denial can be a person's first statement, since all begin in some room. Questions are
/// about somebody mentioned recently: about the denied room, or in equal parts about the known room and another one.
/// "Is Mary in the garden?" after a denial of another room never occurs, it could not be answered. The supporting fact
/// is the person's latest statement.
static void write_simple_negation(StoryText& story, const BabiStoryOptions& options, Rng& rng) {
  const Cast cast(options);
  std::vector<size_t> at = cast.first_rooms(rng);
  std::vector<Report> reports(cast.people);
  Mentions mentions;
  story.begin_story();
  write_rounds(
      options,
      [&](int) {
        const size_t person = pick_index(cast.people, rng);
        const std::string_view name = kPeople[person].name;
        const size_t old_room = at[person], room = pick_other(cast.rooms, old_room, rng);
        at[person] = room;
        if (chance(1, 2, rng)) {
          reports[person] = {true, room, story.say(walk_sentence(name, kRooms[room], rng))};
        } else if (chance(1, 2, rng)) {
          reports[person] = {true, room, story.say(name, " is in the ", kRooms[room], ".")};
        } else {
          const std::string_view denial = chance(1, 2, rng) ? " is not in the " : " is no longer in the ";
          reports[person] = {false, old_room, story.say(name, denial, kRooms[old_room], ".")};
        }
        mentions.add(person);
      },
      [&] {
        const size_t person = mentions.pick_recent(rng);
        const Report& report = reports[person];
        const bool other_room = report.is_there && chance(1, 2, rng);
        const size_t room = other_room ? pick_other(cast.rooms, report.room, rng) : report.room;
        story.ask(join("Is ", kPeople[person].name, " in the ", kRooms[room], "? "),
                  report.is_there && !other_room ? "yes" : "no", {report.line});
      });
}

TaskFamily simple_negation() {
  TaskFamily family;
  family.task = 9;
  family.name = "simple-negation";
  family.write_story = write_simple_negation;
  set_walk_options(family, 1, 2);
  return family;
}

}  // namespace hmem::babi_tasks
