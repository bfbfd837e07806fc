#include "data/babi_tasks/families.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

TaskFamily size_reasoning() {
  TaskFamily family;
  family.task = 18;
  family.name = "size-reasoning";
  family.write_story = [](StoryText&, const BabiStoryOptions&, Rng&) { fail("task 18 is not there yet"); };
  return family;
}

}  // namespace hmem::babi_tasks
