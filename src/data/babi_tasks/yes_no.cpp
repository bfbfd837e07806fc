#include "data/babi_tasks/families.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

TaskFamily yes_no_questions() {
  TaskFamily family;
  family.task = 6;
  family.name = "yes-no-questions";
  family.write_story = [](StoryText&, const BabiStoryOptions&, Rng&) { fail("task 6 is not there yet"); };
  return family;
}

}  // namespace hmem::babi_tasks
