#include "hmem/data/babi/batch.h"

#include <algorithm>
#include <numeric>

#include "hmem/core/check.h"
#include "hmem/core/rng.h"

namespace hmem {

BabiBatcher::BabiBatcher(const BabiTask& task, const BabiDataset& data)
    : task_(task), data_(data), row_of_sentence_(static_cast<size_t>(task.sentences.size(0)), -1) {}

void BabiBatcher::fill(BabiBatch& batch, const int64_t* examples, int64_t count, const AgeJitter* jitter,
                       const JitterPlace& place) {
  constexpr int kOfStep = 34, kOfExample = 14;  // bits of the position in the random stream
  Rng rng(jitter ? jitter->seed : 0, "age jitter");
  rng.set_position({(place.step << kOfStep) + (static_cast<uint64_t>(place.first_example) << kOfExample), false, 0});
  const auto skips = static_cast<uint32_t>((jitter ? jitter->probability : 0) * 4294967295.0);
  const int64_t oldest = task_.vocabulary.max_age();

  for (int64_t b = 0; b < count; ++b) {
    HMEM_CHECK(examples[b] >= 0 && examples[b] < data_.count(), "example ", examples[b], " is not in 0..",
               data_.count() - 1);
  }
  row_of_sentence_.resize(static_cast<size_t>(task_.sentences.size(0)), -1);  // new training stories may add some
  const int64_t width = task_.words_per_sentence;
  RowPairs& pairs = batch.pairs;
  pairs.first.clear();
  pairs.second.clear();
  batch.offsets.assign(1, 0);
  batch.questions = IdTensor({count, width});
  batch.answers = IdTensor({count});

  std::vector<int32_t> sentences;  // distinct ones, in order of first use
  int64_t ages = 0;
  for (int64_t b = 0; b < count; ++b) {
    const BabiDataset::Example& example = data_.examples[static_cast<size_t>(examples[b])];
    const int64_t length = example.end - example.begin;
    for (int64_t i = 0; i < length; ++i) {
      const int32_t sentence = data_.story_sentences[static_cast<size_t>(example.begin + i)];
      int32_t& row = row_of_sentence_[static_cast<size_t>(sentence)];
      if (row < 0) {
        row = static_cast<int32_t>(sentences.size());
        sentences.push_back(sentence);
      }
      pairs.first.push_back(row);
      pairs.second.push_back(static_cast<int32_t>(length - i - 1));  // age - 1; moved behind the sentences below
    }
    if (skips > 0) {
      int32_t later = 0;
      for (int64_t i = 1; i <= length; ++i) {  // from the newest sentence
        later += rng.next_u32() < skips;
        int32_t& age = pairs.second[pairs.second.size() - static_cast<size_t>(i)];
        age = std::min(age + later, static_cast<int32_t>(oldest) - 1);
      }
    }
    if (length > 0) ages = std::max<int64_t>(ages, pairs.second[pairs.second.size() - static_cast<size_t>(length)] + 1);
    batch.offsets.push_back(batch.offsets.back() + length);
    std::copy_n(data_.questions.data() + examples[b] * width, width, batch.questions.data() + b * width);
    batch.answers[b] = data_.answers[static_cast<size_t>(examples[b])];
  }

  const int64_t distinct = static_cast<int64_t>(sentences.size());
  batch.rows = IdTensor({distinct + ages, width});
  for (int64_t r = 0; r < distinct; ++r) {
    const int32_t sentence = sentences[static_cast<size_t>(r)];
    std::copy_n(task_.sentences.data() + sentence * width, width, batch.rows.data() + r * width);
    row_of_sentence_[static_cast<size_t>(sentence)] = -1;
  }
  for (int64_t age = 1; age <= ages; ++age) {
    batch.rows[(distinct + age) * width - 1] = task_.vocabulary.time_id(static_cast<int>(age));
  }
  for (int32_t& row : pairs.second) row += static_cast<int32_t>(distinct);
  pairs.rows = distinct + ages;
  pairs.seconds_begin = distinct;
  pairs.index_rows();
  batch.padded = count * task_.max_num_sentences - pairs.count();
}

BabiBatch babi_question_batch(const BabiTask& task, const std::vector<BabiWords>& sentences,
                              const BabiWords& question) {
  HMEM_CHECK(!sentences.empty(), "found a question without a story, expected at least one sentence");
  BabiStories stories;
  stories.source = "question";
  stories.phrases = sentences;
  stories.phrases.push_back(question);
  stories.statements.resize(sentences.size());
  std::iota(stories.statements.begin(), stories.statements.end(), 0);
  const auto count = static_cast<int64_t>(sentences.size());
  stories.questions.push_back({static_cast<int32_t>(count), "", 0, count});

  BabiTask own;
  own.vocabulary = task.vocabulary;
  own.words_per_sentence = task.words_per_sentence;
  own.max_num_sentences = task.max_num_sentences;
  const BabiDataset data = vectorise_unanswered_babi(stories, own);
  BabiBatch batch;
  const int64_t example = 0;
  BabiBatcher(own, data).fill(batch, &example, 1);
  return batch;
}

}  // namespace hmem
