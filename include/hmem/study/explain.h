#pragma once
/// \file explain.h
/// One question explained: the run, its attribution and the what-if runs, and how they are shown. docs/explain.md says
/// what every number means.

#include <optional>
#include <string>
#include <vector>

#include "hmem/data/babi/vectorise.h"
#include "hmem/data/images/decode.h"
#include "hmem/study/counterfactual.h"

namespace hmem {

/// A question in words. Facts are numbers of sentences, 0 the first.
struct AskedQuestion {
  std::vector<BabiWords> sentences;
  BabiWords question;
  std::string true_answer;  ///< "": unknown
  std::vector<int32_t> facts{};
};

/// Question number `number` of a file, from 0. Throws Error when it does not exist.
AskedQuestion asked_question(const BabiStories& stories, int64_t number);

/// Everything about one question.
struct Explanation {
  AskedQuestion asked;    ///< only the sentences that the model reads: the latest max_num_sentences
  int64_t forgotten = 0;  ///< sentences before these
  QaStory story;
  QaTrace trace;
  Vector probability;  ///< [V]
  bool right = false;  ///< the answer is the true one, which is known
  Attribution at;
  std::vector<Outcome> left_out;     ///< of each sentence
  std::vector<Outcome> asked_after;  ///< had the question come after this sentence; ages as they were then

  bool is_fact(int64_t sentence) const;
};

/// `task` has the vocabulary and sizes of the model. With a wrong answer the other one of the margin is the true one.
/// Throws Error without a sentence or a word of the question.
Explanation explain(const PlainQa& model, const BabiTask& task, AskedQuestion asked);

/// The word of a class: also "<nil>" and "<age 3>".
std::string class_word(const Vocabulary& vocabulary, int32_t id);

/// The sentence as it is shown: its words with blanks between them.
std::string words_text(const BabiWords& words);

/// The table of the terminal: a row per sentence, at most `rows` of them (0: all), those with the largest terms.
std::vector<std::string> explain_text(const PlainQa& model, const BabiTask& task, const Explanation& one,
                                      int64_t rows = 12);
/// The answer and three lines of why.
std::vector<std::string> explain_brief(const BabiTask& task, const Explanation& one);

/// One JSON object, version kExplainVersion; docs/explain.md lists its fields. Matrices of pairs of sentences are null
/// for more than 128 sentences.
constexpr int kExplainVersion = 1;
/// Weights in the JSON: those behind the keys and values, null if their text is long; these in any case; all.
enum class JsonWeights { if_small, behind_keys, all };
std::string explain_json(const PlainQa& model, const BabiTask& task, const Explanation& one,
                         JsonWeights weights = JsonWeights::if_small);

/// A header and a line per sentence.
std::string explain_csv(const BabiTask& task, const Explanation& one);

/// One HTML page that needs no other file and no network: tables and pictures, readable without a script, and a script
/// that computes memory, hops and terms again from keys and values, so that rates, hops and sentences can be changed.
/// It holds the text of explain_json(); rates, hops and sentences can be changed if that has the weights.
std::string explain_html(const PlainQa& model, const BabiTask& task, const Explanation& one,
                         JsonWeights weights = JsonWeights::if_small);

/// Pictures of the page and of its tables. Only heat maps have pixels, for PNG.
struct ExplainPicture {
  std::string name;  ///< of a file
  std::string svg;
  std::optional<DecodedImage> pixels;
};
std::vector<ExplainPicture> explain_pictures(const PlainQa& model, const BabiTask& task, const Explanation& one);

/// Every intermediate value in the order of the computation: name, formula, shape, range, first values; where
/// docs/equations.md has the formula and which function computes it.
std::vector<std::string> trace_text(const PlainQa& model, const BabiTask& task, const Explanation& one);

/// Does the explanation find the supporting facts? Of one question with K facts in T sentences.
struct ExplanationHits {
  bool right = false;      ///< the answer
  int64_t facts = 0;       ///< K; 0: the file names none, or the model does not read them: nothing else is set
  double chance = 0;       ///< share of the facts among K sentences drawn at random
  std::vector<bool> read;  ///< of each hop: the sentence with the largest share of what was read is a fact
  /// By each kind of term: the largest is a fact; share of the facts among the K largest.
  struct Of {
    std::string name;
    bool top = false;
    double recall = 0;
  };
  /// writer, steerer of hop 2.., writer + steerers, [origin,] left out (by how improbable the answer becomes)
  std::vector<Of> terms;
  int64_t facts_flip = 0, others = 0, others_flip = 0;  ///< sentences without which the answer is another one
  double worst_residual = 0;
};
ExplanationHits explanation_hits(const PlainQa& model, const QaTrace& trace, const Attribution& at,
                                 const std::vector<Outcome>& left_out, const std::vector<int32_t>& facts);

}  // namespace hmem
