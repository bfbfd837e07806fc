#include "data/generator/world.h"

#include <algorithm>

#include "hmem/core/check.h"

namespace hmem::babi_tasks {

namespace {

constexpr int kOfficialPeople = 4, kOfficialRooms = 6, kOfficialObjects = 3, kQuestions = 5;
constexpr size_t kAskable = 5;
constexpr std::array<std::string_view, 4> kGets = {"got", "picked up", "grabbed", "took"};
constexpr std::array<std::string_view, 4> kDrops = {"left", "dropped", "discarded", "put down"};
constexpr std::array<std::string_view, 3> kGives = {"gave", "handed", "passed"};

/// After this many statements without a question, more than in official stories, the story is steered to one.
constexpr int kPatience = 250;

void ask_after_distractors(World& world, const Query& query, int distractors) {
  for (int i = 0; i < distractors; ++i) world.happen(&query);
  world.story().ask(query.question, query.answer, query.supporting);
}

/// Tells task.steps events, so that a question is possible afterwards.
Query steered_question(World& world, const CarryingTask& task) {
  std::optional<Query> query = task.question(world);
  for (int i = 0; i < task.steps; ++i) {
    if (query) {
      world.happen(&*query);
    } else {
      task.steer(world);
      query = task.question(world);
    }
  }
  HMEM_CHECK(query.has_value(), "a story was steered to a question, but none is possible");
  return *query;
}

void write_story_of_length(World& world, const CarryingTask& task, int length, int distractors) {
  const int steered_from = length - distractors - task.steps;
  int asked = 0;
  for (int told = 0; told < steered_from;) {
    world.happen();
    ++told;
    if (told % 2 != 0 || told < (asked + 1) * length / kQuestions || told + distractors > steered_from) continue;
    if (asked + 1 == kQuestions) continue;
    if (const std::optional<Query> query = task.question(world)) {
      ask_after_distractors(world, *query, distractors);
      told += distractors;
      ++asked;
    }
  }
  ask_after_distractors(world, steered_question(world, task), distractors);
}

}  // namespace

World::World(StoryText& story, Rng& rng, const BabiStoryOptions& options, const std::vector<std::string_view>& people,
             bool giving, bool always_there)
    : story_(story),
      rng_(rng),
      people_(people),
      rooms_(static_cast<size_t>(options.places.value_or(kOfficialRooms))),
      giving_(giving),
      always_there_(always_there),
      place_of_actor_(static_cast<size_t>(options.actors.value_or(kOfficialPeople))),
      objects_(static_cast<size_t>(options.objects.value_or(kOfficialObjects))) {
  story_.begin_story();
  for (size_t& place : place_of_actor_) place = pick_index(rooms_, rng_);
  for (Object& object : objects_) object.place = pick_index(rooms_, rng_);
}

bool World::can_get(size_t actor, size_t object) const {
  return !objects_[object].holder && objects_[object].place == place_of_actor_[actor];
}

size_t World::place_of_object(size_t object) const {
  return objects_[object].holder ? place_of_actor_[*objects_[object].holder] : objects_[object].place;
}

std::optional<size_t> World::receiver_of(size_t object, const Query* frozen) const {
  if (!objects_[object].holder) return {};
  const size_t giver = *objects_[object].holder;
  if (frozen != nullptr && (giver == frozen->actor || object == frozen->object)) return {};
  for (size_t other = 0; other < actors(); ++other) {
    if (other == giver || place_of_actor_[other] != place_of_actor_[giver]) continue;
    if (frozen == nullptr || other != frozen->actor) return other;
  }
  return {};
}

void World::happen(const Query* frozen) {
  const auto free_actor = [&](size_t actor) { return frozen == nullptr || actor != frozen->actor; };
  const auto free_object = [&](size_t object) { return frozen == nullptr || object != frozen->object; };
  const auto handles = [&](size_t actor, size_t object, Act act) {
    return free_object(object) && (act == Act::get ? can_get(actor, object) : objects_[object].holder == actor);
  };
  ShortList walkers, getters, droppers;
  for (size_t actor = 0; actor < actors(); ++actor) {
    if (!free_actor(actor)) continue;
    walkers.push_back(actor);
    bool gets = false, drops = false;
    for (size_t object = 0; object < objects(); ++object) {
      gets = gets || handles(actor, object, Act::get);
      drops = drops || handles(actor, object, Act::drop);
    }
    if (gets) getters.push_back(actor);
    if (drops) droppers.push_back(actor);
  }
  std::optional<size_t> gift;
  for (size_t object = 0; giving_ && object < objects() && !gift; ++object) {
    if (receiver_of(object, frozen)) gift = object;
  }
  // The odds of the possible acts, so that nothing has to be redrawn.
  const size_t walks = walkers.size() * (rooms_ - 1), gets = getters.size() * rooms_, drops = droppers.size() * rooms_;
  const size_t gives = gift ? actors() * rooms_ : 0;
  size_t drawn = pick_index(walks + gets + drops + gives, rng_);
  if (drawn < walks) {
    walk_somewhere(walkers[pick_index(walkers.size(), rng_)]);
    return;
  }
  drawn -= walks;
  if (drawn >= gets + drops) {
    give(*gift, *receiver_of(*gift, frozen));
    return;
  }
  const Act act = drawn < gets ? Act::get : Act::drop;
  const ShortList& able = act == Act::get ? getters : droppers;
  const size_t actor = able[pick_index(able.size(), rng_)];
  ShortList choices;
  for (size_t object = 0; object < objects(); ++object) {
    if (handles(actor, object, act)) choices.push_back(object);
  }
  const size_t object = choices[pick_index(choices.size(), rng_)];
  act == Act::get ? get(actor, object) : drop(object);
}

size_t World::walk_somewhere(size_t actor) {
  const size_t room = pick_other(rooms_, place_of_actor_[actor], rng_);
  walk(actor, room);
  return room;
}

void World::walk(size_t actor, size_t room) {
  tell(Act::walk, actor, room, 0, join(people_[actor], " ", pick(kWalks, rng_), " the ", kRooms[room], "."));
  place_of_actor_[actor] = room;
}

void World::get(size_t actor, size_t object) {
  const std::string_view verb = pick(kGets, rng_);
  tell(Act::get, actor, object, 0,
       join(people_[actor], " ", verb, " the ", kObjects[object], there(always_there_), "."));
  objects_[object].holder = actor;
}

void World::drop(size_t object) {
  const size_t actor = *objects_[object].holder;
  const std::string_view verb = pick(kDrops, rng_);
  tell(Act::drop, actor, object, 0, join(people_[actor], " ", verb, " the ", kObjects[object], there(false), "."));
  objects_[object] = {place_of_actor_[actor], {}};
}

void World::give(size_t object, size_t receiver) {
  const size_t actor = *objects_[object].holder;
  tell(Act::give, actor, object, receiver,
       join(people_[actor], " ", pick(kGives, rng_), " the ", kObjects[object], " to ", people_[receiver], "."));
  objects_[object].holder = receiver;
}

void World::tell(Act act, size_t actor, size_t target, size_t receiver, const std::string& sentence) {
  events_.push_back({act, actor, target, receiver, story_.say(sentence)});
}

std::string_view World::there(bool always) { return always || chance(1, 5, rng_) ? " there" : ""; }

size_t World::first_askable() const { return events_.size() - std::min(events_.size(), kAskable); }

const Event* World::latest_walk(size_t actor, size_t first, size_t last) const {
  for (size_t i = last; i > first; --i) {
    if (events_[i - 1].act == Act::walk && events_[i - 1].actor == actor) return &events_[i - 1];
  }
  return nullptr;
}

void write_questions(World& world, const CarryingTask& task, const BabiStoryOptions& options) {
  const int distractors = options.distractors.value_or(0);
  if (options.story_length) {
    write_story_of_length(world, task, *options.story_length, distractors);
    return;
  }
  for (int asked = 0; asked < kQuestions; ++asked) {
    std::optional<Query> query;
    for (int told = 0; !query && told < kPatience; told += 2) {
      world.happen();
      world.happen();
      query = task.question(world);
    }
    ask_after_distractors(world, query ? *query : steered_question(world, task), distractors);
  }
}

std::vector<std::string_view> people_starting_with(std::vector<std::string_view> names) {
  const size_t given = names.size();
  for (const Person& person : kPeople) {
    if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(given), person.name) ==
        names.begin() + static_cast<std::ptrdiff_t>(given))
      names.push_back(person.name);
  }
  return names;
}

