#include "data/babi_tasks/families.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

TaskFamily simple_negation() {
  TaskFamily family;
  family.task = 9;
  family.name = "simple-negation";
  family.write_story = [](StoryText&, const BabiStoryOptions&, Rng&) { fail("task 9 is not there yet"); };
  return family;
}

}  // namespace hmem::babi_tasks
