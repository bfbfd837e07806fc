#pragma once
/// \file words.h
/// Names that several families share. The official ones come first, so that the first n of a list are the official
/// ones for small n; the rest is for stories with more actors, places or objects.

#include <array>
#include <string>
#include <string_view>

namespace hmem::babi_tasks {

enum class Gender { male, female };

struct Person {
  std::string_view name;
  Gender gender;

  std::string_view pronoun() const { return gender == Gender::male ? "he" : "she"; }
};

/// Tasks 1 to 3, 6 to 9, 11 to 13.
constexpr std::array<Person, 16> kPeople = {{
    {"Daniel", Gender::male},
    {"John", Gender::male},
    {"Mary", Gender::female},
    {"Sandra", Gender::female},
    {"Bill", Gender::male},
    {"Fred", Gender::male},
    {"Jeff", Gender::male},
    {"Julie", Gender::female},
    {"Alice", Gender::female},
    {"Carla", Gender::female},
    {"Emma", Gender::female},
    {"Frank", Gender::male},
    {"Hannah", Gender::female},
    {"Martin", Gender::male},
    {"Oliver", Gender::male},
    {"Paula", Gender::female},
}};

/// Tasks 1 to 3, 6 to 9, 11 to 13; task 4 and 19 the same six.
constexpr std::array<std::string_view, 16> kRooms = {"bathroom", "bedroom", "garden", "hallway", "kitchen", "office",
                                                     "park",     "school",  "cinema", "attic",   "balcony", "cellar",
                                                     "garage",   "library", "shop",   "studio"};

/// Tasks 10 and 14.
constexpr std::array<std::string_view, 16> kTownPeople = {"Bill",   "Fred",   "Julie",  "Mary",  "Jeff", "Daniel",
                                                          "John",   "Sandra", "Alice",  "Carla", "Emma", "Frank",
                                                          "Hannah", "Martin", "Oliver", "Paula"};

/// Tasks 10 and 14.
constexpr std::array<std::string_view, 16> kTownPlaces = {
    "bedroom", "cinema", "kitchen", "office", "park",   "school",  "bathroom", "garden",
    "hallway", "attic",  "balcony", "cellar", "garage", "library", "shop",     "studio"};

/// Tasks 2, 3, 5 to 8.
constexpr std::array<std::string_view, 12> kObjects = {"apple", "football", "milk",   "book", "lamp",   "key",
                                                       "hat",   "letter",   "guitar", "coat", "bottle", "spoon"};

constexpr std::array<std::string_view, 5> kWalks = {"went to", "went back to", "moved to", "journeyed to",
                                                    "travelled to"};

// Tasks 15, 16 and 20 have official names of their own, and the people above where a story needs more.

/// Number of names that name_at knows.
template <size_t N>
constexpr int names_with(const std::array<std::string_view, N>&) {
  return static_cast<int>(N + kPeople.size());
}

/// The official names come first.
template <size_t N>
std::string_view name_at(const std::array<std::string_view, N>& official, size_t index) {
  return index < N ? official[index] : kPeople[index - N].name;
}

/// "Emily" as the questions write it, "emily".
inline std::string lower_first(std::string_view word) {
  std::string text(word);
  if (text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

/// "mice" at the start of a sentence, "Mice".
inline std::string upper_first(std::string_view word) {
  std::string text(word);
  if (text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

}  // namespace hmem::babi_tasks
