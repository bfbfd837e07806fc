#include <cstdlib>
#include <set>
#include <utility>

#include "babi_checker/checker.h"
#include "babi_checker/grid_map.h"
#include "babi_checker/inference_words.h"

namespace hmem::test::babi_checker {

namespace {

/// "The triangle is above the pink rectangle. The blue square is to the left of the triangle." Each thing is on a
/// square of a grid, next to the one named with it; so "Is the pink rectangle to the right of the blue square?" yes,
/// "Is the pink rectangle above the blue square?" no; of things in one column neither is to the left of the other.
/// Supporting: the statements on the way from the first thing of the question to the second.
///
/// Official files: two statements with one thing in common, then eight questions about the other two things, never on
/// one square, never told twice; two steps each, and nothing is ambiguous. Two things on one square, statements that
/// contradict each other or repeat a pair are errors. Longer ways may have what the official files do not have and
/// the text alone does not decide: steps both ways along the axis asked for (the answer then needs steps of one
/// length), and several shortest ways (of which the first told is taken).
class Positions : public Checker {
 public:
  void begin_story() override { map_.clear(); }

  void hear(const Sentence& statement) override {
    static const std::vector<Relation> kTold = relations("The * is ");
    const Found found = find(kTold, statement);
    map_.add(statement, found.first, found.second, found.by);
    std::set<std::pair<int, int>> taken;
    for (const auto& [thing, place] : map_.positions(found.first)) {
      if (!taken.insert({place.x, place.y}).second) fail(statement, "two things on one square");
    }
  }

  Verdict answer(const Sentence& question) override {
    static const std::vector<Relation> kAsked = relations("Is the * ");
    const Found found = find(kAsked, question);
    if (!map_.knows(found.first) || !map_.knows(found.second)) fail(question, "a thing that was not mentioned");
    if (found.first == found.second) fail(question, "a thing and itself");
    const GridMap::Route way = map_.route(found.first, found.second);
    if (way.steps.empty()) fail(question, "the things are not connected");
    Verdict verdict;
    int forth = 0, back = 0;  // steps along the direction asked for, from the second thing to the first, and against it
    for (const GridMap::Step& step : way.steps) {
      verdict.supporting.push_back(step.id);
      const int along = -(step.by.x * found.by.x + step.by.y * found.by.y);
      (along > 0 ? forth : back) += std::abs(along);
    }
    verdict.answer = forth > back ? "yes" : "no";
    if (!way.only) verdict.ambiguity = "several shortest ways between the things";
    if (forth > 0 && back > 0) verdict.ambiguity = "steps both ways along the axis asked for";
    return verdict;
  }

 private:
  struct Relation {
    Form form;
    Offset by;
  };
  struct Found {
    std::string first, second;
    Offset by;  ///< of the first from the second
  };

  static std::vector<Relation> relations(const std::string& begin) {
    return {{Form(begin + "above the *"), {0, 1}},
            {Form(begin + "below the *"), {0, -1}},
            {Form(begin + "to the left of the *"), {-1, 0}},
            {Form(begin + "to the right of the *"), {1, 0}}};
  }

  static Found find(const std::vector<Relation>& relations, const Sentence& sentence) {
    std::vector<std::string> found;
    for (const Relation& relation : relations) {
      if (relation.form.match(sentence, found)) return {found[0], found[1], relation.by};
    }
    fail(sentence, "not a sentence of task 17");
  }

  GridMap map_;
};

}  // namespace

std::unique_ptr<Checker> positional_reasoning() { return std::make_unique<Positions>(); }

}  // namespace hmem::test::babi_checker
