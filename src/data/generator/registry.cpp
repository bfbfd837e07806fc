#include "hmem/data/generator/registry.h"

#include <array>

#include "data/generator/families.h"
#include "hmem/core/check.h"

namespace hmem {

namespace {

using babi_tasks::OptionRange;
using babi_tasks::TaskFamily;

const TaskFamily& family_of(int task) {
  static const std::array<TaskFamily, 20> families = {babi_tasks::single_supporting_fact(),
                                                      babi_tasks::two_supporting_facts(),
                                                      babi_tasks::three_supporting_facts(),
                                                      babi_tasks::two_arg_relations(),
                                                      babi_tasks::three_arg_relations(),
                                                      babi_tasks::yes_no_questions(),
                                                      babi_tasks::counting(),
                                                      babi_tasks::lists_sets(),
                                                      babi_tasks::simple_negation(),
                                                      babi_tasks::indefinite_knowledge(),
                                                      babi_tasks::basic_coreference(),
                                                      babi_tasks::conjunction(),
                                                      babi_tasks::compound_coreference(),
                                                      babi_tasks::time_reasoning(),
                                                      babi_tasks::basic_deduction(),
                                                      babi_tasks::basic_induction(),
                                                      babi_tasks::positional_reasoning(),
                                                      babi_tasks::size_reasoning(),
                                                      babi_tasks::path_finding(),
                                                      babi_tasks::agents_motivations()};
  HMEM_CHECK(task >= 1 && task <= 20, "there is no bAbI task ", task, ", expected 1 to 20");
  return families[static_cast<size_t>(task - 1)];
}

struct OptionRow {
  std::string_view name;
  std::optional<int> BabiStoryOptions::*value;
  OptionRange TaskFamily::*range;
};

constexpr OptionRow kOptionRows[] = {
    {"story_length", &BabiStoryOptions::story_length, &TaskFamily::story_length},
    {"actors", &BabiStoryOptions::actors, &TaskFamily::actors},
    {"places", &BabiStoryOptions::places, &TaskFamily::places},
    {"objects", &BabiStoryOptions::objects, &TaskFamily::objects},
    {"distractors", &BabiStoryOptions::distractors, &TaskFamily::distractors},
    {"path_length", &BabiStoryOptions::path_length, &TaskFamily::path_length},
};

std::string names_of_options(const TaskFamily& family) {
  std::string names;
  for (const OptionRow& row : kOptionRows) {
    if ((family.*row.range).available()) names += (names.empty() ? "" : ", ") + std::string(row.name);
  }
  return names.empty() ? "none" : names;
}

}  // namespace

bool BabiStoryOptions::operator==(const BabiStoryOptions& other) const {
  for (const OptionRow& row : kOptionRows) {
    if (this->*row.value != other.*row.value) return false;
  }
  return true;
}

std::string_view babi_task_name(int task) { return family_of(task).name; }

BabiStoryOptions options_of_babi_task(int task, const BabiStoryOptions& options, std::string* dropped) {
  const TaskFamily& family = family_of(task);
  BabiStoryOptions own;
  for (const OptionRow& row : kOptionRows) {
    if ((family.*row.range).available()) {
      own.*row.value = options.*row.value;
    } else if (dropped != nullptr && (options.*row.value).has_value()) {
      *dropped += (dropped->empty() ? "" : ", ") + std::string(row.name);
    }
  }
  return own;
}

void check_babi_options(int task, const BabiStoryOptions& options) {
  const TaskFamily& family = family_of(task);
  const std::string prefix = "task " + std::to_string(task) + " (" + std::string(family.name) + "): ";
  for (const OptionRow& row : kOptionRows) {
    const std::optional<int>& value = options.*row.value;
    if (!value) continue;
    const OptionRange& range = family.*row.range;
    const std::string found = prefix + std::string(row.name) + " " + std::to_string(*value);
    if (!range.available())
      throw UsageError(found + " is not an option of this task, which has: " + names_of_options(family));
    if (*value < range.low || *value > range.high) {
      throw UsageError(found + " is out of range, expected " + std::to_string(range.low) + " to " +
                       std::to_string(range.high) + (range.limit.empty() ? "" : ": " + std::string(range.limit)));
    }
  }
  if (family.check == nullptr) return;
  try {
    family.check(options);
  } catch (const UsageError& error) {
    throw UsageError(prefix + error.what());
  }
}

std::string generate_babi(int task, int64_t questions, Rng& rng, const BabiStoryOptions& options) {
  const TaskFamily& family = family_of(task);
  HMEM_CHECK(questions >= 1, "cannot generate ", questions, " questions, expected at least 1");
  check_babi_options(task, options);
  babi_tasks::StoryText story(questions);
  while (!story.full()) family.write_story(story, options, rng);
  return story.take_text();
}

}  // namespace hmem
