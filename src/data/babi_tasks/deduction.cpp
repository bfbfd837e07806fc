// Animals, what they are and what their kind fears.

#include <optional>

#include "data/babi_tasks/families.h"

namespace hmem::babi_tasks {

namespace {

struct Kind {
  std::string_view one, many, many_capital;
};

constexpr std::array<Kind, 4> kKinds = {{
    {"cat", "cats", "Cats"},
    {"mouse", "mice", "Mice"},
    {"sheep", "sheep", "Sheep"},
    {"wolf", "wolves", "Wolves"},
}};

struct Animal {
  std::string_view name, name_in_question;
};

constexpr std::array<Animal, 4> kAnimals = {{
    {"Emily", "emily"},
    {"Gertrude", "gertrude"},
    {"Jessica", "jessica"},
    {"Winona", "winona"},
}};

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
static void write_basic_deduction(StoryText& story, const BabiStoryOptions&, Rng& rng) {
  constexpr int kQuestions = 4;
  std::array<std::optional<Fear>, kKinds.size()> fears;
  std::array<std::optional<Membership>, kAnimals.size()> members;
  story.begin_story();
  for (size_t stated = 0; stated < kKinds.size() + kAnimals.size();) {
    const size_t kind = pick_index(kKinds.size(), rng);
    if (!fears[kind]) {
      const size_t feared = pick_other(kKinds.size(), kind, rng);
      fears[kind] = {feared, story.say(std::string(kKinds[kind].many_capital) + " are afraid of " +
                                       std::string(kKinds[feared].many) + ".")};
      ++stated;
      continue;
    }
    const size_t animal = pick_index(kAnimals.size(), rng);
    if (members[animal]) continue;
    members[animal] = {kind,
                       story.say(std::string(kAnimals[animal].name) + " is a " + std::string(kKinds[kind].one) + ".")};
    ++stated;
  }
  for (int i = 0; i < kQuestions; ++i) {
    const size_t animal = pick_index(kAnimals.size(), rng);
    const Membership& member = *members[animal];
    const Fear& fear = *fears[member.kind];
    story.ask("What is " + std::string(kAnimals[animal].name_in_question) + " afraid of?", kKinds[fear.of].one,
              {member.line, fear.line});
  }
}

TaskFamily basic_deduction() {
  TaskFamily family;
  family.task = 15;
  family.name = "basic-deduction";
  family.write_story = write_basic_deduction;
  return family;
}

}  // namespace hmem::babi_tasks
