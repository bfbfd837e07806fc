#include "data/babi_tasks/families.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

TaskFamily agents_motivations() {
  TaskFamily family;
  family.task = 20;
  family.name = "agents-motivations";
  family.write_story = [](StoryText&, const BabiStoryOptions&, Rng&) { fail("task 20 is not there yet"); };
  return family;
}

}  // namespace hmem::babi_tasks
