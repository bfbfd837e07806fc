#pragma once
/// \file vectorise.h
/// From stories of words to ids, as in the published experiments.
///
/// W = max(longest sentence + 1, longest question). A sentence fills a row of W ids from the left; its last slot
/// belongs to the time word, `vocabulary.time_id(age)`. It is not stored, since the age depends on the question (age 1
/// is the newest sentence). A question may use all W slots.

#include <cstdint>
#include <vector>

#include "hmem/core/tensor.h"
#include "hmem/data/babi/parse.h"
#include "hmem/data/babi/vocabulary.h"

namespace hmem {

/// Questions of one file. Stories share their sentences: nothing is padded in time, nothing stored twice.
struct BabiDataset {
  struct Example {
    int64_t begin, end;    ///< the sentences so far: this range of `story_sentences`, oldest first
    int64_t question = 0;  ///< number in BabiStories::questions, where some may have been left out
    int64_t story = 0;     ///< first sentence of its story in `story_sentences`, before any is cut off
  };
  static constexpr int32_t kUnknownAnswer = -1;

  std::vector<Example> examples;
  std::vector<int32_t> story_sentences;  ///< rows of BabiTask::sentences
  IdTensor questions;                    ///< [count(), W], padded with nil on the right
  std::vector<int32_t> answers;          ///< word id, or kUnknownAnswer: always an error

  int64_t longest_story = 0;    ///< sentences of the longest example in the file, before any is left out or shortened
  int64_t left_out = 0;         ///< examples left out: more than max_num_sentences sentences
  int64_t shortened = 0;        ///< examples of which only the latest max_num_sentences sentences are kept
  int64_t unknown_words = 0;    ///< words of the file's sentences and questions that became nil
  int64_t unknown_answers = 0;  ///< kept examples whose answer is unknown
  int64_t cut = 0;              ///< sentences and questions of the file that lost the words beyond W

  int64_t count() const { return static_cast<int64_t>(examples.size()); }
};

struct BabiTask {
  Vocabulary vocabulary;
  int words_per_sentence = 0;  ///< W, the slot of the time word included
  int max_num_sentences = 0;   ///< T of a padded story; the number of time words, unless there are extra ones
  IdTensor sentences;          ///< [S, W] distinct sentences of both files, padded with nil, last slot nil
  BabiDataset train, test;
};

struct BabiOptions {
  /// Limit for the sentences of a story; -1: as long as the longest. Stories above it are left out.
  int max_num_sentences = -1;
  /// Keep the latest sentences of stories above the limit instead of leaving them out.
  bool keep_latest = false;
  /// The test stories come from another source: vocabulary, W and max_num_sentences are those of the training stories
  /// alone. No test question is left out: longer stories keep their latest sentences, unknown words become nil, unknown
  /// answers count as errors, words beyond W are cut off. The counts are in `test`.
  bool separate_test = false;
  /// More time words than the longest story has sentences, as a share of their number: for an AgeJitter.
  double extra_ages = 0;
};

/// Throws UsageError for a max_num_sentences that is neither -1 nor positive; Error when no example is left, when no
/// question comes after a sentence, or when the padded rows would take more than 1 GiB.
BabiTask vectorise_babi(const BabiStories& train, const BabiStories& test, const BabiOptions& options = {});

/// More training stories for an existing task: vocabulary, W and max_num_sentences stay, longer stories keep their
/// latest sentences, unknown words become nil, words beyond W are cut off; questions with an unknown answer teach
/// nothing and are left out. The counts are in the result. Sentences that `task` does not have are added to it.
BabiDataset vectorise_more_babi(const BabiStories& stories, BabiTask& task);

/// The same for questions to be answered: none is left out, whatever its answer.
BabiDataset vectorise_unanswered_babi(const BabiStories& stories, BabiTask& task);

/// Examples that remain for training when the last `count - int((1 - split) * count)` in file order are set aside for
/// validation. Throws UsageError unless 0 <= split < 1 and at least one remains.
int64_t training_count(int64_t count, double validation_split);

}  // namespace hmem
