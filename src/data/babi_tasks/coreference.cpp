#include "data/babi_tasks/families.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

TaskFamily basic_coreference() {
  TaskFamily family;
  family.task = 11;
  family.name = "basic-coreference";
  family.write_story = [](StoryText&, const BabiStoryOptions&, Rng&) { fail("task 11 is not there yet"); };
  return family;
}

TaskFamily conjunction() {
  TaskFamily family;
  family.task = 12;
  family.name = "conjunction";
  family.write_story = [](StoryText&, const BabiStoryOptions&, Rng&) { fail("task 12 is not there yet"); };
  return family;
}

TaskFamily compound_coreference() {
  TaskFamily family;
  family.task = 13;
  family.name = "compound-coreference";
  family.write_story = [](StoryText&, const BabiStoryOptions&, Rng&) { fail("task 13 is not there yet"); };
  return family;
}

}  // namespace hmem::babi_tasks
