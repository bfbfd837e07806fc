#include <array>

#include "babi_checker/carrying_world.h"

namespace hmem::test::babi_checker {

namespace {

using carrying::Event;
using carrying::Wording;
using carrying::World;

/// All statements that changed what somebody carries: taking, receiving, dropping, giving away.
struct Possession {
  std::string object;
  bool carried = false;
  std::vector<int> changes;
};

/// What everybody carries or once carried.
class Possessions : public Checker {
 public:
  void begin_story() override {
    world_.clear();
    of_.clear();
  }

  void hear(const Sentence& statement) override {
    const Event event = world_.hear(statement);
    switch (event.kind) {
      case Event::kMove:
        break;
      case Event::kGet:
        change(event.who, event, true);
        break;
      case Event::kDrop:
        change(event.who, event, false);
        break;
      case Event::kGive:
        change(event.who, event, false);
        change(event.receiver, event, true);
        break;
    }
  }

 protected:
  Possessions(bool giving, const char* question) : world_{{/*objects=*/true, giving}}, question_(question) {}

  struct Person {
    std::vector<Possession> possessions;  ///< in the order of the first time that the person carried them
    std::vector<int> changes;             ///< of all
  };

  const Person& asked(const Sentence& question) const {
    const auto found = question_.match(question.words);
    if (!found) carrying::refuse(question, "not a question of this task");
    const auto person = of_.find(found->at(0));
    if (person == of_.end()) carrying::refuse(question, found->at(0) + " never carried anything");
    return person->second;
  }

 private:
  void change(const std::string& who, const Event& event, bool carried) {
    Person& person = of_[who];
    person.changes.push_back(event.id);
    for (Possession& possession : person.possessions) {
      if (possession.object != event.object) continue;
      possession.carried = carried;
      possession.changes.push_back(event.id);
      return;
    }
    person.possessions.push_back({event.object, carried, {event.id}});
  }

  World world_;
  Wording question_;
  std::map<std::string, Person> of_;
};

/// Task 7, "How many objects is Mary carrying?": a number word, supported by all statements that ever changed what she
/// carries, in the order of the story. All 11,000 official questions agree. Never asked: somebody who never carried
/// anything, so "none" always follows a loss.
class Counting : public Possessions {
 public:
  Counting() : Possessions(/*giving=*/true, "How many objects is * carrying") {}

  Verdict answer(const Sentence& question) override {
    static const std::array<const char*, 11> numbers = {"none", "one",   "two",   "three", "four", "five",
                                                        "six",  "seven", "eight", "nine",  "ten"};
    const Person& person = asked(question);
    size_t count = 0;
    for (const Possession& possession : person.possessions) count += possession.carried ? 1 : 0;
    if (count >= numbers.size()) carrying::refuse(question, "more objects than there are words for");
    return {numbers[count], person.changes, ""};
  }
};

/// Task 8, "What is Mary carrying?": the objects, joined by commas, or "nothing", in the order in which she took each
/// for the first time (not of the last taking). Supported by all statements that ever changed what she carries, of one
/// object after the other in that same order, including objects which she no longer carries. All 11,000 official
/// questions agree. Never asked: somebody who never carried anything.
class ListsSets : public Possessions {
 public:
  ListsSets() : Possessions(/*giving=*/false, "What is * carrying") {}

  Verdict answer(const Sentence& question) override {
    Verdict verdict;
    for (const Possession& possession : asked(question).possessions) {
      verdict.supporting.insert(verdict.supporting.end(), possession.changes.begin(), possession.changes.end());
      if (!possession.carried) continue;
      verdict.answer += (verdict.answer.empty() ? "" : ",") + possession.object;
    }
    if (verdict.answer.empty()) verdict.answer = "nothing";
    return verdict;
  }
};

}  // namespace

std::unique_ptr<Checker> counting() { return std::make_unique<Counting>(); }
std::unique_ptr<Checker> lists_sets() { return std::make_unique<ListsSets>(); }

}  // namespace hmem::test::babi_checker
