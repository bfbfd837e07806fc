#include "data/babi_tasks/families.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

TaskFamily path_finding() {
  TaskFamily family;
  family.task = 19;
  family.name = "path-finding";
  family.write_story = [](StoryText&, const BabiStoryOptions&, Rng&) { fail("task 19 is not there yet"); };
  return family;
}

}  // namespace hmem::babi_tasks
