#pragma once
/// \file registry.h
/// Generated bAbI stories of all 20 tasks, for machines without the official data and for stories longer or harder than
/// the official ones.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hmem/core/rng.h"

namespace hmem {

/// Differences of generated stories from the official ones; unset options are as in the official files.
/// docs/babi_generator.md lists the options of each task and their meaning.
struct BabiStoryOptions {
  std::optional<int> story_length;  ///< statements in a story
  std::optional<int> actors;        ///< people (animals in tasks 15 and 16)
  std::optional<int> places;        ///< rooms
  std::optional<int> objects;       ///< things to carry (task 17: shapes, task 18: things of different size)
  std::optional<int> distractors;   ///< statements that the answer does not need
  std::optional<int> path_length;   ///< steps from start to goal (task 19), links of the chain (tasks 17, 18)

  bool operator==(const BabiStoryOptions& other) const;
};

/// The part of an official file's name after `qa{task}_`, as in "single-supporting-fact".
/// Throws Error for a task outside 1..20.
std::string_view babi_task_name(int task);

/// Throws UsageError, one line with what was found and what is possible, when the task does not have the option or the
/// value is out of range (more actors than names, a path longer than the grid, ...).
void check_babi_options(int task, const BabiStoryOptions& options);

/// Only those options that the task has; `dropped` (may be null) gets the names of the others that were set.
BabiStoryOptions options_of_babi_task(int task, const BabiStoryOptions& options, std::string* dropped = nullptr);

/// `questions` questions of a task in the official text format, with the sentence forms, the vocabulary and the
/// distributions that the official files show; the last story ends with the last question. Integer arithmetic only:
/// the same stream gives the same bytes everywhere. Throws Error for a task outside 1..20 or fewer than one question,
/// UsageError as check_babi_options.
std::string generate_babi(int task, int64_t questions, Rng& rng, const BabiStoryOptions& options = {});

}  // namespace hmem
