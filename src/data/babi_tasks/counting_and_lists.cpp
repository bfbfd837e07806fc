#include "data/babi_tasks/families.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

TaskFamily counting() {
  TaskFamily family;
  family.task = 7;
  family.name = "counting";
  family.write_story = [](StoryText&, const BabiStoryOptions&, Rng&) { fail("task 7 is not there yet"); };
  return family;
}

TaskFamily lists_sets() {
  TaskFamily family;
  family.task = 8;
  family.name = "lists-sets";
  family.write_story = [](StoryText&, const BabiStoryOptions&, Rng&) { fail("task 8 is not there yet"); };
  return family;
}

}  // namespace hmem::babi_tasks
