#pragma once
/// \file dense_babi.h
/// The padded [T, W] ids of one example, written down from the specification: what a framework would take.

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "hmem/data/babi/vectorise.h"

namespace hmem::test {

using Rows = std::vector<std::vector<int32_t>>;

inline std::vector<int32_t> row_of(const IdTensor& ids, int64_t row) {
  const int64_t width = ids.size(1);
  return {ids.data() + row * width, ids.data() + (row + 1) * width};
}

/// T = max_num_sentences rows; the last slot of a real sentence holds 1 + words + (age - 1), age 1 the newest.
inline Rows dense_story(const BabiTask& task, const BabiDataset& data, int64_t example) {
  const BabiDataset::Example range = data.examples[static_cast<size_t>(example)];
  Rows rows;
  for (int64_t i = range.begin; i < range.end; ++i) {
    rows.push_back(row_of(task.sentences, data.story_sentences[static_cast<size_t>(i)]));
    rows.back().back() = task.vocabulary.words() + static_cast<int32_t>(range.end - i);
  }
  rows.resize(static_cast<size_t>(task.max_num_sentences),
              std::vector<int32_t>(static_cast<size_t>(task.words_per_sentence), 0));
  return rows;
}

inline BabiStories parse_text(const std::string& text, const std::string& source = "stories.txt") {
  std::istringstream in(text);
  return parse_babi(in, source);
}

}  // namespace hmem::test
