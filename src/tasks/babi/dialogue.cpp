#include "hmem/tasks/babi/dialogue.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "hmem/autodiff/ops_nn.h"
#include "hmem/core/check.h"
#include "hmem/core/text.h"

namespace hmem {

namespace {

const char kCommands[] = ":help, :quit, :reset, :show or :story";

std::string_view trim(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

void check_text(std::string_view line) {
  const auto control = std::find_if(line.begin(), line.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
  });
  HMEM_CHECK(control == line.end(), "found the control character ", static_cast<int>(*control), " at byte ",
             control - line.begin() + 1, ", expected a sentence, a question or a command");
}

/// Text up to and including the next `.` or `?` before a blank or the end; the number in "3.5" stays whole.
std::string_view take_phrase(std::string_view& text) {
  size_t end = 0;
  while (end < text.size()) {
    const char c = text[end++];
    const bool last = end == text.size() || text[end] == ' ' || text[end] == '\t';
    if ((c == '.' || c == '?') && last) break;
  }
  const std::string_view phrase = text.substr(0, end);
  text.remove_prefix(end);
  return trim(phrase);
}

/// The number of a bAbI line, taken off its front.
std::optional<int64_t> take_line_number(std::string_view& line) {
  const size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::optional<int64_t> number = parse_number<int64_t>(line.substr(0, end));
  if (!number || *number < 1 || end == line.size()) return std::nullopt;
  line = trim(line.substr(end));
  return number;
}

std::string sentence_text(const BabiWords& words, char mark) {
  std::string text = " ";
  for (const std::string& word : words) text += " " + one_line(word);
  return text + mark;
}

/// Indices of the `count` largest values, largest first; among equal values the first one comes first.
std::vector<int32_t> largest(const real* values, int64_t n, int64_t count) {
  std::vector<int32_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  count = std::min(count, n);
  std::partial_sort(order.begin(), order.begin() + count, order.end(),
                    [values](int32_t a, int32_t b) { return values[a] != values[b] ? values[a] > values[b] : a < b; });
  order.resize(static_cast<size_t>(count));
  return order;
}

std::string percent(real p) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f %%", 100 * static_cast<double>(p));
  return text;
}

}  // namespace

BabiDialogue::BabiDialogue(const ModelFile& file, const Settings& settings, LoadStories load_stories)
    : settings_(settings),
      load_stories_(std::move(load_stories)),
      model_(read_babi_model(file)),
      tape_(Tape::Mode::inference) {}

std::string BabiDialogue::description() const {
  const BabiTask& task = model_.task;
  return detail::join_text("task ", quote(model_.task_id), ", ", task.vocabulary.words(), " words, stories of up to ",
                           task.max_num_sentences, " sentences, sentences of up to ", task.words_per_sentence - 1,
                           " words");
}

std::vector<std::string> BabiDialogue::reply(std::string_view line) {
  if (line.substr(0, 3) == "\xEF\xBB\xBF") line.remove_prefix(3);  // byte order mark of a text file
  const std::string ascii_marks = with_ascii_marks(line);
  line = trim(ascii_marks);
  check_text(line);
  if (!line.empty() && line[0] == ':') return command(line);
  const std::optional<int64_t> number = take_line_number(line);
  const size_t tab = std::min(line.find('\t'), line.size());
  std::string_view rest = line.substr(0, tab), fields = trim(line.substr(tab));
  const std::string_view answer = trim(fields.substr(0, fields.find('\t')));
  std::vector<Phrase> phrases;
  while (!rest.empty()) {
    const std::string_view text = take_phrase(rest);
    const bool question = !text.empty() && text.back() == '?';
    const bool sentence = !question && !text.empty() && text.back() != '.';
    HMEM_CHECK(!sentence || phrases.empty() || !phrases.back().question, "found ", quote(text),
               " after a question, expected the next line, or a tab before an answer");
    BabiWords words = babi_words(text);
    if (question || !words.empty()) phrases.push_back({std::move(words), question});
  }
  HMEM_CHECK(answer.empty() || (!phrases.empty() && phrases.back().question), "found ", quote(answer),
             " after a tab, expected it after a question only");
  Lines lines;
  if (number && !numbered_) note("line numbers are left out; number 1 begins a new story", lines);
  numbered_ = numbered_ || number;
  if (number == 1) reset();
  const std::optional<int32_t> found = take(phrases, lines);
  if (!answer.empty()) lines.push_back(verdict(std::string(answer), found));
  return lines;
}

