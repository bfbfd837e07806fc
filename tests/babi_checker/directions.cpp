#include <array>
#include <map>
#include <utility>

#include "babi_checker/checker.h"
#include "babi_checker/walks.h"

namespace hmem::test::babi_checker {

namespace {

constexpr std::array<std::string_view, 4> kCompass = {"north", "east", "south", "west"};  // opposite: two further on

/// Task 4, `What is north of the office?` and `What is the office north of?`: the room next to the office that way.
/// `The kitchen is north of the office` says both that the kitchen is the next room to the north of the office and that
/// the office is the next one to the south of the kitchen; that statement supports the answer. The rooms beyond the
/// next one are no answer, and rooms that no statement names together are not next to each other here.
///
/// The statements must form a map: a room has one place, and a place one room.
///
/// The official stories have two statements, three rooms on one line and one question. The answer is always the room
/// that its statement names first; the room that it names first is never the one asked about.
///
/// Ambiguous, but not in the official files: two statements about the same two rooms support the answer.
class TwoArgRelations : public Checker {
 public:
  void begin_story() override {
    relations_.clear();
    places_.clear();
    maps_ = 0;
  }

  void hear(const Sentence& statement) override {
    if (statement.words.size() != 7) reject(statement, "not a statement of this task");
    const size_t way = direction(statement, statement.words[3]);
    const auto rooms = match(statement.words, "The <room> is " + statement.words[3] + " of the <room>");
    if (!rooms) reject(statement, "not a statement of this task");
    draw(statement, (*rooms)[0], way, (*rooms)[1]);
    relations_[{(*rooms)[1], way}].push_back({statement.id, (*rooms)[0]});
    relations_[{(*rooms)[0], (way + 2) % 4}].push_back({statement.id, (*rooms)[1]});
  }

  Verdict answer(const Sentence& question) override {
    if (question.words.size() != 6) reject(question, "not a question of this task");
    const bool forward = question.words[2] != "the";  // `What is north of the office`, `What is the office north of`
    const std::string& name = question.words[forward ? 2 : 4];
    const size_t named = direction(question, name);
    const auto room =
        match(question.words, forward ? "What is " + name + " of the <room>" : "What is the <room> " + name + " of");
    if (!room) reject(question, "not a question of this task");
    const auto found = relations_.find({room->front(), forward ? named : (named + 2) % 4});
    if (found == relations_.end()) reject(question, "no room was said to be there");
    const auto& [id, neighbour] = found->second.front();  // all name the same room: a place has one
    return {neighbour, {id}, found->second.size() > 1 ? "the relation was told twice" : ""};
  }

 private:
  struct Place {
    int map = 0;  ///< rooms of different maps: their relative position is not known
    int east = 0, north = 0;
  };
  struct Relation {
    int id = 0;
    std::string neighbour;
  };

  static size_t direction(const Sentence& sentence, const std::string& word) {
    for (size_t i = 0; i < kCompass.size(); ++i) {
      if (kCompass[i] == word) return i;
    }
    reject(sentence, "no direction where one is expected");
  }

  /// Puts `room` next to `base` and joins their maps if they were on different ones.
  void draw(const Sentence& statement, const std::string& room, size_t way, const std::string& base) {
    if (room == base) reject(statement, "a room beside itself");
    const Place from = place_of(base), to = place_of(room);
    const int east = from.east + (way == 1) - (way == 3), north = from.north + (way == 0) - (way == 2);
    if (from.map == to.map && (east != to.east || north != to.north)) reject(statement, "the room is elsewhere");
    std::map<std::pair<int, int>, std::string> taken;
    for (auto& [name, place] : places_) {
      if (place.map == to.map) place = {from.map, place.east + east - to.east, place.north + north - to.north};
      if (place.map != from.map) continue;
      const auto [there, free] = taken.try_emplace({place.east, place.north}, name);
      if (!free) reject(statement, "puts two rooms in one place: " + there->second + " and " + name);
    }
  }

  Place place_of(const std::string& room) { return places_.try_emplace(room, Place{maps_++, 0, 0}).first->second; }

  std::map<std::pair<std::string, size_t>, std::vector<Relation>> relations_;  ///< by room and direction seen from it
  std::map<std::string, Place> places_;
  int maps_ = 0;
};

}  // namespace

std::unique_ptr<Checker> two_arg_relations() { return std::make_unique<TwoArgRelations>(); }

}  // namespace hmem::test::babi_checker
