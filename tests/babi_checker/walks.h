#pragma once
/// \file walks.h
/// What the readers of the tasks about people who walk from room to room share: patterns of sentences.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "babi_checker/checker.h"

namespace hmem::test::babi_checker {

/// Compares words with `pattern`: `<who>` stands for a name (capitalised, and no word that begins a sentence without
/// a name), `<room>` for a word in lower case, any other word for itself. Returns the names and rooms in order, or
/// nothing when the words do not fit.
std::optional<std::vector<std::string>> match(const std::vector<std::string>& words, std::string_view pattern);

bool is_name(const std::string& word);

/// `Mary and John went back to the office`: all words before the verb, and the room.
struct Walk {
  std::vector<std::string> subject;
  std::string room;
};

/// The words as a walk (went, went back, moved, travelled, journeyed), or nothing.
std::optional<Walk> walk(const std::vector<std::string>& words);

/// Throws std::runtime_error with the sentence and `why`.
[[noreturn]] void reject(const Sentence& sentence, const std::string& why);

}  // namespace hmem::test::babi_checker
