#include "babi_checker/carrying_world.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace hmem::test::babi_checker::carrying {

Wording::Wording(const std::string& text) {
  std::istringstream slots(text);
  for (std::string slot; slots >> slot;) {
    slots_.emplace_back();
    if (slot == "*") continue;
    std::istringstream words(slot);
    for (std::string word; std::getline(words, word, '|');) slots_.back().push_back(word);
  }
}

std::optional<std::vector<std::string>> Wording::match(const std::vector<std::string>& words) const {
  if (words.size() != slots_.size()) return std::nullopt;
  std::vector<std::string> found;
  for (size_t i = 0; i < words.size(); ++i) {
    if (slots_[i].empty()) {
      found.push_back(words[i]);
    } else if (std::find(slots_[i].begin(), slots_[i].end(), words[i]) == slots_[i].end()) {
      return std::nullopt;
    }
  }
  return found;
}

void refuse(const Sentence& sentence, const std::string& why) {
  std::string text = std::to_string(sentence.id);
  for (const std::string& word : sentence.words) text += " " + word;
  throw std::runtime_error(text + ": " + why);
}

std::string Places::stand_in() { return "?" + std::to_string(++stand_ins_); }

std::string Places::resolve(std::string place) const {
  for (auto known = is_.find(place); known != is_.end(); known = is_.find(place)) place = known->second;
  return place;
}

bool Places::can_be_same(const std::string& a, const std::string& b) const {
  const std::string one = resolve(a), other = resolve(b);
  if (!unnamed(one) && !unnamed(other)) return one == other;
  const auto excludes = [this](const std::string& place, const std::string& name) {
    const auto names = is_not_.find(place);
    return names != is_not_.end() && names->second.count(name) > 0;
  };
  return !excludes(one, other) && !excludes(other, one);
}

void Places::same(const std::string& a, const std::string& b) {
  std::string one = resolve(a), other = resolve(b);
  if (one == other) return;
  if (!unnamed(one)) std::swap(one, other);
  is_[one] = other;
  if (unnamed(other)) is_not_[other].insert(is_not_[one].begin(), is_not_[one].end());
}

void Places::differ(const std::string& place, const std::string& name) {
  const std::string resolved = resolve(place);
  if (unnamed(resolved)) is_not_[resolved].insert(name);
}

Event World::read(const Sentence& statement) const {
  static const Wording move("* moved|went|journeyed|travelled to the *"), move_back("* went back to the *");
  static const Wording get("* got|grabbed|took the *"), get_there("* got|grabbed|took the * there");
  static const Wording pick("* picked up the *"), pick_there("* picked up the * there");
  static const Wording drop("* dropped|discarded|left the *"), drop_there("* dropped|discarded|left the * there");
  static const Wording put("* put down the *"), put_there("* put down the * there");
  static const Wording give("* gave|handed|passed the * to *");

  std::optional<std::vector<std::string>> found;
  const auto is = [&](const Wording& form) { return (found = form.match(statement.words)).has_value(); };
  Event event;
  event.id = statement.id;
  if (is(move) || is(move_back)) {
    event.kind = Event::kMove;
    event.destination = found->at(1);
  } else if (vocabulary_.objects && (is(get_there) || is(pick_there))) {
    event.kind = Event::kGet;
  } else if (vocabulary_.get_anyhow && (is(get) || is(pick))) {
    event.kind = Event::kGet;
  } else if (vocabulary_.objects && (is(drop) || is(put) || is(drop_there) || is(put_there))) {
    event.kind = Event::kDrop;
  } else if (vocabulary_.giving && is(give)) {
    event.kind = Event::kGive;
    event.receiver = found->at(2);
  } else {
    refuse(statement, "not a statement of this task");
  }
  event.who = found->at(0);
  if (event.kind != Event::kMove) event.object = found->at(1);
  return event;
}

Event World::hear(const Sentence& statement) {
  const Event event = read(statement);
  const auto note = [&](const std::string& word, Role role) {
    if (word.empty()) return;
    expect(word, role, statement);
    roles_.emplace(word, role);
  };
  note(event.who, kPerson);
  note(event.receiver, kPerson);
  note(event.object, kObject);
  note(event.destination, kPlace);
  switch (event.kind) {
    case Event::kMove:
      move(event, statement);
      break;
    case Event::kGet:
      get(event, statement);
      break;
    case Event::kDrop:
      drop(event, statement);
      break;
    case Event::kGive:
      give(event, statement);
      break;
  }
  return event;
}

World::Person& World::meet(const std::string& name) {
  Person& person = people_[name];
  if (person.place.empty()) person.place = places_.stand_in();
  return person;
}

void World::move(const Event& event, const Sentence& statement) {
  Person& person = meet(event.who);
  if (places_.resolve(person.place) == event.destination) refuse(statement, event.who + " is there already");
  places_.differ(person.place, event.destination);
  person.place = event.destination;
  person.moved = event.id;
  for (auto& [name, object] : objects_) {
    if (object.carrier != event.who) continue;
    object.place = person.place;
    object.carried_to.push_back({person.place, event.id});
  }
}

void World::get(const Event& event, const Sentence& statement) {
  const Person& person = meet(event.who);
  Object& object = objects_[event.object];
  if (!object.carrier.empty()) refuse(statement, object.carrier + " carries it");
  if (object.place.empty()) object.place = person.place;
  if (!places_.can_be_same(object.place, person.place)) refuse(statement, "it is not there");
  places_.same(object.place, person.place);
  object.place = person.place;
  object.carrier = event.who;
  object.handled = event.id;
}

void World::drop(const Event& event, const Sentence& statement) {
  Object& object = objects_[event.object];
  if (object.carrier != event.who) refuse(statement, event.who + " does not carry it");
  object.carrier.clear();
  object.handled = event.id;
  object.dropper_moved = meet(event.who).moved;
}

void World::give(const Event& event, const Sentence& statement) {
  const Person &giver = meet(event.who), &receiver = meet(event.receiver);
  Object& object = objects_[event.object];
  if (object.carrier != event.who) refuse(statement, event.who + " does not carry it");
  if (event.who == event.receiver) refuse(statement, "a gift to oneself");
  if (!places_.can_be_same(giver.place, receiver.place)) refuse(statement, event.receiver + " is not there");
  places_.same(giver.place, receiver.place);
  object.carrier = event.receiver;
  object.handled = event.id;
}

const World::Person& World::person(const std::string& name, const Sentence& question) const {
  const auto found = people_.find(name);
  if (found == people_.end()) refuse(question, name + " was not mentioned");
  return found->second;
}

const World::Object& World::object(const std::string& name, const Sentence& question) const {
  const auto found = objects_.find(name);
  if (found == objects_.end()) refuse(question, "the " + name + " was not mentioned");
  return found->second;
}

std::string World::place_of(const Person& person, const Sentence& question) const {
  if (person.moved == 0) refuse(question, "the place is not known");
  return person.place;
}

void World::expect(const std::string& word, Role role, const Sentence& sentence) const {
  static const char* const names[] = {"a person", "an object", "a place"};
  const auto known = roles_.find(word);
  if (known != roles_.end() && known->second != role) refuse(sentence, word + " is " + names[known->second]);
}

}  // namespace hmem::test::babi_checker::carrying