std::optional<int32_t> BabiDialogue::take(const std::vector<Phrase>& phrases, Lines& lines) {
  warn_unknown(phrases, lines);
  std::optional<int32_t> answer;
  for (const Phrase& phrase : phrases) {
    if (phrase.question) {
      answer = ask(phrase.words, lines);
    } else {
      tell(phrase.words, lines);
    }
  }
  return answer;
}

std::string BabiDialogue::verdict(const std::string& answer, std::optional<int32_t> found) const {
  const int32_t truth = model_.task.vocabulary.id_of(answer);
  const bool right = truth != Vocabulary::kNil && found == truth;
  return "true answer: " + one_line(answer) + (right ? " (right)" : found ? " (wrong)" : "");
}

BabiDialogue::Lines BabiDialogue::command(std::string_view line) {
  const size_t blank = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view name = line.substr(0, blank), argument = trim(line.substr(blank));
  const bool known = name == ":help" || name == ":quit" || name == ":reset" || name == ":show" || name == ":story";
  HMEM_CHECK(known, "unknown command ", quote(name), ", expected ", kCommands);
  HMEM_CHECK(name == ":story" || argument.empty(), name, ": found ", quote(argument), ", expected nothing after it");
  Lines lines;
  if (name == ":help") {
    lines = {"A sentence adds to the story; a line that ends in ? is a question about it.",
             "  :reset      forget the story",
             "  :show       the sentences of the story",
             "  :story [N]  test story N (without N: the next one), its question and its true answer",
             "  :quit       quit; the end of the input does the same",
             "The model: " + description()};
  } else if (name == ":quit") {
    finished_ = true;
  } else if (name == ":reset") {
    reset();
    note("the story is empty", lines);
  } else if (name == ":show") {
    if (story_.empty()) note("the story is empty", lines);
    for (const BabiWords& sentence : story_) lines.push_back(sentence_text(sentence, '.'));
  } else {
    int64_t number = next_story_;
    if (!argument.empty()) {
      const auto given = parse_number<int64_t>(argument);
      HMEM_CHECK(given, ":story: found ", quote(argument), ", expected the number of a test story");
      number = *given;
    }
    return show_story(number);
  }
  return lines;
}

BabiDialogue::Lines BabiDialogue::show_story(int64_t number) {
  if (!test_stories_) test_stories_ = load_stories_();
  const BabiStories& stories = *test_stories_;
  const auto count = static_cast<int64_t>(stories.questions.size());
  HMEM_CHECK(number >= 1 && number <= count, ":story: found ", number, ", expected 1..", count);
  const BabiStories::Question& question = stories.questions[static_cast<size_t>(number - 1)];

  Lines lines = {detail::join_text("story ", number, " of ", count, " (", one_line(stories.source), ")")};
  std::vector<Phrase> phrases;
  for (int64_t i = question.begin; i < question.end; ++i) {
    phrases.push_back({stories.statement(i), false});
    lines.push_back(sentence_text(phrases.back().words, '.'));
  }
  const BabiWords& asked = stories.words_of(question);
  lines.push_back(sentence_text(asked, '?'));
  reset();
  phrases.push_back({asked, true});
  warn_unknown(phrases, lines);
  phrases.pop_back();
  for (const Phrase& sentence : phrases) tell(sentence.words, lines);
  const std::optional<int32_t> answer = ask(asked, lines);
  lines.push_back(verdict(question.answer, answer));
  next_story_ = number % count + 1;
  return lines;
}

