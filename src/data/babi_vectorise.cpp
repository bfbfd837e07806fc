#include "hmem/data/babi_vectorise.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "hmem/core/check.h"

namespace hmem {

namespace {

/// What decides the shapes, over one file or several.
struct Extent {
  int64_t longest_story = 0;
  size_t longest_sentence = 0;
  size_t longest_question = 0;
  std::vector<std::string> words;

  void add(const BabiStories& stories) {
    std::vector<bool> used(stories.phrases.size());
    for (const int32_t phrase : stories.statements) {
      const auto i = static_cast<size_t>(phrase);
      longest_sentence = std::max(longest_sentence, stories.phrases[i].size());
      used[i] = true;
    }
    for (const BabiStories::Question& question : stories.questions) {
      longest_story = std::max(longest_story, question.end - question.begin);
      longest_question = std::max(longest_question, stories.words_of(question).size());
      used[static_cast<size_t>(question.phrase)] = true;
      words.push_back(question.answer);
    }
    for (size_t i = 0; i < used.size(); ++i) {
      if (used[i]) words.insert(words.end(), stories.phrases[i].begin(), stories.phrases[i].end());
    }
  }
};

void padded_rows_check(int64_t rows, int words_per_sentence, const std::string& source) {
  constexpr int64_t kMaxIds = int64_t{1} << 28;  // 1 GiB
  HMEM_CHECK(rows <= kMaxIds / words_per_sentence, source, ": ", rows, " sentences padded to ", words_per_sentence,
             " words would take more than ", kMaxIds, " ids; is one sentence much too long?");
}

IdTensor padded_rows(int64_t rows, int words_per_sentence, const std::string& source) {
  padded_rows_check(rows, words_per_sentence, source);
  return IdTensor({rows, words_per_sentence});
}

/// What becomes of examples that do not fit.
enum class Misfits {
  kByOptions,    ///< too long: left out, or shortened with BabiOptions::keep_latest; nothing is unknown
  kKeep,         ///< from elsewhere: shortened; unknown answers are errors
  kDropUnknown,  ///< from elsewhere: shortened; examples with unknown answers are left out
};

class Vectoriser {
 public:
  /// Starts from the sentences that `task` has.
  Vectoriser(BabiTask& task, const BabiOptions& options) : task_(task), options_(options) {
    const int64_t rows = task.sentences.empty() ? 0 : task.sentences.size(0);
    for (int64_t row = 0; row < rows; ++row) {
      const int32_t* begin = task.sentences.data() + row * words_per_sentence();
      const int32_t* end = begin + words_per_sentence();
      while (end != begin && end[-1] == Vocabulary::kNil) --end;
      row_of_ids_.try_emplace(std::vector<int32_t>(begin, end), static_cast<int32_t>(row));
    }
  }

  /// Fills `out` from `stories`.
  void add(const BabiStories& stories, Misfits misfits, BabiDataset& out) {
    std::vector<int32_t> row_of(stories.phrases.size(), -1);
    out.story_sentences.reserve(stories.statements.size());
    for (const int32_t phrase : stories.statements) {
      int32_t& row = row_of[static_cast<size_t>(phrase)];
      const BabiWords& words = stories.phrases[static_cast<size_t>(phrase)];
      if (row < 0) row = sentence_row(words);
      count_loss(words, words_per_sentence() - 1, out);
      out.story_sentences.push_back(row);
    }
    std::vector<const BabiWords*> questions;
    for (const BabiStories::Question& question : stories.questions) {
      const int64_t length = question.end - question.begin;
      out.longest_story = std::max(out.longest_story, length);
      count_loss(stories.words_of(question), words_per_sentence(), out);
      const int64_t kept = std::min<int64_t>(length, task_.max_num_sentences);
      if (kept < length && misfits == Misfits::kByOptions && !options_.keep_latest) {
        ++out.left_out;
        continue;
      }
      const int32_t answer = task_.vocabulary.id_of(question.answer);
      if (answer == Vocabulary::kNil) {
        ++out.unknown_answers;
        if (misfits == Misfits::kDropUnknown) continue;
      }
      if (kept < length) ++out.shortened;
      out.examples.push_back({question.end - kept, question.end});
      out.answers.push_back(answer == Vocabulary::kNil ? BabiDataset::kUnknownAnswer : answer);
      questions.push_back(&stories.words_of(question));
    }
    HMEM_CHECK(out.count() > 0 || out.unknown_answers == 0, stories.source, ": no answer is in the vocabulary");
    HMEM_CHECK(out.count() > 0, stories.source, ": every story has more than ", task_.max_num_sentences,
               " sentences, so none is left; raise --max_num_sentences");
    out.questions = padded_rows(out.count(), words_per_sentence(), stories.source);
    for (int64_t i = 0; i < out.count(); ++i) {
      const std::vector<int32_t> row = ids_of(*questions[static_cast<size_t>(i)], words_per_sentence());
      std::copy(row.begin(), row.end(), out.questions.data() + i * words_per_sentence());
    }
  }

