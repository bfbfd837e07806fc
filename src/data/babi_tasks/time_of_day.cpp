#include "data/babi_tasks/families.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

TaskFamily time_reasoning() {
  TaskFamily family;
  family.task = 14;
  family.name = "time-reasoning";
  family.write_story = [](StoryText&, const BabiStoryOptions&, Rng&) { fail("task 14 is not there yet"); };
  return family;
}

}  // namespace hmem::babi_tasks
