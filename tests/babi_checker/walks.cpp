#include "babi_checker/walks.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>

namespace hmem::test::babi_checker {

namespace {

constexpr std::array<std::string_view, 8> kNotNames = {"He",         "She",   "They",      "Then",
                                                       "Afterwards", "After", "Following", "The"};
constexpr std::array<std::string_view, 5> kWays = {"went to the <room>", "went back to the <room>",
                                                   "moved to the <room>", "travelled to the <room>",
                                                   "journeyed to the <room>"};

bool fits(const std::string& word, std::string_view expected) {
  if (expected == "<who>") return is_name(word);
  if (expected == "<room>") return std::islower(static_cast<unsigned char>(word[0])) != 0 && word != "the";
  return word == expected;
}

}  // namespace

bool is_name(const std::string& word) {
  return std::isupper(static_cast<unsigned char>(word[0])) != 0 &&
         std::find(kNotNames.begin(), kNotNames.end(), word) == kNotNames.end();
}

std::optional<std::vector<std::string>> match(const std::vector<std::string>& words, std::string_view pattern) {
  std::vector<std::string> caught;
  for (const std::string& word : words) {
    const std::string_view expected = pattern.substr(0, pattern.find(' '));
    if (word.empty() || !fits(word, expected)) return std::nullopt;
    if (expected[0] == '<') caught.push_back(word);
    pattern.remove_prefix(std::min(pattern.size(), expected.size() + 1));
  }
  return pattern.empty() ? std::optional(std::move(caught)) : std::nullopt;
}

std::optional<Walk> walk(const std::vector<std::string>& words) {
  for (const std::string_view way : kWays) {
    const auto length = std::count(way.begin(), way.end(), ' ') + 1;
    const auto all = static_cast<std::ptrdiff_t>(words.size());
    if (all <= length) continue;
    const auto verb = words.begin() + (all - length);
    if (const auto caught = match({verb, words.end()}, way)) return Walk{{words.begin(), verb}, caught->front()};
  }
  return std::nullopt;
}

void reject(const Sentence& sentence, const std::string& why) {
  std::string text = std::to_string(sentence.id);
  for (const std::string& word : sentence.words) text += " " + word;
  throw std::runtime_error("\"" + text + "\": " + why);
}

}  // namespace hmem::test::babi_checker
