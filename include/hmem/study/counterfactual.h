#pragma once
/// \file counterfactual.h
/// What if: the model on changed stories, run again exactly. No derivative, no frozen part.

#include "hmem/study/attribution.h"

namespace hmem {

/// The answer of a changed run, and the margin of the pair of the run as it was.
struct Outcome {
  int32_t answer = 0;
  double probability = 0;      ///< of `answer`
  double margin = 0;           ///< l_answer - l_other of the original pair
  double log_probability = 0;  ///< of the original answer
};
Outcome outcome_of(const QaTrace& trace, AnswerPair pair);

/// Softmax of logits.
Vector probabilities(Vector logits);
inline Vector probabilities(const QaTrace& trace) { return probabilities(trace.logits); }

/// The outcome without the write of one sentence, for each of them; all others keep their age. Differs from removing
/// C_t: later sentences are written to another memory, and with read-before-write they find another one.
std::vector<Outcome> leave_each_out(const PlainQa& model, const QaTrace& trace, AnswerPair pair);
/// The same for one sentence.
Outcome leave_out(const PlainQa& model, const QaTrace& trace, int64_t sentence, AnswerPair pair);

/// The story with another word at `slot` of a sentence. These functions throw Error on positions that do not exist.
QaStory swap_word(QaStory story, int64_t sentence, int64_t slot, int32_t id);
/// The story with a sentence moved: words move, times stay.
QaStory move_sentence(QaStory story, int64_t from, int64_t to);
/// The story without a sentence, as if it had never been said: those before it are one sentence newer.
QaStory drop_sentence(const QaStory& story, int64_t sentence);
/// The first `count` sentences, as if the question had been asked after them.
QaStory first_sentences(const QaStory& story, int64_t count);

}  // namespace hmem
