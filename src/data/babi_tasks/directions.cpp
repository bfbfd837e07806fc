#include "data/babi_tasks/families.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

TaskFamily two_arg_relations() {
  TaskFamily family;
  family.task = 4;
  family.name = "two-arg-relations";
  family.write_story = [](StoryText&, const BabiStoryOptions&, Rng&) { fail("task 4 is not there yet"); };
  return family;
}

}  // namespace hmem::babi_tasks
