#include "hmem/data/babi/rename.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <unordered_map>
#include <utility>

#include "data/babi/sentence_rows.h"

namespace hmem {

namespace {

constexpr double kClosed = 0.75;  // share of the sentences that must occur with two words swapped, too
constexpr double kTold = 0.9;     // share of the answers that must occur in their story
constexpr int64_t kOften = 20;    // what follows one word this often must follow the other at least once
constexpr int32_t kEnd = -1;      // beside the first and the last word of a sentence

/// Opposite directions, with the letters that are answers of task 19. A permutation of four would not keep them
/// opposite, so that they are never part of another class.
const std::vector<ExchangeableWords>& opposites() {
  static const std::vector<ExchangeableWords> all = {
      {{"left"}, {"right"}}, {{"above"}, {"below"}}, {{"north", "n"}, {"south", "s"}}, {{"east", "e"}, {"west", "w"}}};
  return all;
}

size_t at(int64_t i) { return static_cast<size_t>(i); }

/// The training examples of a task as sequences of units: ids of words and, above them, the parts of answers that are
/// no words ("n" and "," of "n,w") and names of two words.
struct Text {
  explicit Text(const BabiTask& task) : rows(task), vocabulary(task.vocabulary), answers(at(vocabulary.size())) {
    const int32_t* row = task.train.questions.data();
    for (const int32_t answer : task.train.answers) {
      questions.emplace_back(row, row + task.words_per_sentence);
      drop_padding(questions.back());
      row += task.words_per_sentence;
      WordIds& words = answers[at(answer)];
      if (!words.empty()) continue;
      for (const std::string& word : babi_words(vocabulary.word_of(answer))) words.push_back(unit_of(word));
    }
  }

  int32_t count() const { return vocabulary.size() + static_cast<int32_t>(others.size()); }
  /// The unit of a word or a name.
  int32_t unit_of(const std::string& text) {
    const size_t blank = text.find(' ');
    if (blank != std::string::npos) return name_of({unit_of(text.substr(0, blank)), unit_of(text.substr(blank + 1))});
    const int32_t id = vocabulary.id_of(text);
    if (id != Vocabulary::kNil) return id;
    const auto [entry, is_new] = numbers.try_emplace(text, count());
    if (is_new) others.push_back({entry->second});
    return entry->second;
  }
  /// From now on the two words are one unit.
  int32_t name_of(const std::pair<int32_t, int32_t>& words) {
    const auto [entry, is_new] = names.try_emplace(words, count());
    if (is_new) others.push_back({words.first, words.second});
    return entry->second;
  }
  WordIds units_of(const WordIds& words) const {
    WordIds units;
    for (size_t i = 0; i < words.size(); ++i) {
      const auto name = i + 1 < words.size() ? names.find({words[i], words[i + 1]}) : names.end();
      units.push_back(name == names.end() ? words[i] : name->second);
      i += name != names.end();
    }
    return units;
  }
  void append_words(int32_t unit, WordIds& words) const {
    if (unit < vocabulary.size()) return words.push_back(unit);
    const WordIds& more = others[at(unit - vocabulary.size())];
    words.insert(words.end(), more.begin(), more.end());
  }

  SentenceRows rows;
  const Vocabulary& vocabulary;
  std::vector<WordIds> questions, answers;  ///< by example; by id, empty where it is no answer
  std::map<std::string, int32_t> numbers;
  std::map<std::pair<int32_t, int32_t>, int32_t> names;
  std::vector<WordIds> others;  ///< the words of the units that are not in the vocabulary
};

/// Finds classes of units in some examples.
class Finder {
 public:
  Finder(Text& text, const BabiDataset& train, int64_t begin, int64_t end) : text_(text) {
    std::set<int32_t> heard;
    WordIds last;
    for (int64_t i = begin, read = 0; i < end; ++i) {
      const BabiDataset::Example& example = train.examples[at(i)];
      for (read = std::max(read, example.story); read < example.end; ++read) {
        if (read == example.story) {
          heard.clear();
          last.clear();
        }
        WordIds units = text.units_of(text.rows.sentence(train.story_sentences[at(read)]));
        for (const int32_t before : last) {
          for (const int32_t unit : units) ++follows_[before][unit];
        }
        heard.insert(units.begin(), units.end());
        ++statements_[units];
        last = std::move(units);
      }
      WordIds units = text.units_of(text.questions[at(i)]);
      units.push_back(kEnd);
      for (const int32_t unit : text.units_of(text.answers[at(train.answers[at(i)])])) {
        units.push_back(unit);
        ++answers_[unit];
        told_[unit] += heard.count(unit) > 0;
      }
      ++questions_[units];
    }
  }

