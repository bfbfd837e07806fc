#include "babi_checker/carrying_world.h"

namespace hmem::test::babi_checker {

namespace {

using carrying::Form;
using carrying::World;

/// Task 2, "Where is the milk?". Carried: where its carrier is, supported by the taking and then the carrier's last
/// move. Dropped: where it was dropped, supported by the dropping and then the last move, until then, of the person who
/// dropped it. All 11,000 official questions agree. Never asked: an object whose carrier has not moved since taking it
/// (the question is refused), or one that was dropped by somebody who has not moved yet.
class TwoSupportingFacts : public Checker {
 public:
  void begin_story() override { world_.clear(); }
  void hear(const Sentence& statement) override { world_.hear(statement); }
  Verdict answer(const Sentence& question) override {
    static const Form where("Where is the *");
    const auto asked = where.match(question.words);
    if (!asked) carrying::refuse(question, "no question of this task");
    const World::Object& object = world_.object(asked->at(0), question);
    if (object.carrier.empty()) {
      if (object.dropper_moved == 0) carrying::refuse(question, "nobody said where it was dropped");
      return {object.place, {object.handled, object.dropper_moved}, ""};
    }
    const World::Person& carrier = world_.person(object.carrier, question);
    if (carrier.moved < object.handled) carrying::refuse(question, "its carrier has not moved since taking it");
    return {carrier.place, {object.handled, carrier.moved}, ""};
  }

 private:
  World world_{{/*objects=*/true}};
};

/// Task 3, "Where was the milk before the kitchen?": the place where the object was before it came to the kitchen the
/// last time, whether it is still there or not. Supported, in this order, by the last taking or dropping of the object,
/// the move that brought it to the kitchen and the move that had brought it to the place before; at the first place
/// that is known of an object, the move of the person who took it there. All 2,000 official questions agree (1,000 for
/// training; the larger file is not there), though the object was in the place several times in 530 of them. Never
/// asked: a place where the object was not, or that is the first one known of it.
class ThreeSupportingFacts : public Checker {
 public:
  void begin_story() override { world_.clear(); }
  void hear(const Sentence& statement) override { world_.hear(statement); }
  Verdict answer(const Sentence& question) override {
    static const Form before("Where was the * before the *");
    const auto asked = before.match(question.words);
    if (!asked) carrying::refuse(question, "no question of this task");
    const World::Object& object = world_.object(asked->at(0), question);
    for (size_t i = object.stays.size(); i-- > 0;) {
      if (object.stays[i].place != asked->at(1)) continue;
      if (i == 0) carrying::refuse(question, "the first place known of it");
      return {object.stays[i - 1].place, {object.handled, object.stays[i].moved, object.stays[i - 1].moved}, ""};
    }
    carrying::refuse(question, "it was never there");
  }

 private:
  World world_{{/*objects=*/true, /*giving=*/false, /*get_anyhow=*/true}};
};

}  // namespace

std::unique_ptr<Checker> two_supporting_facts() { return std::make_unique<TwoSupportingFacts>(); }
std::unique_ptr<Checker> three_supporting_facts() { return std::make_unique<ThreeSupportingFacts>(); }

}  // namespace hmem::test::babi_checker