void BabiDialogue::tell(const BabiWords& sentence, Lines& lines) {
  note_cut(sentence, model_.task.words_per_sentence - 1, "sentence", lines);
  story_.push_back(sentence);
  const int most = model_.task.max_num_sentences;
  if (story_.size() <= static_cast<size_t>(most)) return;
  story_.erase(story_.begin());
  if (!forgot_) note(detail::join_text("the model reads ", most, " sentences: older ones are forgotten"), lines);
  forgot_ = true;
}

std::optional<int32_t> BabiDialogue::ask(const BabiWords& question, Lines& lines) {
  // Printed even without notes: every question gets a line.
  if (question.empty() || story_.empty()) {
    lines.push_back(question.empty() ? "note: no answer: the question has no words"
                                     : "note: no answer: the story is empty, tell a sentence first");
    return std::nullopt;
  }
  note_cut(question, model_.task.words_per_sentence, "question", lines);
  tape_.reset(Tape::Mode::inference);
  const BabiBatch batch = babi_question_batch(model_.task, story_, question);
  const Var logits = model_.network->forward(tape_, batch);
  const real* p = softmax_cross_entropy(logits, batch.answers).p;
  const int64_t classes = logits.size(1);
  HMEM_CHECK(std::all_of(p, p + classes, [](real x) { return std::isfinite(x); }),
             "the answer is not finite: the model is damaged");
  const std::vector<int32_t> best = largest(p, classes, settings_.top);
  std::string text;
  for (const int32_t id : best) text += (text.empty() ? "" : "  ") + answer_text(id) + " " + percent(p[id]);
  lines.push_back(text);
  return best.front();
}

void BabiDialogue::reset() {
  story_.clear();
  forgot_ = false;
}

void BabiDialogue::note(const std::string& text, Lines& lines) const {
  if (settings_.notes) lines.push_back("note: " + text);
}

void BabiDialogue::warn_unknown(const std::vector<Phrase>& phrases, Lines& lines) const {
  constexpr size_t kShown = 5;
  if (!settings_.notes) return;
  std::vector<std::string_view> unknown;
  for (const Phrase& phrase : phrases) {
    for (const std::string& word : phrase.words) {
      if (model_.task.vocabulary.id_of(word) == Vocabulary::kNil) unknown.push_back(word);
    }
  }
  std::vector<std::string_view> shown;
  for (const std::string_view word : unknown) {
    if (std::find(shown.begin(), shown.end(), word) != shown.end()) continue;
    if (shown.size() == kShown) {
      lines.push_back("warning: more unknown words follow");
      return;
    }
    shown.push_back(word);
    const std::string* nearest = nearest_word(word);
    lines.push_back("warning: " + quote(word) + " is not in the vocabulary: read as nil" +
                    (nearest ? "; the nearest word is " + quote(*nearest) : ""));
  }
}

void BabiDialogue::note_cut(const BabiWords& words, int slots, const char* what, Lines& lines) const {
  const auto kept = static_cast<size_t>(slots);
  if (words.size() <= kept) return;
  note(detail::join_text("the ", what, " has ", words.size(), " words, the model reads ", slots, ": cut after ",
                         quote(words[kept - 1])),
       lines);
}

const std::string* BabiDialogue::nearest_word(std::string_view word) const {
  constexpr size_t kLongest = 100;  // the distance costs the product of the lengths
  const std::string* nearest = nullptr;
  size_t least = 0;
  if (word.size() > kLongest) return nearest;
  for (const std::string& known : model_.task.vocabulary.all_words()) {
    if (known.size() > kLongest) continue;
    const size_t distance = edit_distance(known, word);
    if (nearest != nullptr && distance >= least) continue;
    nearest = &known;
    least = distance;
  }
  return 2 * least <= word.size() + 1 ? nearest : nullptr;  // beyond that it is not a typing error
}

/// Nil and time words are classes of the output layer like any other.
std::string BabiDialogue::answer_text(int32_t id) const {
  const Vocabulary& vocabulary = model_.task.vocabulary;
  if (id == Vocabulary::kNil) return "<nil>";
  if (id > vocabulary.words()) return "<age " + std::to_string(id - vocabulary.words()) + ">";
  return one_line(vocabulary.word_of(id));
}

}  // namespace hmem
