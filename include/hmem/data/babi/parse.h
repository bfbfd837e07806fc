#pragma once
/// \file parse.h
/// The text format of the bAbI tasks: from lines to stories of words.
///
///     1 Mary moved to the bathroom.
///     2 John went to the hallway.
///     3 Where is Mary? <tab>bathroom<tab>1
///
/// An id of 1 starts a new story. A line with tabs is `question <tab> answer [<tab> supporting ids]`, any other line a
/// statement. CRLF line ends, blank lines, a byte order mark and a last line without an end are accepted.

#include <cstdint>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

namespace hmem {

using BabiWords = std::vector<std::string>;

/// The stories of one file, each distinct phrase stored once: a file of 10,000 questions has a few hundred.
struct BabiStories {
  struct Question {
    int32_t phrase;                ///< index in `phrases`
    std::string answer;            ///< lower-cased; one token even when it holds commas ("apple,football")
    int64_t begin, end;            ///< the statements of its story so far: this range of `statements`, oldest first
    std::vector<int32_t> facts{};  ///< supporting facts as in the file: statements counted from `begin`, the first is 0
  };

  std::string source;               ///< where they come from, for messages
  std::vector<BabiWords> phrases;   ///< distinct statements and questions in order of first appearance
  std::vector<int32_t> statements;  ///< index in `phrases`, all stories one after the other in file order
  std::vector<Question> questions;  ///< in file order, never empty

  const BabiWords& statement(int64_t i) const {
    return phrases[static_cast<size_t>(statements[static_cast<size_t>(i)])];
  }
  const BabiWords& words_of(const Question& question) const { return phrases[static_cast<size_t>(question.phrase)]; }
};

/// Adds the stories of `more` behind those of `stories`. A phrase of both then occurs twice.
void append_stories(BabiStories& stories, const BabiStories& more);

/// `text` with '.', '?' and a blank in place of what other writing systems use for them: danda, ideographic full stop,
/// full-width and Arabic question mark, no-break space.
std::string with_ascii_marks(std::string_view text);

/// `text` with a-z for A-Z.
std::string lower_ascii(std::string_view text);

/// Words of a statement or question: ASCII lower-cased runs of word characters (letters, digits, underscore, every byte
/// from 0x80 on). Text between two words that is more than blanks is a token too ("a, b" has three tokens), as in the
/// reference's tokenizer; one final `.` or `?` is dropped.
BabiWords babi_words(std::string_view text);

/// Reads stories to the end of `in`; statements after the last question of a story are left out, since no question
/// refers to them. Throws Error "SOURCE:LINE: found ..., expected ..." on any violation of the format: no id, an id
/// above 1,000,000 or out of order, no words, no answer, supporting ids that are not lines before it, a question whose
/// tabs were lost, the reply of a dialogue, control characters, a line above 1 MiB, more than 1 GiB, no
/// question at all.
BabiStories parse_babi(std::istream& in, const std::string& source);

/// The same for a file; throws Error also when it cannot be read.
BabiStories read_babi_file(const std::string& path);

}  // namespace hmem