bool fetch_something(World& world) {
  for (size_t object = 0; object < world.objects(); ++object) {
    if (world.holder(object)) return false;
  }
  const size_t place = world.place_of_object(0);
  for (size_t actor = 0; actor < world.actors(); ++actor) {
    if (world.place_of_actor(actor) != place) continue;
    world.get(actor, 0);
    return true;
  }
  world.walk(pick_index(world.actors(), world.rng()), place);
  return true;
}

size_t first_held(const World& world) {
  size_t object = 0;
  while (!world.holder(object)) ++object;
  return object;
}

size_t last_handling(const World& world, size_t object) {
  size_t i = world.events().size() - 1;
  while (world.events()[i].act == Act::walk || world.events()[i].target != object) --i;
  return i;
}

void check_carrying(const BabiStoryOptions& options, int steps) {
  const int least = steps + options.distractors.value_or(0);
  if (options.story_length && *options.story_length < least) {
    throw UsageError("story_length " + std::to_string(*options.story_length) + " is too short for " +
                     std::to_string(options.distractors.value_or(0)) + " distractors, expected at least " +
                     std::to_string(least));
  }
}

void add_carrying_options(TaskFamily& family, int steps) {
  family.story_length = {steps, 1000, "fewer may not lead to a question, more are slow to read"};
  family.actors = {2, static_cast<int>(kPeople.size()), "there are 16 names, and it takes two"};
  family.places = {2, static_cast<int>(kRooms.size()), "there are 16 rooms, and people must be able to walk"};
  family.objects = {1, static_cast<int>(kObjects.size()), "there are 12 objects"};
  family.distractors = {0, 200, "more are slow to read"};
}

}  // namespace hmem::babi_tasks
