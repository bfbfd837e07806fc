#include <map>

#include "babi_checker/checker.h"
#include "babi_checker/walks.h"

namespace hmem::test::babi_checker {

namespace {

/// Task 9, `Is Mary in the office?`, yes or no. The last statement about somebody counts and is the one that supports
/// the answer. It says where they are (`Mary went to the office`, `Mary is in the office`) or which room they have left
/// (`Mary is not in the office`, `Mary is no longer in the office`); people also move without a statement.
///
/// Rules that the official files never break, and that are errors here:
/// - nobody comes to, or is next said to be in, the room where they are known to be already;
/// - if it is known where somebody is, only that room can be denied, and no room is denied twice in a row;
/// - after a denial only the denied room is asked for: about all others the text says nothing.
///
/// Not enforced: officially the supporting statement is one of the last five.
///
/// No ambiguity: all answers and supporting statements of the official files follow from the text.
class SimpleNegation : public Checker {
 public:
  void begin_story() override { last_.clear(); }

  void hear(const Sentence& statement) override {
    if (const auto moved = walk(statement.words)) {
      if (moved->subject.size() != 1 || !is_name(moved->subject[0])) reject(statement, "one person walks at a time");
      note(statement, moved->subject[0], {statement.id, true, moved->room});
    } else if (const auto is = match(statement.words, "<who> is in the <room>")) {
      note(statement, (*is)[0], {statement.id, true, (*is)[1]});
    } else if (const auto is_not = match(statement.words, "<who> is not in the <room>")) {
      note(statement, (*is_not)[0], {statement.id, false, (*is_not)[1]});
    } else if (const auto left = match(statement.words, "<who> is no longer in the <room>")) {
      note(statement, (*left)[0], {statement.id, false, (*left)[1]});
    } else {
      reject(statement, "not a statement of this task");
    }
  }

  Verdict answer(const Sentence& question) override {
    const auto asked = match(question.words, "Is <who> in the <room>");
    if (!asked) reject(question, "not a question of this task");
    const auto known = last_.find((*asked)[0]);
    if (known == last_.end()) reject(question, "nothing was said about this person");
    const auto& [id, inside, room] = known->second;
    if (!inside && room != (*asked)[1]) reject(question, "all that is known is that the person is not in the " + room);
    return {inside && room == (*asked)[1] ? "yes" : "no", {id}, ""};
  }

 private:
  struct Heard {
    int id = 0;
    bool inside = false;  ///< in the room, or not in it
    std::string room;
  };

  void note(const Sentence& statement, const std::string& who, const Heard& now) {
    if (const auto known = last_.find(who); known != last_.end()) {
      const Heard& before = known->second;
      if (before.inside && now.inside && before.room == now.room) reject(statement, "is there already");
      if (before.inside && !now.inside && before.room != now.room) reject(statement, "was in the " + before.room);
      if (!before.inside && !now.inside && before.room == now.room) reject(statement, "was said to be away already");
    }
    last_[who] = now;
  }

  std::map<std::string, Heard> last_;
};

}  // namespace

std::unique_ptr<Checker> simple_negation() { return std::make_unique<SimpleNegation>(); }

}  // namespace hmem::test::babi_checker
