#include "data/babi_tasks/families.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

TaskFamily indefinite_knowledge() {
  TaskFamily family;
  family.task = 10;
  family.name = "indefinite-knowledge";
  family.write_story = [](StoryText&, const BabiStoryOptions&, Rng&) { fail("task 10 is not there yet"); };
  return family;
}

}  // namespace hmem::babi_tasks
