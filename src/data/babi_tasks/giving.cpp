#include "data/babi_tasks/families.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

TaskFamily three_arg_relations() {
  TaskFamily family;
  family.task = 5;
  family.name = "three-arg-relations";
  family.write_story = [](StoryText&, const BabiStoryOptions&, Rng&) { fail("task 5 is not there yet"); };
  return family;
}

}  // namespace hmem::babi_tasks
