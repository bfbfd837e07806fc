#include "data/babi_tasks/families.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

TaskFamily basic_induction() {
  TaskFamily family;
  family.task = 16;
  family.name = "basic-induction";
  family.write_story = [](StoryText&, const BabiStoryOptions&, Rng&) { fail("task 16 is not there yet"); };
  return family;
}

}  // namespace hmem::babi_tasks