  /// Classes of units that are exchangeable with each other, or with a third one; then the mirror images.
  std::vector<ExchangeableWords> classes() {
    std::set<int32_t> told = units_in(statements_);
    std::vector<ExchangeableWords> all, mirrors;
    for (const ExchangeableWords& pair : opposites()) {
      const int32_t one = text_.unit_of(pair[0][0]), other = text_.unit_of(pair[1][0]);
      if (told.count(one) + told.count(other) < 2) continue;
      mirrors.push_back(pair);
      told.erase(one);
      told.erase(other);
    }
    std::vector<WordIds> found;
    for (const int32_t unit : units_in(questions_)) {
      const bool absent = static_cast<double>(told_[unit]) < kTold * static_cast<double>(answers_[unit]);
      if (told.count(unit) == 0 || absent) continue;
      WordIds joined = {unit};
      for (size_t i = found.size(); i-- > 0;) {
        const auto matches = [&](int32_t other) { return exchangeable(unit, other); };
        if (std::none_of(found[i].begin(), found[i].end(), matches)) continue;
        joined.insert(joined.begin(), found[i].begin(), found[i].end());
        found.erase(found.begin() + static_cast<std::ptrdiff_t>(i));
      }
      found.push_back(std::move(joined));
    }
    for (const WordIds& units : found) {
      ExchangeableWords things;
      for (const int32_t unit : units) {
        WordIds words;
        text_.append_words(unit, words);
        things.push_back({text_.vocabulary.word_of(words.front())});
        if (words.size() > 1) things.back().front() += " " + text_.vocabulary.word_of(words.back());
      }
      std::sort(things.begin(), things.end());
      if (things.size() > 1) all.push_back(std::move(things));
    }
    all.insert(all.end(), mirrors.begin(), mirrors.end());
    return all;
  }

  /// Pairs of words that are one name, as in "pink rectangle": the first ones are always followed by a second one,
  /// these always follow a first one, and not every combination occurs, as of independent words (unless there is only
  /// one).
  std::set<std::pair<int32_t, int32_t>> names() const {
    std::map<int32_t, std::set<int32_t>> beside[2];  // the words after a word, the words before it
    for (const Counts* sentences : {&statements_, &questions_}) {
      for (const auto& entry : *sentences) {
        int32_t last = kEnd;
        for (size_t i = 0; i <= entry.first.size(); ++i) {
          const int32_t word = i < entry.first.size() ? entry.first[i] : kEnd;
          beside[0][last].insert(word);
          beside[1][word].insert(last);
          last = word;
        }
      }
    }
    std::set<int32_t> parts[2];  // first words of names, second words
    for (const size_t side : {0, 1}) {
      for (const auto& entry : beside[side]) {
        const std::set<int32_t>& partners = entry.second;
        const auto shared = [&](int32_t word) { return beside[side][word] == partners; };
        size_t ways = 0;
        const bool independent = std::all_of(partners.begin(), partners.end(), [&](int32_t partner) {
          const std::set<int32_t>& words = beside[1 - side][partner];
          ways += words.size();
          return std::all_of(words.begin(), words.end(), shared);
        });
        if (entry.first != kEnd && (!independent || ways == 1)) parts[side].insert(entry.first);
      }
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (const size_t side : {0, 1}) {
        for (auto word = parts[side].begin(); word != parts[side].end();) {
          const std::set<int32_t>&partners = beside[side][*word], &others = parts[1 - side];
          const bool kept = std::includes(others.begin(), others.end(), partners.begin(), partners.end());
          word = kept ? std::next(word) : parts[side].erase(word);
          changed = changed || !kept;
        }
      }
    }
    std::set<std::pair<int32_t, int32_t>> pairs;
    for (const int32_t word : parts[0]) {
      for (const int32_t next : beside[0][word]) {  // chains of words are no names
        if (parts[1].count(word) + parts[0].count(next) == 0) pairs.emplace(word, next);
      }
    }
    return pairs;
  }

 private:
  using Counts = std::map<WordIds, int64_t>;

  static bool has(const WordIds& units, int32_t unit) {
    return std::find(units.begin(), units.end(), unit) != units.end();
  }

  static std::set<int32_t> units_in(const Counts& sentences) {
    std::set<int32_t> units;
    for (const auto& entry : sentences) units.insert(entry.first.begin(), entry.first.end());
    return units;
  }

  bool exchangeable(int32_t a, int32_t b) {
    const auto swapped = [a, b](int32_t unit) { return unit == a ? b : unit == b ? a : unit; };
    for (const Counts* sentences : {&statements_, &questions_}) {
      int64_t with = 0, closed = 0;
      for (const auto& [units, count] : *sentences) {
        if (!has(units, a) && !has(units, b)) continue;
        WordIds other = units;
        std::transform(other.begin(), other.end(), other.begin(), swapped);
        with += count;
        if (sentences->count(other) > 0) closed += count;
      }
      if (static_cast<double>(closed) < kClosed * static_cast<double>(with)) return false;
    }
    for (const int32_t unit : {a, b}) {
      for (const auto& [next, count] : follows_[unit]) {
        if (count >= kOften && follows_[swapped(unit)].count(swapped(next)) == 0) return false;
      }
    }
    return true;
  }

