#pragma once
/// \file families.h
/// The generated tasks: each has one TaskFamily, in the file of its family. A new task needs a function there and a row
/// in registry.cpp.

#include "data/generator/story_text.h"
#include "hmem/data/generator/registry.h"

namespace hmem::babi_tasks {

/// Values that an option may have; `limit` is the reason for the upper bound ("there are 16 names"). A task without the
/// option leaves it empty.
struct OptionRange {
  int low = 0, high = -1;
  std::string_view limit = "";

  bool available() const { return low <= high; }
};

struct TaskFamily {
  int task = 0;
  std::string_view name;  ///< as in the official file's name
  /// Writes one story: begin_story, statements, questions. The options are in their ranges.
  void (*write_story)(StoryText& story, const BabiStoryOptions& options, Rng& rng) = nullptr;
  OptionRange story_length{}, actors{}, places{}, objects{}, distractors{}, path_length{};
  /// Checks conditions between options that are in their ranges; throws UsageError. May be null.
  void (*check)(const BabiStoryOptions& options) = nullptr;
};

TaskFamily single_supporting_fact();  // 1, locations.cpp
TaskFamily two_supporting_facts();    // 2, carried_objects.cpp
TaskFamily three_supporting_facts();  // 3, carried_objects.cpp
TaskFamily two_arg_relations();       // 4, directions.cpp
TaskFamily three_arg_relations();     // 5, giving.cpp
TaskFamily yes_no_questions();        // 6, yes_no.cpp
TaskFamily counting();                // 7, counting_and_lists.cpp
TaskFamily lists_sets();              // 8, counting_and_lists.cpp
TaskFamily simple_negation();         // 9, negation.cpp
TaskFamily indefinite_knowledge();    // 10, indefinite.cpp
TaskFamily basic_coreference();       // 11, coreference.cpp
TaskFamily conjunction();             // 12, coreference.cpp
TaskFamily compound_coreference();    // 13, coreference.cpp
TaskFamily time_reasoning();          // 14, time_of_day.cpp
TaskFamily basic_deduction();         // 15, deduction.cpp
TaskFamily basic_induction();         // 16, induction.cpp
TaskFamily positional_reasoning();    // 17, positions.cpp
TaskFamily size_reasoning();          // 18, sizes.cpp
TaskFamily path_finding();            // 19, paths.cpp
TaskFamily agents_motivations();      // 20, motivations.cpp

}  // namespace hmem::babi_tasks
