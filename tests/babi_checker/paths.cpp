#include "babi_checker/checker.h"
#include "babi_checker/grid_map.h"
#include "babi_checker/inference_words.h"

namespace hmem::test::babi_checker {

namespace {

struct Direction {
  const char* name;
  Offset by;
};
constexpr Direction kDirections[] = {{"north", {0, 1}}, {"south", {0, -1}}, {"east", {1, 0}}, {"west", {-1, 0}}};

/// "The office is east of the hallway." and so on give "How do you go from the kitchen to the garden?" s,e: the first
/// letters of the directions on the shortest way. Supporting: the statements on that way, in its order.
///
/// Official files: six rooms, five statements that form a tree, one question, a way of two steps; so nothing is
/// ambiguous. No pair of rooms is told twice and no room has two neighbours on one side: errors here, as is a ring
/// of rooms that does not close on a grid. Two rooms may fall on one square all the same (on the way round three
/// corners, which no statement closes): they do in 7 of 100 official stories. Two shortest ways are an error, because
/// they differ in their letters. Never asked: the way to a room next door.
class Paths : public Checker {
 public:
  void begin_story() override { map_.clear(); }

  void hear(const Sentence& statement) override {
    static const Form kIs("The * is ? of the *");
    std::vector<std::string> found;
    if (!kIs.match(statement, found)) fail(statement, "not a statement of task 19");
    const std::string &room = found[0], &base = found[2];
    for (const Direction& direction : kDirections) {
      if (direction.name != found[1]) continue;
      refuse_second_neighbour(statement, base, direction.by);
      refuse_second_neighbour(statement, room, -direction.by);
      map_.add(statement, room, base, direction.by);
      return;
    }
    fail(statement, "an unknown direction");
  }

  Verdict answer(const Sentence& question) override {
    static const Form kHow("How do you go from the * to the *");
    std::vector<std::string> found;
    if (!kHow.match(question, found)) fail(question, "not a question of task 19");
    if (!map_.knows(found[0]) || !map_.knows(found[1])) fail(question, "a room that was not mentioned");
    const GridMap::Route way = map_.route(found[0], found[1]);
    if (way.steps.empty()) fail(question, "no way leads there, or none is needed");
    if (!way.only) fail(question, "several shortest ways lead there");
    Verdict verdict;
    for (const GridMap::Step& step : way.steps) {
      verdict.supporting.push_back(step.id);
      for (const Direction& direction : kDirections) {
        if (!(direction.by == step.by)) continue;
        verdict.answer += (verdict.answer.empty() ? "" : ",") + std::string(1, direction.name[0]);
      }
    }
    return verdict;
  }

 private:
  void refuse_second_neighbour(const Sentence& statement, const std::string& room, Offset by) const {
    if (!map_.knows(room)) return;
    for (const GridMap::Step& step : map_.neighbours(room)) {
      if (step.by == by) fail(statement, "a second neighbour on one side of a room");
    }
  }

  GridMap map_;
};

}  // namespace

std::unique_ptr<Checker> path_finding() { return std::make_unique<Paths>(); }

}  // namespace hmem::test::babi_checker
