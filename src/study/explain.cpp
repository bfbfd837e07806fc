#include "hmem/study/explain.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hmem/core/check.h"
#include "hmem/core/text.h"
#include "hmem/data/babi/batch.h"

namespace hmem {

namespace {

/// Whether the largest is a fact, and the share of the facts among the largest as many.
ExplanationHits::Of ranked(std::string name, const double* terms, int64_t count, const std::vector<int32_t>& facts) {
  std::vector<int32_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [terms](int32_t a, int32_t b) { return terms[a] > terms[b]; });
  const auto is_fact = [&facts](int32_t t) { return std::find(facts.begin(), facts.end(), t) != facts.end(); };
  const auto found = std::count_if(order.begin(), order.begin() + static_cast<int64_t>(facts.size()), is_fact);
  return {std::move(name), is_fact(order.front()), static_cast<double>(found) / static_cast<double>(facts.size())};
}

}  // namespace

AskedQuestion asked_question(const BabiStories& stories, int64_t number) {
  const auto count = static_cast<int64_t>(stories.questions.size());
  HMEM_CHECK(number >= 0 && number < count, stories.source, ": found the question ", number + 1, ", expected 1..",
             count);
  const BabiStories::Question& question = stories.questions[static_cast<size_t>(number)];
  AskedQuestion asked = {{}, stories.words_of(question), question.answer, question.facts};
  for (int64_t i = question.begin; i < question.end; ++i) asked.sentences.push_back(stories.statement(i));
  return asked;
}

bool Explanation::is_fact(int64_t sentence) const {
  return std::find(asked.facts.begin(), asked.facts.end(), sentence) != asked.facts.end();
}

Explanation explain(const PlainQa& model, const BabiTask& task, AskedQuestion asked) {
  HMEM_CHECK(!asked.question.empty(), "found a question without words, expected a line that ends in ?");
  Explanation one;
  const auto told = static_cast<int64_t>(asked.sentences.size());
  one.forgotten = std::max<int64_t>(told - task.max_num_sentences, 0);
  asked.sentences.erase(asked.sentences.begin(), asked.sentences.begin() + one.forgotten);
  std::vector<int32_t> facts;
  for (const int32_t fact : asked.facts) {
    if (fact >= one.forgotten) facts.push_back(fact - static_cast<int32_t>(one.forgotten));
  }
  asked.facts = std::move(facts);
  one.story = story_of(babi_question_batch(task, asked.sentences, asked.question));
  one.asked = std::move(asked);
  one.trace = trace_qa(model, one.story);
  HMEM_CHECK(std::all_of(one.trace.logits.begin(), one.trace.logits.end(), [](double x) { return std::isfinite(x); }),
             "the answer is not finite: the model is damaged");
  one.probability = probabilities(one.trace);
  const int32_t truth = task.vocabulary.id_of(one.asked.true_answer);
  const AnswerPair pair = answer_pair(one.trace, truth == Vocabulary::kNil ? -1 : truth);
  one.right = truth != Vocabulary::kNil && truth == pair.answer;
  one.at = attribute(model, one.trace, pair);
  one.left_out = leave_each_out(model, one.trace, pair);
  for (int64_t count = 1; count <= one.story.size(); ++count) {
    one.asked_after.push_back(outcome_of(trace_qa(model, first_sentences(one.story, count)), pair));
  }
  return one;
}

std::string class_word(const Vocabulary& vocabulary, int32_t id) {
  if (id == Vocabulary::kNil) return "<nil>";
  if (id > vocabulary.words()) return "<age " + std::to_string(id - vocabulary.words()) + ">";
  return vocabulary.word_of(id);
}

std::string words_text(const BabiWords& words) { return join(words, " "); }

ExplanationHits explanation_hits(const PlainQa& model, const QaTrace& trace, const Attribution& at,
                                 const std::vector<Outcome>& left_out, const std::vector<int32_t>& facts_of_file) {
  ExplanationHits hits;
  hits.worst_residual = at.worst_residual();
  std::vector<int32_t> facts = facts_of_file;
  std::sort(facts.begin(), facts.end());
  facts.erase(std::unique(facts.begin(), facts.end()), facts.end());
  const int64_t steps = trace.sentences();
  hits.facts = static_cast<int64_t>(facts.size());
  if (facts.empty()) return hits;
  HMEM_CHECK(facts.front() >= 0 && facts.back() < steps, "found the fact ", facts.back(), ", expected 0..", steps - 1);
  hits.chance = static_cast<double>(hits.facts) / static_cast<double>(steps);
  for (size_t h = 0; h < trace.hops.size(); ++h) {
    Vector share(static_cast<size_t>(steps));
    for (int64_t t = 0; t < steps; ++t) {
      share[static_cast<size_t>(t)] = dot(at.reads[h].row(t), trace.hops[h].r.data(), trace.m.rows);
    }
    hits.read.push_back(ranked("", share.data(), steps, facts).top);
  }
  hits.terms.push_back(ranked("writer", at.writer.data(), steps, facts));
  for (int64_t h = 1; h < at.steers.rows; ++h) {
    hits.terms.push_back(ranked("steerer of hop " + std::to_string(h + 1), at.steers.row(h), steps, facts));
  }
  if (at.steers.rows > 1) hits.terms.push_back(ranked("writer + steerers", at.total.data(), steps, facts));
  if (model.config.read_before_write) hits.terms.push_back(ranked("origin", at.origin_of.data(), steps, facts));
  if (left_out.empty()) return hits;
  Vector lost;
  for (const Outcome& outcome : left_out) lost.push_back(-outcome.log_probability);
  hits.terms.push_back(ranked("left out", lost.data(), steps, facts));
  for (int64_t t = 0; t < steps; ++t) {
    const bool is_fact = std::binary_search(facts.begin(), facts.end(), static_cast<int32_t>(t));
    const bool flips = left_out[static_cast<size_t>(t)].answer != at.answer;
    hits.others += !is_fact;
    (is_fact ? hits.facts_flip : hits.others_flip) += flips;
  }
  return hits;
}

}  // namespace hmem
