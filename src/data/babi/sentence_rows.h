#pragma once
/// \file sentence_rows.h
/// Numbers the distinct sentences of a task: the rows of BabiTask::sentences.

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "hmem/data/babi/vectorise.h"

namespace hmem {

using WordIds = std::vector<int32_t>;

/// A padded row without its padding. Unknown words at the end of a sentence look like padding, too.
inline void drop_padding(WordIds& ids) {
  while (!ids.empty() && ids.back() == Vocabulary::kNil) ids.pop_back();
}

class SentenceRows {
 public:
  /// Those that `task` has.
  explicit SentenceRows(const BabiTask& task) : width_(task.words_per_sentence) {
    const int64_t rows = task.sentences.empty() ? 0 : task.sentences.size(0);
    for (int64_t row = 0; row < rows; ++row) {
      const int32_t* begin = task.sentences.data() + row * width_;
      row_of({begin, begin + width_});
    }
  }

  /// The row of a sentence; a new one if it has none.
  int32_t row_of(WordIds ids) {
    drop_padding(ids);
    const auto [entry, is_new] = rows_.try_emplace(std::move(ids), static_cast<int32_t>(sentences_.size()));
    if (is_new) sentences_.push_back(&entry->first);
    return entry->second;
  }
  const WordIds& sentence(int32_t row) const { return *sentences_[static_cast<size_t>(row)]; }
  int64_t count() const { return static_cast<int64_t>(sentences_.size()); }

  /// Writes all of them, padded, to `rows` [count(), W], which are nil.
  void copy_to(IdTensor& rows) const {
    for (int64_t row = 0; row < count(); ++row) {
      const WordIds& ids = sentence(static_cast<int32_t>(row));
      std::copy(ids.begin(), ids.end(), rows.data() + row * width_);
    }
  }

 private:
  int64_t width_;
  std::map<WordIds, int32_t> rows_;
  std::vector<const WordIds*> sentences_;  // keys of rows_
};

}  // namespace hmem
