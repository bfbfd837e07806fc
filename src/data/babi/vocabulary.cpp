#include "hmem/data/babi/vocabulary.h"

#include <algorithm>
#include <limits>

#include "hmem/core/check.h"

namespace hmem {

Vocabulary::Vocabulary(std::vector<std::string> words, int max_age) : words_(std::move(words)), max_age_(max_age) {
  HMEM_CHECK(max_age >= 0, "a vocabulary cannot have ", max_age, " time words");
  std::sort(words_.begin(), words_.end());  // bytes as unsigned: for UTF-8 the order of the code points
  words_.erase(std::unique(words_.begin(), words_.end()), words_.end());
  const auto total = static_cast<uint64_t>(words_.size()) + static_cast<uint64_t>(max_age) + 1;
  HMEM_CHECK(total <= static_cast<uint64_t>(std::numeric_limits<int32_t>::max()), "a vocabulary of ", total,
             " words is too large");
}

int32_t Vocabulary::id_of(std::string_view word) const {
  const auto found = std::lower_bound(words_.begin(), words_.end(), word);
  if (found == words_.end() || *found != word) return kNil;
  return static_cast<int32_t>(found - words_.begin()) + 1;
}

const std::string& Vocabulary::word_of(int32_t id) const {
  HMEM_CHECK(id >= 1 && id <= words(), "id ", id, " is not a word, expected 1 to ", words());
  return words_[static_cast<size_t>(id - 1)];
}

int32_t Vocabulary::time_id(int age) const {
  HMEM_CHECK(age >= 1 && age <= max_age_, "there is no time word for age ", age, ", expected 1 to ", max_age_);
  return words() + age;
}

}  // namespace hmem
