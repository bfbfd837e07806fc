// People who walk between places, sometimes told with two places of which one is right.

#include <utility>

#include "data/generator/walks.h"

namespace hmem::babi_tasks {

namespace {

/// The latest report about a person: the place where they are, and the one named with it.
struct Report {
  bool either;
  size_t place, alternative;
  int line;
};

}  // namespace

/// Task 10. Five times two statements and a question. Every statement tells of a walk of anybody to any other place:
/// half of them say so, a quarter names the new place ("is in"), a quarter says "either in ... or ..." of the new place
/// and one drawn from all, in random order. The second is drawn without regard to the first, so that one in six reads
/// "either in the park or the park", in the official files too, and is as indefinite as the others. Questions are about
/// somebody mentioned recently, half about the place where they are and half about another; "maybe" is the answer for
/// both places of "either". The supporting fact is the person's latest statement.
static void write_indefinite_knowledge(StoryText& story, const BabiStoryOptions& options, Rng& rng) {
  const Cast cast(options);
  std::vector<size_t> at = cast.first_rooms(rng);
  std::vector<Report> reports(cast.people);
  Mentions mentions;
  story.begin_story();
  write_rounds(
      options,
      [&](int) {
        const size_t person = pick_index(cast.people, rng);
        const std::string_view name = kTownPeople[person];
        const size_t place = pick_other(cast.rooms, at[person], rng);
        at[person] = place;
        if (chance(1, 2, rng)) {
          reports[person] = {false, place, place, story.say(walk_sentence(name, kTownPlaces[place], rng))};
        } else if (chance(1, 2, rng)) {
          reports[person] = {false, place, place, story.say(name, " is in the ", kTownPlaces[place], ".")};
        } else {
          const size_t alternative = pick_index(cast.rooms, rng);
          size_t first = place, second = alternative;
          if (chance(1, 2, rng)) std::swap(first, second);
          reports[person] = {
              true, place, alternative,
              story.say(name, " is either in the ", kTownPlaces[first], " or the ", kTownPlaces[second], ".")};
        }
        mentions.add(person);
      },
      [&] {
        const size_t person = mentions.pick_recent(rng);
        const Report& report = reports[person];
        const size_t place = chance(1, 2, rng) ? report.place : pick_other(cast.rooms, report.place, rng);
        const bool named = place == report.place || place == report.alternative;
        story.ask(join("Is ", kTownPeople[person], " in the ", kTownPlaces[place], "? "),
                  !named          ? "no"
                  : report.either ? "maybe"
                                  : "yes",
                  {report.line});
      });
}

TaskFamily indefinite_knowledge() {
  TaskFamily family;
  family.task = 10;
  family.name = "indefinite-knowledge";
  family.write_story = write_indefinite_knowledge;
  set_walk_options(family, 1, 2);
  return family;
}

}  // namespace hmem::babi_tasks
