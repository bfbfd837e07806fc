#pragma once
/// \file vocabulary.h
/// Words and their ids.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hmem {

/// Ids: 0 is nil (padding), 1 .. words() the words sorted by code point, then the time words: `time_id(1)` marks the
/// newest sentence of a story, `time_id(max_age())` the oldest that can be told apart.
class Vocabulary {
 public:
  static constexpr int32_t kNil = 0;

  Vocabulary() = default;
  /// Sorts `words` and drops repetitions.
  Vocabulary(std::vector<std::string> words, int max_age);

  int32_t words() const { return static_cast<int32_t>(words_.size()); }
  int max_age() const { return max_age_; }
  /// V = 1 + words() + max_age(): nil and time words counted.
  int32_t size() const { return 1 + words() + max_age_; }

  /// Id of a word; kNil when it is unknown.
  int32_t id_of(std::string_view word) const;
  /// Word of an id in 1 .. words(); throws Error for any other id.
  const std::string& word_of(int32_t id) const;
  /// Id of the time word for `age` in 1 .. max_age(); throws Error for any other age.
  int32_t time_id(int age) const;
  /// All words, sorted; the word of id i is at i - 1.
  const std::vector<std::string>& all_words() const { return words_; }

 private:
  std::vector<std::string> words_;
  int max_age_ = 0;
};

}  // namespace hmem
