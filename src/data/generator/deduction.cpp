// Animals, what they are and what their kind fears.

#include <optional>
#include <vector>

#include "data/generator/families.h"
#include "data/generator/words.h"

namespace hmem::babi_tasks {

namespace {

struct Kind {
  std::string_view one, many;
};

constexpr std::array<Kind, 16> kKinds = {{
    {"cat", "cats"},
    {"mouse", "mice"},
    {"sheep", "sheep"},
    {"wolf", "wolves"},
    {"bear", "bears"},
    {"cow", "cows"},
    {"dog", "dogs"},
    {"duck", "ducks"},
    {"falcon", "falcons"},
    {"goat", "goats"},
    {"hare", "hares"},
    {"horse", "horses"},
    {"rabbit", "rabbits"},
    {"snake", "snakes"},
    {"tiger", "tigers"},
    {"zebra", "zebras"},
}};
constexpr int kOfficialKinds = 4;

constexpr std::array<std::string_view, 4> kAnimals = {"Emily", "Gertrude", "Jessica", "Winona"};

struct Fear {
  size_t of;
  int line;
};

struct Membership {
  size_t kind;
  int line;
};

}  // namespace

/// Task 15. Eight statements: each kind fears one other kind, each animal is of one kind; then four questions about any
/// of the animals. A kind is drawn: the first time its fear is stated, later an animal is drawn and, unless it has a
/// kind already, is said to be of this one. So a membership always comes after its kind's fear, and kinds that come
/// early have more members, as in the official stories. Supporting facts: the membership, then the fear.
///
/// `actors` are the animals, `objects` the kinds: a story has a statement for each of them.
static void write_basic_deduction(StoryText& story, const BabiStoryOptions& options, Rng& rng) {
  constexpr int kQuestions = 4;
  const auto animals = static_cast<size_t>(options.actors.value_or(static_cast<int>(kAnimals.size())));
  const auto kinds = static_cast<size_t>(options.objects.value_or(kOfficialKinds));
  std::vector<std::optional<Fear>> fears(kinds);
  std::vector<std::optional<Membership>> members(animals);
  story.begin_story();
  for (size_t stated = 0; stated < kinds + animals;) {
    const size_t kind = pick_index(kinds, rng);
    if (!fears[kind]) {
      const size_t feared = pick_other(kinds, kind, rng);
      fears[kind] = {feared, story.say(upper_first(kKinds[kind].many), " are afraid of ", kKinds[feared].many, ".")};
      ++stated;
      continue;
    }
    const size_t animal = pick_index(animals, rng);
    if (members[animal]) continue;
    members[animal] = {kind, story.say(name_at(kAnimals, animal), " is a ", kKinds[kind].one, ".")};
    ++stated;
  }
  for (int i = 0; i < kQuestions; ++i) {
    const size_t animal = pick_index(animals, rng);
    const Membership& member = *members[animal];
    const Fear& fear = *fears[member.kind];
    story.ask(join("What is ", lower_first(name_at(kAnimals, animal)), " afraid of?"), kKinds[fear.of].one,
              {member.line, fear.line});
  }
}

TaskFamily basic_deduction() {
  TaskFamily family;
  family.task = 15;
  family.name = "basic-deduction";
  family.write_story = write_basic_deduction;
  family.actors = {1, names_with(kAnimals), "there are 20 names"};
  family.objects = {2, static_cast<int>(kKinds.size()), "there are 16 kinds, and each fears another"};
  return family;
}

}  // namespace hmem::babi_tasks
