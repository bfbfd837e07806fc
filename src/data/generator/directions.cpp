// Directions from one room to a neighbouring one.

#include <algorithm>
#include <vector>

#include "data/generator/families.h"
#include "data/generator/words.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

namespace {

constexpr int kOfficialRooms = 6, kOfficialStatements = 2;
constexpr int kMaxRooms = static_cast<int>(kRooms.size());

struct Direction {
  std::string_view name, opposite;
};

constexpr std::array<Direction, 4> kDirections = {{
    {"east", "west"},
    {"north", "south"},
    {"south", "north"},
    {"west", "east"},
}};

/// "The `subject` is `name` of the `object`."
struct Neighbours {
  size_t subject, object;
  Direction direction;
  int line;
};

/// Rooms from which the story chooses: by default as many as it needs.
int rooms_to_choose_from(const BabiStoryOptions& options, int statements) {
  return options.places.value_or(std::max(kOfficialRooms, statements + 1));
}

void check_two_arg_relations(const BabiStoryOptions& options) {
  const int statements = options.story_length.value_or(kOfficialStatements);
  if (rooms_to_choose_from(options, statements) > statements) return;
  throw UsageError("places " + std::to_string(*options.places) + " are too few for " + std::to_string(statements) +
                   " statements, expected at least " + std::to_string(statements + 1));
}

}  // namespace

/// Task 4. Three rooms in a row, along one of two axes, and who lies next to whom: two statements, one question. A room
/// of the row and one of its neighbours are drawn, the room is said to lie where it lies from the neighbour, until both
/// pairs have been named; so in two of three statements the subject is the end of the row. The question is about one of
/// the two statements, in one of two forms, and the answer is always the subject of that statement, which supports it.
/// The object is never asked for; rooms that are not next to each other are never compared.
///
/// `story_length` n is a row of n + 1 rooms, `places` the number of rooms from which they come.
static void write_two_arg_relations(StoryText& story, const BabiStoryOptions& options, Rng& rng) {
  const int statements = options.story_length.value_or(kOfficialStatements);
  const std::vector<int64_t> row = rng.permutation(rooms_to_choose_from(options, statements));
  const size_t length = static_cast<size_t>(statements) + 1;
  const auto room = [&row](size_t place) { return kRooms[static_cast<size_t>(row[place])]; };

  const Direction forward = pick(kDirections, rng);
  std::vector<bool> named(length - 1, false);  // the pair of the rooms i and i + 1
  std::vector<Neighbours> said;
  story.begin_story();
  while (said.size() + 1 < length) {
    const size_t subject = pick_index(length, rng);
    const bool to_next = subject == 0 || (subject + 1 < length && chance(1, 2, rng));
    const size_t pair = to_next ? subject : subject - 1;
    if (named[pair]) continue;
    named[pair] = true;
    const size_t object = to_next ? subject + 1 : subject - 1;
    const Direction direction = to_next ? Direction{forward.opposite, forward.name} : forward;
    const int line = story.say("The ", room(subject), " is ", direction.name, " of the ", room(object), ".");
    said.push_back({subject, object, direction, line});
  }

  const Neighbours& asked = said[pick_index(said.size(), rng)];
  const std::string question = chance(1, 2, rng)
                                   ? join("What is ", asked.direction.name, " of the ", room(asked.object), "?")
                                   : join("What is the ", room(asked.object), " ", asked.direction.opposite, " of?");
  story.ask(question, room(asked.subject), {asked.line});
}

TaskFamily two_arg_relations() {
  TaskFamily family;
  family.task = 4;
  family.name = "two-arg-relations";
  family.write_story = write_two_arg_relations;
  family.story_length = {1, kMaxRooms - 1, "a row of n statements has n + 1 rooms, and there are 16 rooms"};
  family.places = {2, kMaxRooms, "there are 16 rooms"};
  family.check = check_two_arg_relations;
  return family;
}

}  // namespace hmem::babi_tasks
