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

const char kCommands[] = ":help, :quit, :reset, :show, :story or :why";

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

std::vector<std::string> BabiDialogue::reply(std::string_view text) {
  const std::string line = clean_babi_line(text);
  if (!line.empty() && line[0] == ':') return command(line);
  const BabiLine read = read_babi_line(line);
  Lines lines;
  if (read.number && !numbered_) note("line numbers are left out; number 1 begins a new story", lines);
  numbered_ = numbered_ || read.number;
  if (read.number == 1) reset();
  const std::optional<int32_t> found = take(read.phrases, lines);
  if (!read.answer.empty()) lines.push_back(verdict(read.answer, found));
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
  const size_t begin = std::min(line.find_first_not_of(" \t", blank), line.size());
  const std::string_view name = line.substr(0, blank), argument = line.substr(begin);
  const bool known =
      name == ":help" || name == ":quit" || name == ":reset" || name == ":show" || name == ":story" || name == ":why";
  HMEM_CHECK(known, "unknown command ", quote(name), ", expected ", kCommands);
  HMEM_CHECK(name == ":story" || argument.empty(), name, ": found ", quote(argument), ", expected nothing after it");
  Lines lines;
  if (name == ":help") {
    lines = {"A sentence adds to the story; a line that ends in ? is a question about it.",
             "  :reset      forget the story",
             "  :show       the sentences of the story",
             "  :why        why the last answer: what each sentence adds to it, and what without it",
             "  :story [N]  test story N (without N: the next one), its question and its true answer",
             "  :quit       quit; the end of the input does the same",
             "The model: " + description()};
  } else if (name == ":quit") {
    finished_ = true;
  } else if (name == ":why") {
    return why();
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

BabiDialogue::Lines BabiDialogue::why() {
  HMEM_CHECK(!asked_.question.empty(), ":why: found no answer yet, expected a question first");
  auto* network = dynamic_cast<HMemQa*>(model_.network.get());
  HMEM_CHECK(network, ":why: found a model of another kind, expected hmem_qa, whose memory can be explained");
  if (!plain_) plain_.emplace(*network);
  return explain_text(*plain_, model_.task, explain(*plain_, model_.task, asked_));
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
  asked_ = asked_question(stories, number - 1);
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
  asked_ = {story_, question, "", {}};
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
  asked_ = {};
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

std::string BabiDialogue::answer_text(int32_t id) const { return one_line(class_word(model_.task.vocabulary, id)); }

}  // namespace hmem