  Text& text_;
  Counts statements_, questions_;  // how often each occurs; a question is followed by kEnd and its answer
  std::unordered_map<int32_t, std::unordered_map<int32_t, int64_t>> follows_;  // by unit: units of the next statement
  std::map<int32_t, int64_t> answers_, told_;  // how often a unit is in an answer, and was told before
};

}  // namespace

RenamedExamples find_exchangeable_words(const BabiTask& task, int64_t begin, int64_t end) {
  const auto size = [](const std::vector<ExchangeableWords>& classes) {
    return std::accumulate(classes.begin(), classes.end(), size_t{0},
                           [](size_t sum, const ExchangeableWords& things) { return sum + things.size(); });
  };
  Text text(task);
  Finder words(text, task.train, begin, end);
  for (const auto& name : words.names()) text.name_of(name);
  Finder names(text, task.train, begin, end);
  // The reading that finds more: parts of a name may be exchangeable alone, and independent words may look like names.
  std::vector<ExchangeableWords> found = words.classes(), more = names.classes();
  return {begin, end, std::move(size(more) > size(found) ? more : found)};
}

BabiDataset rename_babi(BabiTask& task, const std::vector<RenamedExamples>& parts, double probability, Rng& rng) {
  const BabiDataset& train = task.train;
  BabiDataset renamed;
  renamed.examples = train.examples;
  renamed.story_sentences = train.story_sentences;
  renamed.questions = train.questions.clone();
  renamed.answers = train.answers;

  Text text(task);
  const int64_t known = text.rows.count(), width = task.words_per_sentence;
  std::map<WordIds, int32_t> answer_of;
  for (const int32_t answer : train.answers) answer_of[text.answers[at(answer)]] = answer;
  std::vector<int32_t> becomes;  // by unit
  WordIds words;
  const auto rename = [&](const WordIds& old) -> const WordIds& {  // holds until the next call
    words.clear();
    for (const int32_t unit : text.units_of(old)) text.append_words(becomes[at(unit)], words);
    return words;
  };
  const auto rename_story = [&](int64_t begin, int64_t end) {  // false: the new words do not fit
    for (int64_t i = begin; i < end; ++i) {
      const WordIds& answer = text.answers[at(train.answers[at(i)])];
      const auto other = answer_of.find(rename(answer));
      if (other == answer_of.end()) return false;
      renamed.answers[at(i)] = other->first == answer ? train.answers[at(i)] : other->second;
      const WordIds& question = rename(text.questions[at(i)]);
      if (question.size() > at(width)) return false;
      int32_t* row = renamed.questions.data() + i * width;
      std::fill(std::copy(question.begin(), question.end(), row), row + width, Vocabulary::kNil);
    }
    for (int64_t i = train.examples[at(begin)].story; i < train.examples[at(end - 1)].end; ++i) {
      const WordIds& sentence = rename(text.rows.sentence(train.story_sentences[at(i)]));
      if (sentence.size() >= at(width)) return false;
      renamed.story_sentences[at(i)] = text.rows.row_of(sentence);
    }
    return true;
  };

  for (const RenamedExamples& part : parts) {
    text.names.clear();
    std::vector<std::vector<WordIds>> classes;  // by class and thing: the units of its forms
    for (const ExchangeableWords& things : part.classes) {
      classes.emplace_back();
      for (const std::vector<std::string>& forms : things) {
        classes.back().emplace_back();
        for (const std::string& form : forms) classes.back().back().push_back(text.unit_of(form));
      }
    }
    becomes.resize(at(text.count()));
    for (int64_t begin = part.begin, end = begin; begin < part.end; begin = end) {
      while (end < part.end && train.examples[at(end)].story == train.examples[at(begin)].story) ++end;
      if (rng.uniform() >= probability) continue;
      std::iota(becomes.begin(), becomes.end(), 0);
      for (const std::vector<WordIds>& things : classes) {
        const std::vector<int64_t> drawn = rng.permutation(static_cast<int64_t>(things.size()));
        for (size_t i = 0; i < things.size(); ++i) {
          for (size_t form = 0; form < things[i].size(); ++form) {
            becomes[at(things[i][form])] = things[at(drawn[i])][form];
          }
        }
      }
      if (rename_story(begin, end)) continue;
      std::iota(becomes.begin(), becomes.end(), 0);
      rename_story(begin, end);
    }
  }
  if (text.rows.count() > known) {
    task.sentences = IdTensor({text.rows.count(), width});
    text.rows.copy_to(task.sentences);
  }
  return renamed;
}

}  // namespace hmem