  IdTensor sentences(const std::string& source) const {
    IdTensor rows = padded_rows(static_cast<int64_t>(row_of_ids_.size()), words_per_sentence(), source);
    for (const auto& [ids, row] : row_of_ids_) {
      std::copy(ids.begin(), ids.end(), rows.data() + int64_t{row} * words_per_sentence());
    }
    return rows;
  }

 private:
  int words_per_sentence() const { return task_.words_per_sentence; }

  std::vector<int32_t> ids_of(const BabiWords& words, int slots) const {
    std::vector<int32_t> ids;
    for (size_t i = 0; i < std::min(words.size(), static_cast<size_t>(slots)); ++i) {
      ids.push_back(task_.vocabulary.id_of(words[i]));
    }
    return ids;
  }

  int32_t sentence_row(const BabiWords& words) {
    const auto next = static_cast<int32_t>(row_of_ids_.size());
    return row_of_ids_.try_emplace(ids_of(words, words_per_sentence() - 1), next).first->second;
  }

  void count_loss(const BabiWords& words, int slots, BabiDataset& out) const {
    if (!options_.separate_test) return;
    if (words.size() > static_cast<size_t>(slots)) ++out.cut;
    for (const std::string& word : words) out.unknown_words += task_.vocabulary.id_of(word) == Vocabulary::kNil;
  }

  BabiTask& task_;
  const BabiOptions& options_;
  std::map<std::vector<int32_t>, int32_t> row_of_ids_;
};

}  // namespace

BabiTask vectorise_babi(const BabiStories& train, const BabiStories& test, const BabiOptions& options) {
  if (options.max_num_sentences != -1 && options.max_num_sentences < 1) {
    throw UsageError("max_num_sentences must be -1 or at least 1, found " + std::to_string(options.max_num_sentences));
  }
  Extent extent;
  extent.add(train);
  if (!options.separate_test) extent.add(test);
  HMEM_CHECK(extent.longest_story > 0, train.source, ": no question comes after a sentence, expected stories");

  BabiTask task;
  // A file has less than 2^30 bytes, so that its counts fit an int.
  task.max_num_sentences = static_cast<int>(extent.longest_story);
  if (options.max_num_sentences > 0)
    task.max_num_sentences = std::min(task.max_num_sentences, options.max_num_sentences);
  task.words_per_sentence = static_cast<int>(std::max(extent.longest_sentence + 1, extent.longest_question));
  // A batch holds a row for every age, so the two together must stay within reason as well.
  padded_rows_check(task.max_num_sentences, task.words_per_sentence, train.source);
  const auto extra = static_cast<int>(std::ceil(options.extra_ages * task.max_num_sentences));
  task.vocabulary = Vocabulary(std::move(extent.words), task.max_num_sentences + extra);

  Vectoriser vectoriser(task, options);
  vectoriser.add(train, Misfits::kByOptions, task.train);
  vectoriser.add(test, options.separate_test ? Misfits::kKeep : Misfits::kByOptions, task.test);
  task.sentences = vectoriser.sentences(train.source);
  return task;
}

BabiDataset vectorise_more_babi(const BabiStories& stories, BabiTask& task) {
  BabiOptions options;
  options.separate_test = true;
  BabiDataset more;
  Vectoriser vectoriser(task, options);
  vectoriser.add(stories, Misfits::kDropUnknown, more);
  task.sentences = vectoriser.sentences(stories.source);
  return more;
}

int64_t training_count(int64_t count, double validation_split) {
  const bool in_range = validation_split >= 0 && validation_split < 1;  // false for nan
  const auto kept = in_range ? static_cast<int64_t>((1 - validation_split) * static_cast<double>(count)) : 0;
  if (kept < 1) {
    throw UsageError("a validation split of " + std::to_string(validation_split) + " leaves no example of " +
                     std::to_string(count) + " for training; expected at least 0 and below 1");
  }
  return kept;
}

}  // namespace hmem
