#include <algorithm>

#include "data/babi_tasks/families.h"
#include "hmem/core/check.h"
#include "hmem/data/babi_tasks.h"

namespace hmem {

namespace {

struct Family {
  int task;
  void (*write_story)(babi_tasks::StoryText& story, Rng& rng);
};

constexpr Family kFamilies[] = {
    {1, babi_tasks::write_single_supporting_fact},
    {15, babi_tasks::write_basic_deduction},
};

const Family* find_family(int task) {
  const auto* found = std::find_if(std::begin(kFamilies), std::end(kFamilies),
                                   [task](const Family& family) { return family.task == task; });
  return found == std::end(kFamilies) ? nullptr : found;
}

}  // namespace

bool can_generate_babi(int task) { return find_family(task) != nullptr; }

std::string generate_babi(int task, int64_t questions, Rng& rng) {
  HMEM_CHECK(task >= 1 && task <= 20, "there is no bAbI task ", task, ", expected 1 to 20");
  HMEM_CHECK(questions >= 1, "cannot generate ", questions, " questions, expected at least 1");
  const Family* family = find_family(task);
  HMEM_CHECK(family != nullptr, "task ", task,
             " has no generator yet: it needs the official data (datasets/fetch.sh babi, then --data_dir)");
  babi_tasks::StoryText story(questions);
  while (!story.full()) family->write_story(story, rng);
  return story.text();
}

}  // namespace hmem
