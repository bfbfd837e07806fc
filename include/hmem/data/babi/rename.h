#pragma once
/// \file rename.h
/// Renaming of exchangeable words: the same stories about other people, rooms or things (docs/renaming.md).
///
///     story' = pi(story),  question' = pi(question),  answer' = pi(answer)
///
/// pi permutes the words of each class, independently and uniformly, anew for every story and epoch.

#include <cstdint>
#include <string>
#include <vector>

#include "hmem/core/rng.h"
#include "hmem/data/babi/vectorise.h"

namespace hmem {

/// A class of things that can stand for each other. A thing is the list of its forms, and the forms of one thing become
/// those of another: {{"mary"}, {"john"}}, {{"pink rectangle"}, {"triangle"}}, {{"north", "n"}, {"south", "s"}}.
using ExchangeableWords = std::vector<std::vector<std::string>>;

/// Training examples begin..end-1 of one task and the classes of their words.
struct RenamedExamples {
  int64_t begin = 0, end = 0;
  std::vector<ExchangeableWords> classes;
};

/// The classes of the examples begin..end-1 of `task.train`, found in these alone. Opposite directions are a class of
/// their own: a mirror image of the story. docs/renaming.md has the conditions and what they find.
RenamedExamples find_exchangeable_words(const BabiTask& task, int64_t begin, int64_t end);

/// `task.train` with the stories of `parts` renamed, each with this probability. All other examples, the order and the
/// sizes stay. A story stays as it is when a new answer is no answer in `task.train` or a new sentence is too long. New
/// sentences are added to the task.
BabiDataset rename_babi(BabiTask& task, const std::vector<RenamedExamples>& parts, double probability, Rng& rng);

}  // namespace hmem
