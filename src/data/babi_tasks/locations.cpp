// People who walk between rooms.

#include <algorithm>
#include <optional>
#include <vector>

#include "data/babi_tasks/families.h"
#include "data/babi_tasks/words.h"

namespace hmem::babi_tasks {

namespace {

constexpr size_t kOfficialPeople = 4, kOfficialRooms = 6;

struct Walk {
  size_t person, room;
  int line;
};

}  // namespace

/// Task 1. Five times: two walks and a question. Anybody walks, to any room but the one they are known to be in. Asked
/// is where somebody is who did one of the latest five walks; who walked more often is asked about more often. The
/// supporting fact is the person's latest walk.
static void write_single_supporting_fact(StoryText& story, const BabiStoryOptions&, Rng& rng) {
  constexpr int kRounds = 5, kWalksPerQuestion = 2;
  constexpr size_t kAskable = 5;
  std::vector<Walk> walks;
  std::array<std::optional<Walk>, kOfficialPeople> latest;
  story.begin_story();
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kWalksPerQuestion; ++i) {
      const size_t person = pick_index(kOfficialPeople, rng);
      const size_t room =
          latest[person] ? pick_other(kOfficialRooms, latest[person]->room, rng) : pick_index(kOfficialRooms, rng);
      const int line = story.say(std::string(kPeople[person].name) + " " + std::string(pick(kWalks, rng)) + " the " +
                                 std::string(kRooms[room]) + ".");
      walks.push_back({person, room, line});
      latest[person] = walks.back();
    }
    const size_t age = pick_index(std::min(kAskable, walks.size()), rng);
    const Walk& known = *latest[walks[walks.size() - 1 - age].person];
    story.ask("Where is " + std::string(kPeople[known.person].name) + "? ", kRooms[known.room], {known.line});
  }
}

TaskFamily single_supporting_fact() {
  TaskFamily family;
  family.task = 1;
  family.name = "single-supporting-fact";
  family.write_story = write_single_supporting_fact;
  return family;
}

}  // namespace hmem::babi_tasks
