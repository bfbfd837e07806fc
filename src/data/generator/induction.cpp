// Animals, their kinds, and what colour an animal has if it is like the others of its kind.

#include <algorithm>
#include <vector>

#include "data/generator/families.h"
#include "data/generator/words.h"

namespace hmem::babi_tasks {

namespace {

constexpr std::array<std::string_view, 5> kAnimals = {"Bernhard", "Brian", "Greg", "Julius", "Lily"};

constexpr std::array<std::string_view, 16> kKinds = {"frog",  "lion",   "rhino", "swan",   "bear", "cow",
                                                     "deer",  "dog",    "duck",  "falcon", "goat", "hare",
                                                     "horse", "rabbit", "tiger", "zebra"};
constexpr int kOfficialKinds = 4;

constexpr std::array<std::string_view, 4> kColours = {"gray", "green", "white", "yellow"};

/// A line of the story: the kind of an animal, or its colour.
struct Line {
  size_t animal;
  bool tells_kind;
};

/// The order of the statements by animal, and the animal whose colour is left open.
struct Order {
  std::vector<Line> lines;
  size_t asked = 0;
};

/// One of the animals of which not all is said: its kind first, its colour the next time, until one colour is left.
Order draw_telling_order(size_t animals, Rng& rng) {
  Order order;
  order.lines.reserve(2 * animals);
  std::vector<size_t> open(animals);
  for (size_t animal = 0; animal < animals; ++animal) open[animal] = animal;
  std::vector<bool> kind_told(animals, false);
  while (order.lines.size() + 1 < 2 * animals) {
    const size_t drawn = pick_index(open.size(), rng);
    const size_t animal = open[drawn];
    order.lines.push_back({animal, !kind_told[animal]});
    if (kind_told[animal]) {
      open[drawn] = open.back();
      open.pop_back();
    }
    kind_told[animal] = true;
  }
  order.asked = open[0];
  return order;
}

/// Each animal of any kind, but the asked one is never alone, nor one of three. That holds for at least
/// one draw in sixteen, whatever the numbers.
std::vector<size_t> draw_kinds(size_t animals, size_t kinds, size_t asked, Rng& rng) {
  std::vector<size_t> kind_of(animals);
  for (;;) {
    for (size_t& kind : kind_of) kind = pick_index(kinds, rng);
    const auto same = std::count(kind_of.begin(), kind_of.end(), kind_of[asked]);
    if (same != 1 && same != 3) return kind_of;
  }
}

}  // namespace

/// Task 16. Five animals: the kind of all and the colour of all but one are told; the one question asks for the missing
/// colour. An animal is drawn at random; its kind is told first, its colour the next time. A kind has one colour at a
/// time, but a new one, any of four, whenever another animal is said to be of it; an animal gets the colour that its
/// kind has at that moment. So animals that were both introduced before the first colour have the same one, an animal
/// that comes later has another one in three of four cases.
///
/// The answer is the colour of the one that was introduced last among the others of its kind. Supporting facts: the
/// kind of the asked animal, then kind and colour of that other. There is one other in most stories, sometimes three or
/// four, never two.
///
/// `actors` are the animals, `objects` the kinds.
static void write_basic_induction(StoryText& story, const BabiStoryOptions& options, Rng& rng) {
  const auto animals = static_cast<size_t>(options.actors.value_or(static_cast<int>(kAnimals.size())));
  const auto kinds = static_cast<size_t>(options.objects.value_or(kOfficialKinds));
  const Order order = draw_telling_order(animals, rng);
  const std::vector<size_t> kind_of = draw_kinds(animals, kinds, order.asked, rng);

  struct Told {
    int kind_line = 0, colour_line = 0;
    size_t colour = 0;
  };
  std::vector<Told> told(animals);
  std::vector<size_t> colour_of(kinds);
  size_t example = order.asked;
  story.begin_story();
  for (const auto& [animal, tells_kind] : order.lines) {
    const size_t kind = kind_of[animal];
    if (tells_kind) {
      colour_of[kind] = pick_index(kColours.size(), rng);
      told[animal].kind_line = story.say(name_at(kAnimals, animal), " is a ", kKinds[kind], ".");
      if (animal != order.asked && kind == kind_of[order.asked]) example = animal;
    } else {
      told[animal].colour = colour_of[kind];
      told[animal].colour_line = story.say(name_at(kAnimals, animal), " is ", kColours[colour_of[kind]], ".");
    }
  }
  story.ask(join("What color is ", name_at(kAnimals, order.asked), "?"), kColours[told[example].colour],
            {told[order.asked].kind_line, told[example].kind_line, told[example].colour_line});
}

TaskFamily basic_induction() {
  TaskFamily family;
  family.task = 16;
  family.name = "basic-induction";
  family.write_story = write_basic_induction;
  family.actors = {2, names_with(kAnimals), "there are 21 names, and the animal that is asked about needs another"};
  family.objects = {2, static_cast<int>(kKinds.size()), "there are 16 kinds"};
  return family;
}

}  // namespace hmem::babi_tasks
