#pragma once
/// \file words.h
/// Names that several families share. The official ones come first, so that the first n of a list are the official
/// ones for small n; the rest is for stories with more actors, places or objects.

#include <array>
#include <string_view>

namespace hmem::babi_tasks {

enum class Gender { kMale, kFemale };

struct Person {
  std::string_view name;
  Gender gender;

  std::string_view pronoun() const { return gender == Gender::kMale ? "he" : "she"; }
};

/// Tasks 1 to 3, 6 to 9, 11 to 13.
constexpr std::array<Person, 16> kPeople = {{
    {"Daniel", Gender::kMale},
    {"John", Gender::kMale},
    {"Mary", Gender::kFemale},
    {"Sandra", Gender::kFemale},
    {"Bill", Gender::kMale},
    {"Fred", Gender::kMale},
    {"Jeff", Gender::kMale},
    {"Julie", Gender::kFemale},
    {"Alice", Gender::kFemale},
    {"Carla", Gender::kFemale},
    {"Emma", Gender::kFemale},
    {"Frank", Gender::kMale},
    {"Hannah", Gender::kFemale},
    {"Martin", Gender::kMale},
    {"Oliver", Gender::kMale},
    {"Paula", Gender::kFemale},
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

}  // namespace hmem::babi_tasks
