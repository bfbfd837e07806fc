#pragma once
/// \file line.h
/// Stories that somebody types or pipes into a program: a line holds sentences, questions, or a line of a bAbI file.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hmem/data/babi/parse.h"

namespace hmem {

struct BabiLine {
  struct Phrase {
    BabiWords words;
    bool question;
  };

  std::optional<int64_t> number;  ///< of a line of a bAbI file; 1 begins a new story
  std::vector<Phrase> phrases;
  std::string answer;          ///< behind a tab, lower-cased; "": none
  std::vector<int64_t> facts;  ///< numbers of lines behind a second tab; anything else there is left out
};

/// `line` without a byte order mark, blanks and line end at its ends, with ASCII marks. Throws Error for a control
/// character.
std::string clean_babi_line(std::string_view line);

/// Sentences, each up to a `.` or the end, and questions, each up to a `?`. Throws Error, one line, for a control
/// character, a sentence without an end behind a question, or an answer without a question.
BabiLine read_babi_line(std::string_view line);

}  // namespace hmem
