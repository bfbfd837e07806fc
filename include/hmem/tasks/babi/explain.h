#pragma once
/// \file explain.h
/// What bin/babi_explain needs besides the study itself: a shipped model, a question from a text, hits over a test set.

#include <istream>

#include "hmem/core/progress.h"
#include "hmem/core/run_log.h"
#include "hmem/study/explain.h"
#include "hmem/tasks/babi/model.h"

namespace hmem {

/// The shipped model of a task, weights/babi_task{N}.safetensors below the places that find_data() searches. Throws
/// Error when there is none.
std::string find_babi_model(int task);

/// The H-Mem of a model file; Error for a baseline, whose answers are not sums over a memory.
HMemQa& explainable(const BabiModel& model, const std::string& path);

/// The last question of a text of lines as read_babi_line() reads them, with the story told so far; or `question`,
/// asked after the whole text. Throws Error, one line that begins with `source`, for invalid lines and when there is no
/// question or no story.
AskedQuestion read_asked_question(std::istream& in, const std::string& source, const std::string& question = "");

/// Means over the questions that have facts, in the order of ExplanationHits::terms.
struct HitSummary {
  struct Of {
    std::string name;
    double top = 0;     ///< share of questions whose largest term is a fact
    double recall = 0;  ///< mean share of the facts among the K largest
    double all = 0;     ///< share of questions with all facts among the K largest
  };
  int64_t task = 0;  ///< of the test questions; 0: not told
  int64_t questions = 0, with_facts = 0;
  double error = 0;  ///< %
  double facts = 0, chance = 0;
  Vector read;  ///< of each hop
  std::vector<Of> terms;
  double facts_flip = 0, others_flip = 0;  ///< share of facts, of other sentences, without which the answer differs
  double worst_residual = 0;

  std::vector<std::string> text() const;
  /// One object with the names above.
  std::string json() const;
};
/// Of a file that holds such an object. Throws Error, one line, for anything else.
HitSummary read_hit_summary(const std::string& path);

/// Explains every question; parallel, the same for any number of threads. `csv` gets a header and a line per question
/// (null: not wanted).
HitSummary explain_all(const PlainQa& model, const BabiTask& task, const BabiStories& stories, bool left_out,
                       const ShowProgress& show = {}, std::string* csv = nullptr);

}  // namespace hmem
