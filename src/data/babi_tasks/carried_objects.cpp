#include "data/babi_tasks/families.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

TaskFamily two_supporting_facts() {
  TaskFamily family;
  family.task = 2;
  family.name = "two-supporting-facts";
  family.write_story = [](StoryText&, const BabiStoryOptions&, Rng&) { fail("task 2 is not there yet"); };
  return family;
}

TaskFamily three_supporting_facts() {
  TaskFamily family;
  family.task = 3;
  family.name = "three-supporting-facts";
  family.write_story = [](StoryText&, const BabiStoryOptions&, Rng&) { fail("task 3 is not there yet"); };
  return family;
}

}  // namespace hmem::babi_tasks
