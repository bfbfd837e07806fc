#pragma once
/// \file carrying_world.h
/// Who is where and carries what, as far as a story of moving, taking, dropping and giving tells (tasks 1, 2, 3, 5, 6,
/// 7 and 8). Refuses what cannot happen.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "babi_checker/checker.h"

namespace hmem::test::babi_checker::carrying {

/// A form of sentence: its words, `a|b` for either of two, `*` for one word of any kind.
class Wording {
 public:
  explicit Wording(const std::string& text);
  /// The words at the `*`; nothing when the sentence has another form.
  std::optional<std::vector<std::string>> match(const std::vector<std::string>& words) const;

 private:
  std::vector<std::vector<std::string>> slots_;  ///< the words allowed at each position; empty: any word
};

[[noreturn]] void refuse(const Sentence& sentence, const std::string& why);

/// Which statements a task has besides moves.
struct Vocabulary {
  bool objects = false;     ///< "got the milk there", "dropped the milk", "dropped the milk there"
  bool giving = false;      ///< "gave the milk to Fred"
  bool get_anyhow = false;  ///< "got the milk" as well
};

struct Event {
  enum Kind { kMove, kGet, kDrop, kGive };
  Kind kind = kMove;
  int id = 0;
  std::string who, object, receiver, destination;
};

/// Places by name, and stand-ins for those that the story does not name: everybody starts in one. Taking and giving
/// show that two of them are the same, a move that two differ.
class Places {
 public:
  std::string stand_in();
  /// The name of the place, or the common stand-in of all that are known to be the same so far.
  std::string resolve(std::string place) const;
  bool can_be_same(const std::string& a, const std::string& b) const;
  void same(const std::string& a, const std::string& b);
  void differ(const std::string& place, const std::string& name);

 private:
  static bool unnamed(const std::string& place) { return place[0] == '?'; }

  std::map<std::string, std::string> is_;
  std::map<std::string, std::set<std::string>> is_not_;  ///< of a stand-in: names
  int stand_ins_ = 0;
};

class World {
 public:
  enum Role { kPerson, kObject, kPlace };

  struct Person {
    std::string place;  ///< see Places
    int moved = 0;      ///< the last move, 0 if none
  };
  /// A place to which somebody carried an object, and the move.
  struct Stay {
    std::string place;
    int moved = 0;
  };
  struct Object {
    std::string carrier;    ///< empty when nobody carries it
    std::string place;      ///< see Places
    int handled = 0;        ///< when it was last taken, dropped or given
    int dropper_moved = 0;  ///< the last move of the person who dropped it last, 0 if there was none
    std::vector<Stay> carried_to;
  };

  explicit World(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

  void clear() { *this = World(vocabulary_); }
  /// Reads a statement and applies it.
  Event hear(const Sentence& statement);

  /// The person or object that a question names; refuses one that the story did not.
  const Person& person(const std::string& name, const Sentence& question) const;
  const Object& object(const std::string& name, const Sentence& question) const;
  /// The place where the person's last move led; refuses the question when there was none.
  std::string place_of(const Person& person, const Sentence& question) const;
  /// Refuses a word that the story used in another role.
  void expect(const std::string& word, Role role, const Sentence& sentence) const;

 private:
  Event read(const Sentence& statement) const;
  Person& meet(const std::string& name);
  void move(const Event& event, const Sentence& statement);
  void get(const Event& event, const Sentence& statement);
  void drop(const Event& event, const Sentence& statement);
  void give(const Event& event, const Sentence& statement);

  Vocabulary vocabulary_;
  std::map<std::string, Role> roles_;
  std::map<std::string, Person> people_;
  std::map<std::string, Object> objects_;
  Places places_;
};

}  // namespace hmem::test::babi_checker::carrying
