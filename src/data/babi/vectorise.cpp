#include "hmem/data/babi/vectorise.h"

#include <algorithm>
#include <cmath>

#include "data/babi/sentence_rows.h"
#include "hmem/core/check.h"
#include "hmem/core/text.h"

namespace hmem {

namespace {

/// The extents that determine the shapes, over one file or several.
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

/// Treatment of examples that do not fit.
enum class Misfits {
  by_options,    ///< too long: left out, or shortened with BabiOptions::keep_latest; nothing is unknown
  keep,          ///< other sources: shortened; unknown answers are errors
  drop_unknown,  ///< other sources: shortened; examples with unknown answers are left out
};

/// Ids of the phrases of one file, padded to a number of slots; each phrase is looked up at its first use.
class PhraseIds {
 public:
  struct Entry {
    bool known = false;
    WordIds ids;
    bool cut = false;
    int64_t unknown_words = 0;
    int32_t row = -1;  ///< of a statement
  };

  PhraseIds(const BabiStories& stories, const Vocabulary& vocabulary, int slots)
      : stories_(stories),
        vocabulary_(vocabulary),
        slots_(static_cast<size_t>(slots)),
        entries_(stories.phrases.size()) {}

  Entry& of(int32_t phrase) {
    Entry& entry = entries_[static_cast<size_t>(phrase)];
    if (!entry.known) fill(entry, stories_.phrases[static_cast<size_t>(phrase)]);
    return entry;
  }

 private:
  void fill(Entry& entry, const BabiWords& words) const {
    entry.known = true;
    entry.cut = words.size() > slots_;
    for (const std::string& word : words) {
      const int32_t id = vocabulary_.id_of(word);
      entry.unknown_words += id == Vocabulary::kNil;
      if (entry.ids.size() < slots_) entry.ids.push_back(id);
    }
  }

  const BabiStories& stories_;
  const Vocabulary& vocabulary_;
  const size_t slots_;
  std::vector<Entry> entries_;
};

class Vectoriser {
 public:
  /// Starts from the sentences that `task` has.
  Vectoriser(BabiTask& task, const BabiOptions& options) : task_(task), options_(options), rows_(task) {}

  /// Fills `out` from `stories`.
  void add(const BabiStories& stories, Misfits misfits, BabiDataset& out) {
    add_statements(stories, out);
    PhraseIds ids(stories, task_.vocabulary, words_per_sentence());
    const std::vector<const WordIds*> questions = add_questions(stories, misfits, ids, out);
    HMEM_CHECK(out.count() > 0 || out.unknown_answers == 0, stories.source, ": no answer is in the vocabulary");
    HMEM_CHECK(out.count() > 0, stories.source, ": every story has more than ", task_.max_num_sentences,
               " sentences, so none is left; raise --max_num_sentences");
    out.questions = padded_rows(out.count(), words_per_sentence(), stories.source);
    int32_t* row = out.questions.data();
    for (const WordIds* question : questions) {
      std::copy(question->begin(), question->end(), row);
      row += words_per_sentence();
    }
  }

  IdTensor sentences(const std::string& source) const {
    IdTensor rows = padded_rows(rows_.count(), words_per_sentence(), source);
    rows_.copy_to(rows);
    return rows;
  }

 private:
  int words_per_sentence() const { return task_.words_per_sentence; }

  void add_statements(const BabiStories& stories, BabiDataset& out) {
    PhraseIds ids(stories, task_.vocabulary, words_per_sentence() - 1);
    out.story_sentences.reserve(stories.statements.size());
    for (const int32_t phrase : stories.statements) {
      PhraseIds::Entry& sentence = ids.of(phrase);
      if (sentence.row < 0) sentence.row = rows_.row_of(sentence.ids);
      count_loss(sentence, out);
      out.story_sentences.push_back(sentence.row);
    }
  }

  /// Examples and answers; returns the ids of the questions that are kept, which `ids` owns.
  std::vector<const WordIds*> add_questions(const BabiStories& stories, Misfits misfits, PhraseIds& ids,
                                            BabiDataset& out) const {
    std::vector<const WordIds*> kept_questions;
    out.examples.reserve(stories.questions.size());
    out.answers.reserve(stories.questions.size());
    kept_questions.reserve(stories.questions.size());
    for (size_t number = 0; number < stories.questions.size(); ++number) {
      const BabiStories::Question& question = stories.questions[number];
      const PhraseIds::Entry& words = ids.of(question.phrase);
      const int64_t length = question.end - question.begin;
      out.longest_story = std::max(out.longest_story, length);
      count_loss(words, out);
      const int64_t kept = std::min<int64_t>(length, task_.max_num_sentences);
      if (kept < length && misfits == Misfits::by_options && !options_.keep_latest) {
        ++out.left_out;
        continue;
      }
      const int32_t answer = task_.vocabulary.id_of(question.answer);
      if (answer == Vocabulary::kNil) {
        ++out.unknown_answers;
        if (misfits == Misfits::drop_unknown) continue;
      }
      if (kept < length) ++out.shortened;
      out.examples.push_back({question.end - kept, question.end, static_cast<int64_t>(number), question.begin});
      out.answers.push_back(answer == Vocabulary::kNil ? BabiDataset::kUnknownAnswer : answer);
      kept_questions.push_back(&words.ids);
    }
    return kept_questions;
  }

  void count_loss(const PhraseIds::Entry& phrase, BabiDataset& out) const {
    if (!options_.separate_test) return;
    out.cut += phrase.cut;
    out.unknown_words += phrase.unknown_words;
  }

  BabiTask& task_;
  const BabiOptions& options_;
  SentenceRows rows_;
};

BabiDataset vectorise_more(const BabiStories& stories, BabiTask& task, Misfits misfits) {
  BabiOptions options;
  options.separate_test = true;
  BabiDataset more;
  Vectoriser vectoriser(task, options);
  vectoriser.add(stories, misfits, more);
  task.sentences = vectoriser.sentences(stories.source);
  return more;
}

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
  vectoriser.add(train, Misfits::by_options, task.train);
  vectoriser.add(test, options.separate_test ? Misfits::keep : Misfits::by_options, task.test);
  task.sentences = vectoriser.sentences(train.source);
  return task;
}

BabiDataset vectorise_more_babi(const BabiStories& stories, BabiTask& task) {
  return vectorise_more(stories, task, Misfits::drop_unknown);
}

BabiDataset vectorise_unanswered_babi(const BabiStories& stories, BabiTask& task) {
  return vectorise_more(stories, task, Misfits::keep);
}

int64_t training_count(int64_t count, double validation_split) {
  const bool in_range = validation_split >= 0 && validation_split < 1;  // false for nan
  const auto kept = in_range ? static_cast<int64_t>((1 - validation_split) * static_cast<double>(count)) : 0;
  if (kept < 1) {
    throw UsageError("a validation split of " + format_real(validation_split) + " leaves none of " +
                     std::to_string(count) + " examples for training; expected at least 0 and below 1");
  }
  return kept;
}

}  // namespace hmem
