#include <map>

#include "babi_checker/checker.h"
#include "babi_checker/inference_words.h"

namespace hmem::test::babi_checker {

namespace {

/// "Julius is a swan. Julius is green. Greg is a swan. What color is Greg?" green: an animal whose own colour is not
/// told has the colour of another one of its kind, the witness. Of several witnesses the official files take the one
/// whose kind was told last; no other rule fits all of them (last or first colour told, most frequent colour).
/// Supporting: the kind of the animal asked for, the kind of the witness, the colour of the witness.
///
/// Official files: 5 animals, the colours of 4, each told after the kind, one question per story, 1, 3 or 4 witnesses.
/// The text admits another answer where the witnesses differ in colour: 750 of 10,000 train and 64 of 1,000 test
/// questions, in all of which the rule holds too. Never asked: the colour of an animal of which it was told, or of a
/// kind without a witness.
class Induction : public Checker {
 public:
  void begin_story() override {
    kinds_.clear();
    colours_.clear();
  }

  void hear(const Sentence& statement) override {
    static const Form kKind("? is a *"), kKindAn("? is an *"), kColour("? is ?");
    std::vector<std::string> found;
    const bool kind = kKind.match(statement, found) || kKindAn.match(statement, found);
    if (!kind && !kColour.match(statement, found)) fail(statement, "not a statement of task 16");
    if (!kind && kinds_.count(found[0]) == 0) fail(statement, "a colour before the kind of the animal");
    if (!(kind ? kinds_ : colours_).emplace(found[0], Fact{found[1], statement.id}).second) {
      fail(statement, kind ? "a second kind of an animal" : "a second colour of an animal");
    }
  }

  Verdict answer(const Sentence& question) override {
    static const Form kWhat("What color is ?");
    std::vector<std::string> found;
    if (!kWhat.match(question, found)) fail(question, "not a question of task 16");
    const auto asked = kinds_.find(found[0]);
    if (asked == kinds_.end()) fail(question, "the kind of this animal is not known");
    if (colours_.count(found[0]) > 0) fail(question, "the colour of this animal was told");
    const Fact* kind = nullptr;  // of the best witness
    const Fact* colour = nullptr;
    bool differ = false;
    for (const auto& [name, fact] : kinds_) {
      const auto seen = colours_.find(name);
      if (fact.what != asked->second.what || seen == colours_.end()) continue;
      differ = differ || (colour != nullptr && colour->what != seen->second.what);
      if (kind != nullptr && kind->id > fact.id) continue;
      kind = &fact;
      colour = &seen->second;
    }
    if (kind == nullptr) fail(question, "no animal of this kind has a known colour");
    return {
        colour->what, {asked->second.id, kind->id, colour->id}, differ ? "animals of this kind differ in colour" : ""};
  }

 private:
  struct Fact {
    std::string what;
    int id;
  };
  std::map<std::string, Fact> kinds_, colours_;  ///< of an animal
};

}  // namespace

std::unique_ptr<Checker> basic_induction() { return std::make_unique<Induction>(); }

}  // namespace hmem::test::babi_checker
