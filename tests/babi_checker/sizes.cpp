#include <algorithm>
#include <map>
#include <queue>
#include <utility>

#include "babi_checker/checker.h"
#include "babi_checker/inference_words.h"

namespace hmem::test::babi_checker {

namespace {

/// "The box is bigger than the chest." and "The chest fits inside the box." say the same; a chain of such statements
/// answers "Is the box bigger than the chocolate?" and "Does the chocolate fit in the box?". Supporting: the statements
/// of a chain in the order that leads from the thing asked to be the bigger one to the other, downwards for yes,
/// upwards for no.
///
/// The official files cite two statements, even where one compares the two things directly; with a statement told again
/// or with several things in between there are often several such pairs. All official pairs have in common that the
/// second statement is the first one of the story, other than the first of the pair, that mentions the thing in
/// between; a pair for which that statement does not lead on is never cited. That leaves one pair for 9,413 of 11,000
/// questions; of the others the same question, asked again, cites now this pair, now that one, so the text cannot tell.
/// Without such a pair (never in the official files) the shortest chain of two statements or more is taken, then a
/// direct comparison. Errors: sizes that contradict each other, things that were not compared, not even by chains.
class Sizes : public Checker {
 public:
  void begin_story() override {
    facts_.clear();
    mentions_.clear();
  }

  void hear(const Sentence& statement) override {
    static const Form kBigger("The * is bigger than the *"), kFits("The * fits inside the *");
    std::vector<std::string> found;
    if (kFits.match(statement, found)) {
      std::swap(found[0], found[1]);
    } else if (!kBigger.match(statement, found)) {
      fail(statement, "not a statement of task 18");
    }
    if (found[0] == found[1] || leads(found[1], found[0], kDown)) fail(statement, "this contradicts what was told");
    mentions_[found[0]].push_back(facts_.size());
    mentions_[found[1]].push_back(facts_.size());
    facts_.push_back({statement.id, {found[0], found[1]}});
  }

  Verdict answer(const Sentence& question) override {
    static const Form kBigger("Is the * bigger than the *"), kFits("Does the * fit in the *");
    std::vector<std::string> found;
    if (kFits.match(question, found)) {
      std::swap(found[0], found[1]);
    } else if (!kBigger.match(question, found)) {
      fail(question, "not a question of task 18");
    }
    const std::string &from = found[0], &to = found[1];
    if (from == to) fail(question, "a thing and itself");
    const bool yes = leads(from, to, kDown);
    const Way way = yes ? kDown : kUp;
    if (!yes && !leads(from, to, kUp)) fail(question, "these things were not compared");
    Verdict verdict = official_pair(from, to, way);
    if (verdict.supporting.empty()) verdict = shortest_chain(from, to, way);
    verdict.answer = yes ? "yes" : "no";
    return verdict;
  }

 private:
  enum Way { kDown = 0, kUp = 1 };  // from the bigger thing to the smaller one, or back
  struct Fact {
    int id;
    std::string things[2];  ///< the bigger one, the smaller one
    const std::string& start(Way way) const { return things[way]; }
    const std::string& end(Way way) const { return things[1 - way]; }
  };

  /// The facts that start at `thing`, in the order of the story.
  std::vector<const Fact*> facts_from(const std::string& thing, Way way) const {
    std::vector<const Fact*> facts;
    const auto mentions = mentions_.find(thing);
    if (mentions == mentions_.end()) return facts;
    for (const size_t i : mentions->second) {
      if (facts_[i].start(way) == thing) facts.push_back(&facts_[i]);
    }
    return facts;
  }

  bool leads(const std::string& from, const std::string& to, Way way) const {
    return !chain(from, to, way, false).none;
  }

  Verdict official_pair(const std::string& from, const std::string& to, Way way) const {
    Verdict verdict;
    for (const Fact* first : facts_from(from, way)) {
      for (const size_t i : mentions_.at(first->end(way))) {
        const Fact& second = facts_[i];
        if (&second == first) continue;
        if (second.start(way) == first->end(way) && second.end(way) == to) {
          if (!verdict.supporting.empty()) verdict.ambiguity = "several pairs of statements give the answer";
          verdict.supporting = {first->id, second.id};
        }
        break;
      }
    }
    return verdict;
  }

  struct Chain {
    bool none = true, only = true;
    std::vector<int> ids;
  };

  /// A shortest chain; with `indirect` only chains of two statements or more.
  Chain chain(const std::string& from, const std::string& to, Way way, bool indirect) const {
    struct Reached {
      int distance, chains;
      const Fact* by;
    };
    std::map<std::string, Reached> reached = {{from, {0, 1, nullptr}}};
    std::queue<std::string> todo;
    for (todo.push(from); !todo.empty(); todo.pop()) {
      const Reached here = reached.at(todo.front());
      for (const Fact* fact : facts_from(todo.front(), way)) {
        const std::string& end = fact->end(way);
        if (indirect && end == to && todo.front() == from) continue;
        const auto [next, fresh] = reached.insert({end, {here.distance + 1, here.chains, fact}});
        if (fresh) {
          todo.push(end);
        } else if (next->second.distance == here.distance + 1) {
          next->second.chains = 2;  // or more
        }
      }
    }
    Chain chain;
    auto at = reached.find(to);
    if (at == reached.end()) return chain;
    chain.none = false;
    chain.only = at->second.chains == 1;
    for (; at->second.by != nullptr; at = reached.find(at->second.by->start(way))) {
      chain.ids.insert(chain.ids.begin(), at->second.by->id);
    }
    return chain;
  }

  Verdict shortest_chain(const std::string& from, const std::string& to, Way way) const {
    Chain shortest = chain(from, to, way, true);
    if (shortest.none) shortest = chain(from, to, way, false);
    return {"", shortest.ids, shortest.only ? "" : "several shortest chains of statements give the answer"};
  }

  std::vector<Fact> facts_;
  std::map<std::string, std::vector<size_t>> mentions_;  ///< of a thing, indices of facts
};

}  // namespace

std::unique_ptr<Checker> size_reasoning() { return std::make_unique<Sizes>(); }

}  // namespace hmem::test::babi_checker
