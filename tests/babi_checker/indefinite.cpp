#include <map>

#include "babi_checker/checker.h"
#include "babi_checker/walks.h"

namespace hmem::test::babi_checker {

namespace {

/// Task 10, `Is Mary in the office?`, yes, no or maybe. The last statement about somebody counts and is the one that
/// supports the answer. It names one room (`Mary went to the office`, `Mary is in the office`) or two (`Mary is either
/// in the office or the park`: maybe for both, no for all others). People also move without a statement,
/// so an `either` replaces all that was known before, even when one of its rooms is the one where somebody was last.
///
/// The official files have no such case, and it is an error here: somebody comes to the only room where they can be.
///
/// Not enforced: officially the supporting statement is one of the last five.
///
/// Ambiguous: one `either` in six names the same room twice, and that room is asked for; the text says yes, the
/// official answer is always maybe. 212 of 10,000 questions of the training file, 18 of 1,000 of the test file.
class IndefiniteKnowledge : public Checker {
 public:
  void begin_story() override { last_.clear(); }

  void hear(const Sentence& statement) override {
    if (const auto moved = walk(statement.words)) {
      if (moved->subject.size() != 1 || !is_name(moved->subject[0])) reject(statement, "one person walks at a time");
      note(statement, moved->subject[0], {statement.id, false, moved->room, moved->room});
    } else if (const auto is = match(statement.words, "<who> is in the <room>")) {
      note(statement, (*is)[0], {statement.id, false, (*is)[1], (*is)[1]});
    } else if (const auto either = match(statement.words, "<who> is either in the <room> or the <room>")) {
      note(statement, (*either)[0], {statement.id, true, (*either)[1], (*either)[2]});
    } else {
      reject(statement, "not a statement of this task");
    }
  }

  Verdict answer(const Sentence& question) override {
    const auto asked = match(question.words, "Is <who> in the <room>");
    if (!asked) reject(question, "not a question of this task");
    const auto known = last_.find((*asked)[0]);
    if (known == last_.end()) reject(question, "nothing was said about this person");
    const auto& [id, either, room, other] = known->second;
    if ((*asked)[1] != room && (*asked)[1] != other) return {"no", {id}, ""};
    if (!either) return {"yes", {id}, ""};
    return {"maybe", {id}, room == other ? "either in a room or in the same room" : ""};
  }

 private:
  struct Heard {
    int id = 0;
    bool either = false;
    std::string room, other;  ///< the same if there is only one
  };

  void note(const Sentence& statement, const std::string& who, const Heard& now) {
    if (const auto known = last_.find(who); known != last_.end()) {
      const Heard& before = known->second;
      const bool certain = before.room == before.other && now.room == now.other;
      if (certain && before.room == now.room) reject(statement, "is there already");
    }
    last_[who] = now;
  }

  std::map<std::string, Heard> last_;
};

}  // namespace

std::unique_ptr<Checker> indefinite_knowledge() { return std::make_unique<IndefiniteKnowledge>(); }

}  // namespace hmem::test::babi_checker
