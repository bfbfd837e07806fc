#include "babi_checker/carrying_world.h"

namespace hmem::test::babi_checker {

namespace {

using carrying::Wording;
using carrying::World;

/// Task 1, "Where is Mary?": where her last move led; the move supports it. All 11,000 official questions agree. Never
/// asked: somebody who has not moved yet.
class SingleSupportingFact : public Checker {
 public:
  void begin_story() override { world_.clear(); }
  void hear(const Sentence& statement) override { world_.hear(statement); }
  Verdict answer(const Sentence& question) override {
    static const Wording where("Where is *");
    const auto asked = where.match(question.words);
    if (!asked) carrying::refuse(question, "not a question of this task");
    const World::Person& person = world_.person(asked->at(0), question);
    return {world_.place_of(person, question), {person.moved}, ""};
  }

 private:
  World world_{{}};
};

/// Task 6, "Is Mary in the kitchen?": yes or no by her last move, which supports both. Objects are taken and dropped in
/// between, but never asked for, nor is the place that they imply for somebody who has not moved. All
/// 11,000 official questions agree.
class YesNoQuestions : public Checker {
 public:
  void begin_story() override { world_.clear(); }
  void hear(const Sentence& statement) override { world_.hear(statement); }
  Verdict answer(const Sentence& question) override {
    static const Wording is_in("Is * in the *");
    const auto asked = is_in.match(question.words);
    if (!asked) carrying::refuse(question, "not a question of this task");
    const World::Person& person = world_.person(asked->at(0), question);
    world_.expect(asked->at(1), World::kPlace, question);
    return {world_.place_of(person, question) == asked->at(1) ? "yes" : "no", {person.moved}, ""};
  }

 private:
  World world_{{/*objects=*/true}};
};

}  // namespace

std::unique_ptr<Checker> single_supporting_fact() { return std::make_unique<SingleSupportingFact>(); }
std::unique_ptr<Checker> yes_no_questions() { return std::make_unique<YesNoQuestions>(); }

}  // namespace hmem::test::babi_checker
