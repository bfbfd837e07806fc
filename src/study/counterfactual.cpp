#include "hmem/study/counterfactual.h"

#include <algorithm>
#include <cmath>

#include "hmem/core/check.h"

namespace hmem {

namespace {

void check_sentence(const QaStory& story, int64_t sentence) {
  HMEM_CHECK(sentence >= 0 && sentence < story.size(), "found sentence ", sentence, ", expected 0..", story.size() - 1);
}

/// The outcome when the step after `before` is skipped; `run` is a copy to work on.
Outcome without(const PlainQa& model, QaTrace& run, const Matrix& before, int64_t sentence, AnswerPair pair) {
  write_from(model, run, before, sentence + 1);
  read_and_answer(model, run);
  return outcome_of(run, pair);
}

}  // namespace

Vector probabilities(Vector logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double total = 0;
  for (double& x : logits) total += x = std::exp(x - largest);
  for (double& x : logits) x /= total;
  return logits;
}

Outcome outcome_of(const QaTrace& trace, AnswerPair pair) {
  Outcome outcome;
  outcome.answer = answer_pair(trace).answer;
  const Vector p = probabilities(trace);
  outcome.probability = p[static_cast<size_t>(outcome.answer)];
  outcome.log_probability = std::log(p[static_cast<size_t>(pair.answer)]);
  outcome.margin = trace.logits[static_cast<size_t>(pair.answer)] - trace.logits[static_cast<size_t>(pair.other)];
  return outcome;
}

std::vector<Outcome> leave_each_out(const PlainQa& model, const QaTrace& trace, AnswerPair pair) {
  std::vector<Outcome> outcomes;
  Matrix before(trace.m.rows, trace.m.cols);
  QaTrace run = trace;
  for (int64_t t = 0; t < trace.sentences(); ++t) {
    outcomes.push_back(without(model, run, before, t, pair));
    model.rule.write(before, trace.k.row(t), trace.v.row(t));
  }
  return outcomes;
}

Outcome leave_out(const PlainQa& model, const QaTrace& trace, int64_t sentence, AnswerPair pair) {
  HMEM_CHECK(sentence >= 0 && sentence < trace.sentences(), "found sentence ", sentence, ", expected 0..",
             trace.sentences() - 1);
  Matrix before(trace.m.rows, trace.m.cols);
  for (int64_t t = 0; t < sentence; ++t) model.rule.write(before, trace.k.row(t), trace.v.row(t));
  QaTrace run = trace;
  return without(model, run, before, sentence, pair);
}

QaStory swap_word(QaStory story, int64_t sentence, int64_t slot, int32_t id) {
  check_sentence(story, sentence);
  std::vector<int32_t>& words = story.sentences[static_cast<size_t>(sentence)];
  HMEM_CHECK(slot >= 0 && slot + 1 < static_cast<int64_t>(words.size()), "found slot ", slot, ", expected 0..",
             static_cast<int64_t>(words.size()) - 2);
  words[static_cast<size_t>(slot)] = id;
  return story;
}

QaStory move_sentence(QaStory story, int64_t from, int64_t to) {
  check_sentence(story, from);
  check_sentence(story, to);
  std::vector<int32_t> times;
  for (const auto& words : story.sentences) times.push_back(words.back());
  const auto first = story.sentences.begin();
  if (from < to) std::rotate(first + from, first + from + 1, first + to + 1);
  if (to < from) std::rotate(first + to, first + from, first + from + 1);
  for (size_t t = 0; t < times.size(); ++t) story.sentences[t].back() = times[t];
  return story;
}

QaStory drop_sentence(const QaStory& story, int64_t sentence) {
  check_sentence(story, sentence);
  return first_sentences(move_sentence(story, sentence, story.size() - 1), story.size() - 1);
}

QaStory first_sentences(const QaStory& story, int64_t count) {
  HMEM_CHECK(count >= 0 && count <= story.size(), "found ", count, " sentences, expected 0..", story.size());
  QaStory first = story;
  first.sentences.resize(static_cast<size_t>(count));
  for (int64_t t = 1; t <= count; ++t) {  // from the newest
    first.sentences[static_cast<size_t>(count - t)].back() =
        story.sentences[static_cast<size_t>(story.size() - t)].back();
  }
  return first;
}

}  // namespace hmem
