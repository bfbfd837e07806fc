// People who want something, go where it is and take it.

#include <algorithm>
#include <vector>

#include "data/generator/families.h"
#include "data/generator/words.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

namespace {

constexpr std::array<std::string_view, 4> kNames = {"Antoine", "Jason", "Sumit", "Yann"};

constexpr std::array<std::string_view, 4> kTakes = {"got", "grabbed", "picked up", "took"};

struct Motive {
  std::string_view feeling, room, object;
};

constexpr std::array<Motive, 4> kMotives = {{
    {"bored", "garden", "football"},
    {"hungry", "kitchen", "apple"},
    {"thirsty", "kitchen", "milk"},
    {"tired", "bedroom", "pajamas"},
}};

struct Character {
  std::string_view name;
  size_t motive;
  int steps = 0;         ///< feels, goes, takes: how many of these were told
  int feeling_line = 0;  ///< the statement that explains the other two
};

/// The least number of statements of a story: everybody feels something and goes somewhere, somebody takes something.
int fewest_statements(int people) { return 2 * people + 1; }

int people_of(const BabiStoryOptions& options) {
  const int official = static_cast<int>(kNames.size());
  return options.actors.value_or(std::max(official, options.story_length.value_or(0) / 2));
}

void check_agents_motivations(const BabiStoryOptions& options) {
  const int people = people_of(options);
  if (options.story_length.value_or(0) <= fewest_statements(people)) return;
  throw UsageError("story_length " + std::to_string(*options.story_length) + " is too much for " +
                   std::to_string(people) + " actors, expected at most " + std::to_string(fewest_statements(people)));
}

/// The person's next step and the questions about it.
void tell_next_step(Character& person, StoryText& story, Rng& rng) {
  const Motive& motive = kMotives[person.motive];
  const std::string name = lower_first(person.name);
  switch (person.steps++) {
    case 0:
      person.feeling_line = story.say(person.name, " is ", motive.feeling, ".");
      story.ask(join("Where will ", name, " go?"), motive.room, {person.feeling_line});
      break;
    case 1:
      story.say(person.name, " ", pick(kWalks, rng), " the ", motive.room, ".");
      story.ask(join("Why did ", name, " go to the ", motive.room, "?"), motive.feeling, {person.feeling_line});
      break;
    default:
      story.say(person.name, " ", pick(kTakes, rng), " the ", motive.object, " there.");
      story.ask(join("Why did ", name, " get the ", motive.object, "?"), motive.feeling, {person.feeling_line});
  }
}

}  // namespace

/// Task 20. Four people, each with any of four motives. Again and again one of those who have a next step takes it: is
/// tired, goes where tired people go, takes what they want there. There is one thing for each motive, so people who
/// come too late take nothing. One question follows each statement: where the person will go, why they went, why they
/// took the thing. The supporting fact is always their feeling. The story ends when nothing is left to do, after 9 to
/// 12 statements. Nobody does anything without a motive.
///
/// `actors` is the number of people, `objects` that of things (and motives); `story_length` ends the story early.
static void write_agents_motivations(StoryText& story, const BabiStoryOptions& options, Rng& rng) {
  constexpr int kGoing = 2, kDone = 3;
  const int motives = options.objects.value_or(static_cast<int>(kMotives.size()));
  const int most = options.story_length.value_or(kDone * people_of(options));
  std::vector<Character> people;
  for (int i = 0; i < people_of(options); ++i) {
    people.push_back({name_at(kNames, static_cast<size_t>(i)), pick_index(static_cast<size_t>(motives), rng)});
  }
  std::array<bool, kMotives.size()> taken{};
  story.begin_story();
  for (int statements = 0; statements < most && !people.empty();) {
    const size_t drawn = pick_index(people.size(), rng);
    Character& person = people[drawn];
    const bool too_late = person.steps == kGoing && taken[person.motive];
    if (!too_late) {
      tell_next_step(person, story, rng);
      taken[person.motive] = taken[person.motive] || person.steps == kDone;
      ++statements;
    }
    if (too_late || person.steps == kDone) {
      person = people.back();
      people.pop_back();
    }
  }
}

TaskFamily agents_motivations() {
  TaskFamily family;
  family.task = 20;
  family.name = "agents-motivations";
  family.write_story = write_agents_motivations;
  family.story_length = {1, fewest_statements(names_with(kNames)), "20 people have at least 41 statements to offer"};
  family.actors = {1, names_with(kNames), "there are 20 names"};
  family.objects = {1, static_cast<int>(kMotives.size()), "there are 4 motives"};
  family.check = check_agents_motivations;
  return family;
}

}  // namespace hmem::babi_tasks
