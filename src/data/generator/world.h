#pragma once
/// \file world.h
/// The world of the tasks about carried objects (2, 3, 5 to 8): people walk between rooms, pick objects up, drop them
/// and, in tasks 5 and 7, give them away. It knows where everything is; the listener's knowledge follows from the
/// events told.

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "data/generator/families.h"
#include "data/generator/words.h"

namespace hmem::babi_tasks {

enum class Act { walk, get, drop, give };

struct Event {
  Act act;
  size_t actor;
  size_t target;  ///< the room of a walk, otherwise the object
  size_t receiver;
  int line;
};

/// A question that can be asked, and the people and objects whose events would change its answer.
struct Query {
  std::string question, answer;
  std::vector<int> supporting;
  size_t actor;
  std::optional<size_t> object;
};

class World {
 public:
  /// Everybody and everything lies in a uniformly random room that nobody has mentioned. The options give the numbers
  /// of people, objects and rooms; the first names of each list are used.
  World(StoryText& story, Rng& rng, const BabiStoryOptions& options, const std::vector<std::string_view>& people,
        bool giving, bool always_there);

  /// Tells a random event: an act is drawn, then somebody; it happens if it is possible, otherwise both are drawn
  /// again. An impossible walk is one to the room where the actor is. Giving happens whenever anybody can give: the
  /// object and the receiver are the first ones possible. People and objects of `frozen` take no part in the event.
  void happen(const Query* frozen = nullptr);

  void walk(size_t actor, size_t room);
  void get(size_t actor, size_t object);
  void drop(size_t object);
  void give(size_t object, size_t receiver);

  const std::vector<Event>& events() const { return events_; }
  /// Index of the oldest event that may be asked about: one of the latest five.
  size_t first_askable() const;
  /// The latest walk of `actor` among the events [first, last).
  const Event* latest_walk(size_t actor, size_t first, size_t last) const;

  size_t actors() const { return place_of_actor_.size(); }
  size_t objects() const { return objects_.size(); }
  size_t rooms() const { return rooms_; }
  std::optional<size_t> holder(size_t object) const { return objects_[object].holder; }
  size_t place_of_actor(size_t actor) const { return place_of_actor_[actor]; }
  size_t place_of_object(size_t object) const;
  size_t walk_somewhere(size_t actor);
  std::string_view name(size_t actor) const { return people_[actor]; }

  Rng& rng() { return rng_; }
  StoryText& story() { return story_; }

 private:
  struct Object {
    size_t place;
    std::optional<size_t> holder;
  };

  bool can_get(size_t actor, size_t object) const;
  std::optional<size_t> receiver_of(size_t object, const Query* frozen) const;
  void tell(Act act, size_t actor, size_t target, size_t receiver, const std::string& sentence);
  std::string_view there(bool always);

  StoryText& story_;
  Rng& rng_;
  const std::vector<std::string_view>& people_;
  size_t rooms_;
  bool giving_, always_there_;
  std::vector<size_t> place_of_actor_;
  std::vector<Object> objects_;
  std::vector<Event> events_;
};

/// Some of the actors or objects, without memory from the heap: one is made for every event.
class ShortList {
 public:
  void push_back(size_t index) { items_[size_++] = index; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t operator[](size_t i) const { return items_[i]; }

 private:
  std::array<size_t, std::max(kPeople.size(), kObjects.size())> items_;
  size_t size_ = 0;
};

/// The task-specific part of a world.
struct CarryingTask {
  /// Draws one of the questions that can be asked about one of the latest five events; none if there is none.
  std::optional<Query> (*question)(World& world);
  /// Tells an event that brings a question nearer, when there is none.
  void (*steer)(World& world);
  /// After this many calls of `steer` a question is possible.
  int steps;
};

/// Five times: two statements, and more pairs of them until a question is possible; with distractors, that many
/// statements about others before it. With story_length: up to five questions, evenly spread, the last one after the
/// last statement.
void write_questions(World& world, const CarryingTask& task, const BabiStoryOptions& options);

/// For `steer`. If nobody holds anything: tells how somebody walks to the first object or gets it, and returns true.
bool fetch_something(World& world);
/// For `steer`, if somebody holds something.
size_t first_held(const World& world);

/// Index of the latest event about an object that was handled already.
size_t last_handling(const World& world, size_t object);

/// These names, then the other names of kPeople.
std::vector<std::string_view> people_starting_with(std::vector<std::string_view> names);

/// The options of these tasks; after `steps` statements a question is possible.
void add_carrying_options(TaskFamily& family, int steps);
void check_carrying(const BabiStoryOptions& options, int steps);

}  // namespace hmem::babi_tasks
