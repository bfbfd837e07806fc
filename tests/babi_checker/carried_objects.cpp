#include "babi_checker/carrying_world.h"

namespace hmem::test::babi_checker {

namespace {

using carrying::Wording;
using carrying::World;

/// The person who carries the object, who must have moved since taking it: the official files never ask for an object
/// that has just been taken.
const World::Person& mover(const World& world, const World::Object& object, const Sentence& question) {
  const World::Person& carrier = world.person(object.carrier, question);
  if (carrier.moved < object.handled) carrying::refuse(question, "its carrier has not moved since taking it");
  return carrier;
}

/// Task 2, "Where is the milk?". Carried: where its carrier is, supported by the taking and then the carrier's last
/// move. Dropped: where it was dropped, supported by the dropping and then the last move, until then, of the person who
/// dropped it, before or after the taking. All 11,000 official questions agree. Never asked, and refused: an
/// object whose carrier has not moved since taking it, or that was dropped by somebody who has not moved yet.
class TwoSupportingFacts : public Checker {
 public:
  void begin_story() override { world_.clear(); }
  void hear(const Sentence& statement) override { world_.hear(statement); }
  Verdict answer(const Sentence& question) override {
    static const Wording where("Where is the *");
    const auto asked = where.match(question.words);
    if (!asked) carrying::refuse(question, "not a question of this task");
    const World::Object& object = world_.object(asked->at(0), question);
    if (object.carrier.empty()) {
      if (object.dropper_moved == 0) carrying::refuse(question, "where it was dropped is not known");
      return {object.place, {object.handled, object.dropper_moved}, ""};
    }
    const World::Person& carrier = mover(world_, object, question);
    return {carrier.place, {object.handled, carrier.moved}, ""};
  }

 private:
  World world_{{/*objects=*/true}};
};

/// Task 3, "Where was the milk before the kitchen?": the place where the object was before it last came to the
/// kitchen, whether it is still there or not. Supported, in this order, by the last taking or dropping of the object,
/// the move that carried it to the kitchen and the move that had carried it to the place before. All 2,000 official
/// questions agree (1,000 for training; the larger file is missing), though the object was in the place several times
/// in 530 of them. Never asked, and refused: a place to which nobody carried the object; one before which it was where
/// it was first taken (no move carried it there, though the story often tells the place); an object whose carrier has
/// not moved since taking it.
class ThreeSupportingFacts : public Checker {
 public:
  void begin_story() override { world_.clear(); }
  void hear(const Sentence& statement) override { world_.hear(statement); }
  Verdict answer(const Sentence& question) override {
    static const Wording before("Where was the * before the *");
    const auto asked = before.match(question.words);
    if (!asked) carrying::refuse(question, "not a question of this task");
    const World::Object& object = world_.object(asked->at(0), question);
    if (!object.carrier.empty()) mover(world_, object, question);
    const std::vector<World::Stay>& stays = object.carried_to;
    for (size_t i = stays.size(); i-- > 0;) {
      if (stays[i].place != asked->at(1)) continue;
      if (i == 0) carrying::refuse(question, "no move brought it to the place before");
      return {stays[i - 1].place, {object.handled, stays[i].moved, stays[i - 1].moved}, ""};
    }
    carrying::refuse(question, "nobody carried it there");
  }

 private:
  World world_{{/*objects=*/true, /*giving=*/false, /*get_anyhow=*/true}};
};

}  // namespace

std::unique_ptr<Checker> two_supporting_facts() { return std::make_unique<TwoSupportingFacts>(); }
std::unique_ptr<Checker> three_supporting_facts() { return std::make_unique<ThreeSupportingFacts>(); }

}  // namespace hmem::test::babi_checker
