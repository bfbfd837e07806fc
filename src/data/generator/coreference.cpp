// People who walk between rooms, alone or in twos, named or by pronoun.

#include "data/generator/walks.h"

namespace hmem::babi_tasks {

namespace {

constexpr std::array<std::string_view, 4> kThen = {"Then", "After that", "Afterwards", "Following that"};

struct Walk {
  std::vector<size_t> people;
  size_t room;
};

/// Somebody, or two people, and a room where none of them is: each such walk is equally likely. So two people in the
/// same room walk together more often than two in different rooms, which can go to one room less.
Walk pick_walk(const std::vector<size_t>& at, size_t rooms, bool in_twos, Rng& rng) {
  if (!in_twos) {
    const size_t person = pick_index(at.size(), rng);
    return {{person}, pick_other(rooms, at[person], rng)};
  }
  struct Pair {
    size_t first, second, room;
  };
  std::vector<Pair> possible;
  possible.reserve(at.size() * (at.size() - 1) * (rooms - 1));
  for (size_t first = 0; first < at.size(); ++first) {
    for (size_t second = 0; second < at.size(); ++second) {
      for (size_t room = 0; room < rooms && first != second; ++room) {
        if (room != at[first] && room != at[second]) possible.push_back({first, second, room});
      }
    }
  }
  const Pair& pair = possible[pick_index(possible.size(), rng)];
  return {{pair.first, pair.second}, pair.room};
}

/// Five times two walks and a question. With `by_pronoun` the second walk of a round continues the first one: the same
/// people go on to any other room. Everybody starts in a room that is not told. The question is about somebody
/// mentioned recently; in a pair the first person counts before the second, and a pronoun counts like the names.
/// Supporting facts: the latest statement that names the person and, if there is one, its continuation.
void write_walks(StoryText& story, const BabiStoryOptions& options, bool in_twos, bool by_pronoun, Rng& rng) {
  const Cast cast(options);
  std::vector<size_t> at = cast.first_rooms(rng);
  std::vector<std::vector<int>> supporting(cast.people);
  std::vector<size_t> people;
  Mentions mentions;
  story.begin_story();
  write_rounds(
      options,
      [&](int number) {
        const bool continued = by_pronoun && number == 1;
        Walk walk = continued ? Walk{people, pick_other(cast.rooms, at[people[0]], rng)}
                              : pick_walk(at, cast.rooms, in_twos, rng);
        people = walk.people;
        std::string who;
        if (continued) {
          who = join(pick(kThen, rng), " ", in_twos ? "they" : kPeople[people[0]].pronoun());
        } else {
          who = kPeople[people[0]].name;
          if (in_twos) who += join(" and ", kPeople[people[1]].name);
        }
        const int line = story.say(walk_sentence(who, kRooms[walk.room], rng));
        for (const size_t person : people) {
          at[person] = walk.room;
          if (!continued) supporting[person].clear();
          supporting[person].push_back(line);
          mentions.add(person);
        }
      },
      [&] {
        const size_t person = mentions.pick_recent(rng);
        story.ask(join("Where is ", kPeople[person].name, "? "), kRooms[at[person]], supporting[person]);
      });
}

}  // namespace

/// Task 11: "Mary went to the garden. Then she moved to the office."
TaskFamily basic_coreference() {
  TaskFamily family;
  family.task = 11;
  family.name = "basic-coreference";
  family.write_story = [](StoryText& story, const BabiStoryOptions& options, Rng& rng) {
    write_walks(story, options, false, true, rng);
  };
  set_walk_options(family, 1, 2);
  return family;
}

/// Task 12: "Mary and John went to the garden."
TaskFamily conjunction() {
  TaskFamily family;
  family.task = 12;
  family.name = "conjunction";
  family.write_story = [](StoryText& story, const BabiStoryOptions& options, Rng& rng) {
    write_walks(story, options, true, false, rng);
  };
  set_walk_options(family, 2, 3);
  return family;
}

/// Task 13: "Mary and John went to the garden. Then they moved to the office."
TaskFamily compound_coreference() {
  TaskFamily family;
  family.task = 13;
  family.name = "compound-coreference";
  family.write_story = [](StoryText& story, const BabiStoryOptions& options, Rng& rng) {
    write_walks(story, options, true, true, rng);
  };
  set_walk_options(family, 2, 3);
  return family;
}

}  // namespace hmem::babi_tasks
