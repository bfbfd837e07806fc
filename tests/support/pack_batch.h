#pragma once
/// \file pack_batch.h
/// Packed batches from the dense ids that a framework would take.

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "hmem/data/babi/batch.h"

namespace hmem::test {

enum class Duplicates {
  shared,   ///< every distinct word sentence is one row, as the library's batcher makes them
  repeated  ///< every sentence has its own row
};

/// story_ids [B, T, W] with the time word in the last slot; a sentence of zeros is padding, at the end of its story.
inline BabiBatch pack_batch(const IdTensor& story_ids, IdTensor questions, IdTensor answers,
                            Duplicates duplicates = Duplicates::shared) {
  const int64_t stories = story_ids.size(0), slots = story_ids.size(1), width = story_ids.size(2);
  BabiBatch batch;
  batch.questions = std::move(questions);
  batch.answers = std::move(answers);
  batch.offsets = {0};
  std::vector<std::vector<int32_t>> sentences;
  std::map<std::vector<int32_t>, int32_t> row_of_sentence;
  std::map<int32_t, int32_t> row_of_time;
  std::vector<int32_t> time_words;
  for (int64_t b = 0; b < stories; ++b) {
    for (int64_t t = 0; t < slots; ++t) {
      const int32_t* ids = story_ids.data() + (b * slots + t) * width;
      if (std::all_of(ids, ids + width, [](int32_t id) { return id == 0; })) continue;
      std::vector<int32_t> words(ids, ids + width);
      words.back() = 0;
      const auto [sentence, is_new] = row_of_sentence.emplace(words, static_cast<int32_t>(sentences.size()));
      if (is_new || duplicates == Duplicates::repeated) {
        sentence->second = static_cast<int32_t>(sentences.size());
        sentences.push_back(words);
      }
      batch.pairs.first.push_back(sentence->second);
      time_words.push_back(ids[width - 1]);
      row_of_time[ids[width - 1]] = 0;
    }
    batch.offsets.push_back(batch.pairs.count());
  }

  const auto distinct = static_cast<int64_t>(sentences.size());
  batch.rows = IdTensor({distinct + static_cast<int64_t>(row_of_time.size()), width});
  for (int64_t r = 0; r < distinct; ++r) {
    std::copy_n(sentences[static_cast<size_t>(r)].data(), width, batch.rows.data() + r * width);
  }
  int64_t row = distinct;
  for (auto& [id, time_row] : row_of_time) {
    batch.rows[row * width + width - 1] = id;
    time_row = static_cast<int32_t>(row++);
  }
  for (const int32_t id : time_words) batch.pairs.second.push_back(row_of_time[id]);
  batch.pairs.rows = row;
  batch.pairs.seconds_begin = distinct;
  batch.pairs.index_rows();
  batch.padded = stories * slots - batch.pairs.count();
  return batch;
}

}  // namespace hmem::test
