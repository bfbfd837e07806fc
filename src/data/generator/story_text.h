#pragma once
/// \file story_text.h
/// Shared by the families of generated tasks: numbered lines of text and random choices.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hmem/core/rng.h"

namespace hmem::babi_tasks {

/// Writes stories in the official format up to a number of questions; everything after the last one is ignored, so that
/// a family can always write its story to the end.
class StoryText {
 public:
  explicit StoryText(int64_t questions) : questions_left_(questions) {
    constexpr int64_t kBytesPerQuestion = 128, kMaxBytes = 1 << 23;
    text_.reserve(static_cast<size_t>(std::min(questions * kBytesPerQuestion, kMaxBytes)));
  }

  bool full() const { return questions_left_ == 0; }
  std::string take_text() { return std::move(text_); }

  void begin_story() { line_ = 0; }

  /// Writes a statement, given in pieces, and returns its line number.
  template <typename... Pieces>
  int say(const Pieces&... pieces) {
    ++line_;
    if (full()) return line_;
    text_.append(std::to_string(line_)).append(" ");
    (text_.append(pieces), ...);
    text_ += '\n';
    return line_;
  }

  /// Writes a question whose answer follows from the statements `supporting`, named in that order.
  void ask(std::string_view question, std::string_view answer, const std::vector<int>& supporting) {
    ++line_;
    if (full()) return;
    text_.append(std::to_string(line_)).append(" ").append(question).append("\t").append(answer);
    char separator = '\t';
    for (const int line : supporting) {
      text_ += separator;
      text_ += std::to_string(line);
      separator = ' ';
    }
    text_ += '\n';
    --questions_left_;
  }

 private:
  std::string text_;
  int64_t questions_left_;
  int line_ = 0;
};

/// Concatenates pieces of a sentence.
template <typename... Pieces>
std::string join(const Pieces&... pieces) {
  std::string text;
  text.reserve((std::string_view(pieces).size() + ... + 0));
  (text.append(pieces), ...);
  return text;
}

/// Uniform index below n.
inline size_t pick_index(size_t n, Rng& rng) { return rng.below(static_cast<uint32_t>(n)); }

/// True in `parts` of `whole` cases.
inline bool chance(uint32_t parts, uint32_t whole, Rng& rng) { return rng.below(whole) < parts; }

template <typename T, size_t N>
const T& pick(const std::array<T, N>& choices, Rng& rng) {
  return choices[pick_index(N, rng)];
}

/// Uniform index below n, but not `taken`.
inline size_t pick_other(size_t n, size_t taken, Rng& rng) {
  const size_t index = pick_index(n - 1, rng);
  return index < taken ? index : index + 1;
}

/// A random order of 0 .. n-1.
inline std::vector<size_t> draw_order(size_t n, Rng& rng) {
  std::vector<size_t> order(n);
  for (size_t i = 0; i < n; ++i) order[i] = i;
  for (size_t i = n; i > 1; --i) std::swap(order[i - 1], order[pick_index(i, rng)]);
  return order;
}

/// Takes a random element out of a list.
template <typename T>
T draw_from(std::vector<T>& list, Rng& rng) {
  const size_t index = pick_index(list.size(), rng);
  const T drawn = list[index];
  list.erase(list.begin() + static_cast<std::ptrdiff_t>(index));
  return drawn;
}

}  // namespace hmem::babi_tasks
