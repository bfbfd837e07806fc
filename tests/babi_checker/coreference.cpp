#include <algorithm>
#include <map>

#include "babi_checker/checker.h"
#include "babi_checker/walks.h"

namespace hmem::test::babi_checker {

namespace {

/// Tasks 11, 12 and 13, `Where is Mary?`: where she walked last, alone (11) or with somebody else (12, 13).
///
/// `Then`, `Afterwards`, `After that` or `Following that` with `he`, `she` (11) or `they` (13) means the people whom
/// the previous statement names; the answer then rests on that statement and the one with the pronoun, else on
/// the last statement that names the person. Nobody walks to where they are. Nobody is `he` at one time and `she` at
/// another, in any story of a file. A pronoun after a question about somebody who is not meant is an error: it could
/// mean the person asked about.
///
/// The official files alternate strictly: in tasks 11 and 13 statements with names and with a pronoun in turn, then a
/// question about anybody who has walked before; a question never stands before a pronoun, nor a pronoun after a
/// pronoun.
///
/// Not enforced: officially the last supporting statement is one of the last five (11) or three (12, 13).
///
/// Ambiguous, but not in the official files: with several pronouns in a row the answer may rest on all of these
/// statements or, as given here, on the one with the names and the last one.
class Walkers : public Checker {
 public:
  Walkers(size_t together, bool pronouns) : together_(together), pronouns_(pronouns) {}

  void begin_story() override {
    known_.clear();
    meant_.clear();
  }

  void hear(const Sentence& statement) override {
    const auto moved = walk(statement.words);
    if (!moved) reject(statement, "not a statement of this task");
    const std::string pronoun = pronoun_of(moved->subject);
    if (pronoun.empty()) {
      meant_ = names_of(statement, moved->subject);
      meant_since_ = statement.id;
      in_a_row_ = 0;
    } else {
      check_pronoun(statement, pronoun);
      ++in_a_row_;
    }
    foreign_question_ = false;
    for (const std::string& who : meant_) {
      Heard& person = known_[who];
      if (person.room == moved->room) reject(statement, who + " is there already");
      person = {moved->room, {statement.id}, in_a_row_ > 1};
      if (in_a_row_ > 0) person.supporting = {meant_since_, statement.id};
    }
  }

  Verdict answer(const Sentence& question) override {
    const auto asked = match(question.words, "Where is <who>");
    if (!asked) reject(question, "not a question of this task");
    const auto person = known_.find(asked->front());
    if (person == known_.end()) reject(question, "nothing was said about this person");
    if (std::find(meant_.begin(), meant_.end(), asked->front()) == meant_.end()) foreign_question_ = true;
    const auto& [room, supporting, chain] = person->second;
    return {room, supporting, chain ? "several pronouns in a row" : ""};
  }

 private:
  struct Heard {
    std::string room;
    std::vector<int> supporting;
    bool chain = false;  ///< came there in a statement whose pronoun follows another pronoun
  };

  /// The pronoun of `Then she` and the like; empty for any other subject.
  static std::string pronoun_of(const std::vector<std::string>& subject) {
    for (const std::string start : {"Then ", "Afterwards ", "After that ", "Following that "}) {
      for (const std::string pronoun : {"he", "she", "they"}) {
        if (match(subject, start + pronoun)) return pronoun;
      }
    }
    return "";
  }

  std::vector<std::string> names_of(const Sentence& statement, const std::vector<std::string>& subject) const {
    const auto names = match(subject, together_ == 1 ? "<who>" : "<who> and <who>");
    if (!names)
      reject(statement, together_ == 1 ? "one person is expected to walk" : "two people are expected to walk");
    if (together_ == 2 && (*names)[0] == (*names)[1]) reject(statement, "the same person twice");
    return *names;
  }

  void check_pronoun(const Sentence& statement, const std::string& pronoun) {
    if (!pronouns_) reject(statement, "this task has no pronouns");
    if (meant_.empty()) reject(statement, "the pronoun means nobody");
    if ((pronoun == "they") != (meant_.size() > 1)) reject(statement, "the pronoun does not fit the number of people");
    if (foreign_question_) reject(statement, "the pronoun follows a question about somebody else");
    if (pronoun == "they") return;
    const std::string& before = gender_.try_emplace(meant_[0], pronoun).first->second;
    if (before != pronoun) reject(statement, meant_[0] + " was '" + before + "' before");
  }

  const size_t together_;
  const bool pronouns_;
  std::map<std::string, Heard> known_;
  std::vector<std::string> meant_;  ///< whom a pronoun would mean
  int meant_since_ = 0;             ///< the statement that names them
  int in_a_row_ = 0;                ///< statements with a pronoun since then
  bool foreign_question_ = false;   ///< somebody else was asked about since the last statement
  std::map<std::string, std::string> gender_;
};

}  // namespace

std::unique_ptr<Checker> basic_coreference() { return std::make_unique<Walkers>(1, true); }
std::unique_ptr<Checker> conjunction() { return std::make_unique<Walkers>(2, false); }
std::unique_ptr<Checker> compound_coreference() { return std::make_unique<Walkers>(2, true); }

}  // namespace hmem::test::babi_checker
