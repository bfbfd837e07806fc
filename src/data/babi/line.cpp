#include "hmem/data/babi/line.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/core/text.h"

namespace hmem {

namespace {

std::string_view trim(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Text up to and including the next `.` or `?` before a blank or the end; the number in "3.5" stays whole.
std::string_view take_phrase(std::string_view& text) {
  size_t end = 0;
  while (end < text.size()) {
    const char c = text[end++];
    const bool last = end == text.size() || text[end] == ' ' || text[end] == '\t';
    if ((c == '.' || c == '?') && last) break;
  }
  const std::string_view phrase = text.substr(0, end);
  text.remove_prefix(end);
  return trim(phrase);
}

/// The number of a bAbI line, taken off its front.
std::optional<int64_t> take_line_number(std::string_view& line) {
  const size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::optional<int64_t> number = parse_number<int64_t>(line.substr(0, end));
  if (!number || *number < 1 || end == line.size()) return std::nullopt;
  line = trim(line.substr(end));
  return number;
}

}  // namespace

std::string clean_babi_line(std::string_view line) {
  if (line.substr(0, 3) == "\xEF\xBB\xBF") line.remove_prefix(3);
  const std::string ascii_marks = with_ascii_marks(line);
  std::string clean(trim(ascii_marks));
  const auto control = std::find_if(clean.begin(), clean.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
  });
  HMEM_CHECK(control == clean.end(), "found the control character ", static_cast<int>(*control), " at byte ",
             control - clean.begin() + 1, ", expected a sentence, a question or a command");
  return clean;
}

BabiLine read_babi_line(std::string_view given) {
  const std::string clean = clean_babi_line(given);
  std::string_view line = clean;
  BabiLine read;
  read.number = take_line_number(line);
  const size_t tab = std::min(line.find('\t'), line.size());
  std::string_view rest = line.substr(0, tab), fields = trim(line.substr(tab));
  const size_t second = std::min(fields.find('\t'), fields.size());
  read.answer = lower_ascii(trim(fields.substr(0, second)));
  for (std::string_view ids = trim(fields.substr(second)); !ids.empty();) {
    const size_t end = std::min(ids.find(' '), ids.size());
    if (const auto id = parse_number<int64_t>(ids.substr(0, end))) read.facts.push_back(*id);
    ids = trim(ids.substr(end));
  }
  while (!rest.empty()) {
    const std::string_view text = take_phrase(rest);
    const bool question = !text.empty() && text.back() == '?';
    const bool sentence = !question && !text.empty() && text.back() != '.';
    HMEM_CHECK(!sentence || read.phrases.empty() || !read.phrases.back().question, "found ", quote(text),
               " after a question, expected the next line, or a tab before an answer");
    BabiWords words = babi_words(text);
    if (question || !words.empty()) read.phrases.push_back({std::move(words), question});
  }
  HMEM_CHECK(read.answer.empty() || (!read.phrases.empty() && read.phrases.back().question), "found ",
             quote(read.answer), " after a tab, expected it after a question only");
  return read;
}

}  // namespace hmem
