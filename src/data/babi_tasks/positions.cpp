#include "data/babi_tasks/families.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

TaskFamily positional_reasoning() {
  TaskFamily family;
  family.task = 17;
  family.name = "positional-reasoning";
  family.write_story = [](StoryText&, const BabiStoryOptions&, Rng&) { fail("task 17 is not there yet"); };
  return family;
}

}  // namespace hmem::babi_tasks
