#pragma once
/// \file walks.h
/// Shared by the tasks in which people walk between rooms and a question follows every second statement (1, 9 to 14).

#include <algorithm>
#include <string>
#include <vector>

#include "data/generator/families.h"
#include "data/generator/words.h"

namespace hmem::babi_tasks {

constexpr int kOfficialPeople = 4, kOfficialRooms = 6;

/// Numbers of people and places used, the first ones of their lists.
struct Cast {
  size_t people, rooms;

  explicit Cast(const BabiStoryOptions& options)
      : people(static_cast<size_t>(options.actors.value_or(kOfficialPeople))),
        rooms(static_cast<size_t>(options.places.value_or(kOfficialRooms))) {}

  /// The rooms where people start: not told, but everybody's first walk leaves from there.
  std::vector<size_t> first_rooms(Rng& rng) const {
    std::vector<size_t> at(people);
    for (size_t& room : at) room = pick_index(rooms, rng);
    return at;
  }
};

/// The latest mentions. Questions are about one of the latest five, drawn uniformly, so people mentioned more often are
/// asked about more often.
class Mentions {
 public:
  void add(size_t person) { people_.push_back(person); }

  size_t pick_recent(Rng& rng) const {
    return people_[people_.size() - 1 - pick_index(std::min(kRecent, people_.size()), rng)];
  }

 private:
  static constexpr size_t kRecent = 5;
  std::vector<size_t> people_;
};

/// Five times two statements and a question; with another story length the last round may have one statement only.
/// `state` gets the number of the statement in its round, 0 or 1.
template <typename State, typename Ask>
void write_rounds(const BabiStoryOptions& options, State state, Ask ask) {
  constexpr int kStatements = 10, kStatementsPerRound = 2;
  const int statements = options.story_length.value_or(kStatements);
  for (int stated = 0; stated < statements; ++stated) {
    state(stated % kStatementsPerRound);
    if (stated % kStatementsPerRound == kStatementsPerRound - 1 || stated == statements - 1) ask();
  }
}

/// "Mary went to the garden"
inline std::string walk_clause(std::string_view who, std::string_view room, Rng& rng) {
  return join(who, " ", pick(kWalks, rng), " the ", room);
}

inline std::string walk_sentence(std::string_view who, std::string_view room, Rng& rng) {
  return walk_clause(who, room, rng) + ".";
}

inline void set_walk_options(TaskFamily& family, int least_actors, int least_places) {
  static_assert(kPeople.size() == 16 && kRooms.size() == 16 && kTownPeople.size() == 16 && kTownPlaces.size() == 16);
  family.story_length = {2, 1000, "a question follows every second statement, and 1000 are long enough"};
  family.actors = {least_actors, 16, "there are 16 names"};
  family.places = {least_places, 16, "there are 16 places"};
}

}  // namespace hmem::babi_tasks
