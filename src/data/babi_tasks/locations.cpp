// People who walk between rooms.

#include <algorithm>
#include <optional>
#include <vector>

#include "data/babi_tasks/families.h"

namespace hmem::babi_tasks {

namespace {

constexpr std::array<std::string_view, 4> kPeople = {"Daniel", "John", "Mary", "Sandra"};
constexpr std::array<std::string_view, 6> kRooms = {"bathroom", "bedroom", "garden", "hallway", "kitchen", "office"};
constexpr std::array<std::string_view, 5> kWalks = {"went to", "went back to", "moved to", "journeyed to",
                                                    "travelled to"};

struct Walk {
  size_t person, room;
  int line;
};

}  // namespace

/// Task 1. Five times: two walks and a question. Anybody walks, to any room but the one they are known to be in. Asked
/// is where somebody is who did one of the latest five walks; who walked more often is asked about more often. The
/// supporting fact is the person's latest walk.
void write_single_supporting_fact(StoryText& story, Rng& rng) {
  constexpr int kRounds = 5, kWalksPerQuestion = 2;
  constexpr size_t kAskable = 5;
  std::vector<Walk> walks;
  std::array<std::optional<Walk>, kPeople.size()> latest;
  story.begin_story();
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kWalksPerQuestion; ++i) {
      const size_t person = pick_index(kPeople.size(), rng);
      const size_t room =
          latest[person] ? pick_other(kRooms.size(), latest[person]->room, rng) : pick_index(kRooms.size(), rng);
      const int line = story.say(std::string(kPeople[person]) + " " + std::string(pick(kWalks, rng)) + " the " +
                                 std::string(kRooms[room]) + ".");
      walks.push_back({person, room, line});
      latest[person] = walks.back();
    }
    const size_t age = pick_index(std::min(kAskable, walks.size()), rng);
    const Walk& known = *latest[walks[walks.size() - 1 - age].person];
    story.ask("Where is " + std::string(kPeople[known.person]) + "? ", kRooms[known.room], {known.line});
  }
}

}  // namespace hmem::babi_tasks
