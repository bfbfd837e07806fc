#pragma once
/// \file inference_words.h
/// Sentence forms for the checkers of tasks 15 to 20.

#include <algorithm>
#include <cctype>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "babi_checker/checker.h"

namespace hmem::test::babi_checker {

inline std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

[[noreturn]] inline void fail(const Sentence& sentence, const std::string& why) {
  std::string text = why + ":";
  for (const std::string& word : sentence.words) text += " " + word;
  throw std::runtime_error(text);
}

/// A form such as "The * is bigger than the *": `?` stands for one word, `*` for one or more.
class Form {
 public:
  explicit Form(const std::string& form) {
    std::istringstream in(form);
    for (std::string word; in >> word;) words_.push_back(word);
  }

  /// What the wildcards stand for, in order; false: the sentence has another form.
  bool match(const Sentence& sentence, std::vector<std::string>& found) const {
    found.clear();
    return match(sentence.words, 0, 0, found);
  }

 private:
  bool match(const std::vector<std::string>& words, size_t at, size_t part, std::vector<std::string>& found) const {
    if (part == words_.size()) return at == words.size();
    if (at == words.size()) return false;
    const std::string& form = words_[part];
    if (form != "?" && form != "*") return words[at] == form && match(words, at + 1, part + 1, found);
    std::string text;
    for (size_t end = at; end < words.size() && (end == at || form == "*"); ++end) {
      text += (text.empty() ? "" : " ") + words[end];
      found.push_back(text);
      if (match(words, end + 1, part + 1, found)) return true;
      found.pop_back();
    }
    return false;
  }

  std::vector<std::string> words_;
};

}  // namespace hmem::test::babi_checker
