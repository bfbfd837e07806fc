#pragma once
/// \file families.h
/// One function per generated task: it writes one story. A new task is a function here, a file, and a row in
/// registry.cpp.

#include "data/babi_tasks/story_text.h"

namespace hmem::babi_tasks {

void write_single_supporting_fact(StoryText& story, Rng& rng);  // task 1, locations.cpp
void write_basic_deduction(StoryText& story, Rng& rng);         // task 15, deduction.cpp

}  // namespace hmem::babi_tasks
