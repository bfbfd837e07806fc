#pragma once
/// \file names.h
/// Names of tasks 15, 16 and 20: those of the official files, and the people of words.h where a story needs more.

#include <array>
#include <string>
#include <string_view>

#include "data/generator/words.h"

namespace hmem::babi_tasks {

/// How many names name_at knows.
template <size_t N>
constexpr int names_with(const std::array<std::string_view, N>&) {
  return static_cast<int>(N + kPeople.size());
}

/// The official names come first.
template <size_t N>
std::string_view name_at(const std::array<std::string_view, N>& official, size_t index) {
  return index < N ? official[index] : kPeople[index - N].name;
}

/// "Emily" as the questions write it, "emily".
inline std::string lower_first(std::string_view word) {
  std::string text(word);
  if (text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

/// "mice" at the start of a sentence, "Mice".
inline std::string upper_first(std::string_view word) {
  std::string text(word);
  if (text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

}  // namespace hmem::babi_tasks
