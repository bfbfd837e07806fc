// Trace against the fast path; every sum of the attribution; wrong variants that must not add up.

#include "catch.h"
#include "hmem/core/check.h"
#include "hmem/study/counterfactual.h"
#include "study/study_rows.h"
#include "support/error_text.h"

using namespace hmem;
using namespace hmem::test;

namespace {

/// d margin / d alpha_t at 1, C_t scaled by alpha_t in all reads: central differences.
double total_by_differences(const PlainQa& model, const QaTrace& trace, const Attribution& at, int64_t t) {
  constexpr double kStep = 1e-5;
  const Matrix term = memory_term(model, trace, t);
  double margin[2];
  for (const int side : {0, 1}) {
    QaTrace changed = trace;
    for (size_t i = 0; i < term.values.size(); ++i) changed.m.values[i] += (side ? kStep : -kStep) * term.values[i];
    read_and_answer(model, changed);
    margin[side] = outcome_of(changed, {at.answer, at.other}).margin;
  }
  return (margin[1] - margin[0]) / (2 * kStep);
}

}  // namespace

TEST_CASE("the trace answers as the fast path, and every sum comes out, for every option", "[study]") {
  constexpr int64_t kQuestions = 100;
  const Questions of_tasks[] = {some_questions(1, kQuestions), some_questions(15, kQuestions)};
  for (const OptionRow& row : kRows) {
    DYNAMIC_SECTION(row.name) {
      for (const Questions& given : of_tasks) {
        const auto model = random_model(row, given.task);
        const PlainQa plain(*model);
        Tape tape(Tape::Mode::inference);
        const Var fast = model->forward(tape, given.batch);
        int64_t negative = 0;
        for (int64_t b = 0; b < kQuestions; ++b) {
          const QaTrace trace = trace_qa(plain, story_of(given.batch, b));
          const int64_t classes = fast.size(1);
          const Vector expected(fast.data() + b * classes, fast.data() + (b + 1) * classes);
          INFO("question " << b);
          CHECK(difference(trace.logits, expected) < 1e-5 * largest(expected));

          const Attribution found = attribute(plain, trace, answer_pair(trace));
          CHECK(found.worst_residual() < 1e-9);
          CHECK(found.residuals.size() >= static_cast<size_t>(2 * plain.config.hops));
          negative += found.saturation.negative;
          CHECK(found.saturation.factors > 0);
          if (b % 10 != 0) continue;

          // Terms as matrices, pairs, forgetting, derivatives.
          Matrix sum(trace.m.rows, trace.m.cols);
          for (int64_t t = 0; t < trace.sentences(); ++t) {
            const Matrix term = memory_term(plain, trace, t);
            for (size_t i = 0; i < sum.values.size(); ++i) sum.values[i] += term.values[i];
          }
          CHECK(difference(sum.values, trace.m.values) < 1e-12 * largest(trace.m.values));
          const Matrix kept = forgetting(plain, trace, found);
          for (int64_t t = 0; t < trace.sentences(); ++t) {
            CHECK(std::abs(kept(t, trace.sentences() - 1) - found.writer[static_cast<size_t>(t)]) <
                  1e-9 * largest(found.writer));
          }
          for (int64_t hop = 0; hop < plain.config.hops; ++hop) {
            const Matrix of_hop = pairs(plain, trace, found, hop);
            Vector by_row(static_cast<size_t>(trace.sentences()), 0.0), by_column(by_row);
            double question = 0;
            for (int64_t s = 0; s < of_hop.rows; ++s) {
              for (int64_t t = 0; t < of_hop.rows; ++t) {
                by_row[static_cast<size_t>(s)] += of_hop(s, t);
                by_column[static_cast<size_t>(t)] += of_hop(s, t);
              }
              by_row[static_cast<size_t>(s)] += of_hop(s, of_hop.rows);
              question += of_hop(s, of_hop.rows);
            }
            const auto h = static_cast<size_t>(hop);
            Vector expected_row;
            for (int64_t s = 0; s < of_hop.rows; ++s) {
              expected_row.push_back(
                  dot(found.reads[h].row(s), found.total_gradient[h].data(), plain.config.memory_size));
            }
            const double scale = std::max(largest(by_row), largest(by_column));
            CHECK(difference(by_row, expected_row) < 1e-9 * scale);
            CHECK(difference(by_column, Vector(found.steers.row(hop), found.steers.row(hop + 1))) < 1e-9 * scale);
            CHECK(std::abs(question - found.question[h]) < 1e-9 * std::max(scale, std::abs(question)));
          }
          if (!plain.config.read_norm) {
            for (const int64_t t : {int64_t{0}, trace.sentences() - 1}) {
              CHECK(std::abs(total_by_differences(plain, trace, found, t) - found.total[static_cast<size_t>(t)]) <
                    1e-5 * (largest(found.total) + std::abs(found.margin)));
            }
          }
        }
        const bool strong = plain.rule.decay_pos > 0.05;
        CHECK((negative > 0) == strong);
      }
    }
  }
}

TEST_CASE("attributions that are wrong in one point do not add up", "[study]") {
  struct Fault {
    const char* name;
    void (*set)(Config& config);
    void (*spoil)(PlainQa& model, QaTrace& trace);
  };
  const auto plain_options = [](Config&) {};
  const auto read_first = [](Config& c) { c.read_before_write = true; };
  const Fault faults[] = {
      {"product over the sentences before, not after", plain_options,
       [](PlainQa&, QaTrace& trace) {
         for (Matrix* m : {&trace.k, &trace.v}) {
           Matrix turned = *m;
           for (int64_t t = 0; t < m->rows; ++t) std::copy(m->row(t), m->row(t + 1), turned.row(m->rows - 1 - t));
           *m = turned;
         }
       }},
      {"F without the decay", plain_options, [](PlainQa& model, QaTrace&) { model.rule.decay_neg = 0; }},
      {"F without the growth", plain_options, [](PlainQa& model, QaTrace&) { model.rule.decay_pos = 0; }},
      {"gates of the last key open", plain_options,
       [](PlainQa&, QaTrace& trace) {
         for (double& z : trace.hops.back().z) z = std::abs(z);
       }},
      {"gates of the second key open", plain_options,
       [](PlainQa&, QaTrace& trace) {
         for (double& z : trace.hops[1].z) z = std::abs(z);
       }},
      {"norm of a read left out", [](Config& c) { c.read_norm = true; },
       [](PlainQa& model, QaTrace&) { model.config.read_norm = false; }},
      {"rstd of a read not that of this run", [](Config& c) { c.read_norm = c.hop_sum = true; },
       [](PlainQa&, QaTrace& trace) { trace.hops[0].rstd *= 1.01; }},
      {"last hop alone where all are summed", [](Config& c) { c.hop_sum = true; },
       [](PlainQa& model, QaTrace&) { model.config.hop_sum = false; }},
      {"gates of the answer layer open", [](Config& c) { c.answer_layer = true; },
       [](PlainQa&, QaTrace& trace) {
         for (double& z : trace.answer_z) z = std::abs(z);
       }},
      {"answer layer left out", [](Config& c) { c.answer_layer = true; },
       [](PlainQa&, QaTrace& trace) { trace.answer_z.clear(); }},
      {"weights of the wrong hop", [](Config& c) { c.separate_hops = true; },
       [](PlainQa& model, QaTrace&) { std::swap(model.back[1], model.back[2]); }},
      {"paper's rule for signed writes",
       [](Config& c) { c.read_before_write = true, c.write_rule = WriteRule::signed_hebbian; },
       [](PlainQa& model, QaTrace&) { model.rule.is_signed = false; }},
      {"rstd of a value not that of this run", read_first, [](PlainQa&, QaTrace& trace) { trace.rstd[0] *= 1.01; }},
      {"shift of the value norm forgotten", read_first,
       [](PlainQa& model, QaTrace&) { std::fill(model.value_norm.shift.begin(), model.value_norm.shift.end(), 0.0); }},
      {"what was found forgotten", read_first,
       [](PlainQa& model, QaTrace&) { model.write_found = Matrix(model.write_found.rows, model.write_found.cols); }},
  };
  const Questions given = some_questions(15, 20);
  for (const Fault& fault : faults) {
    DYNAMIC_SECTION(fault.name) {
      const auto model = random_model({fault.name, fault.set}, given.task);
      double worst = 0, right = 0;
      for (int64_t b = 0; b < given.batch.size(); ++b) {
        PlainQa plain(*model);
        QaTrace trace = trace_qa(plain, story_of(given.batch, b));
        const AnswerPair pair = answer_pair(trace);
        right = std::max(right, attribute(plain, trace, pair).worst_residual());
        fault.spoil(plain, trace);
        worst = std::max(worst, attribute(plain, trace, pair).worst_residual());
      }
      CHECK(right < 1e-9);
      CHECK(worst > 1e-3);
    }
  }
}

TEST_CASE("what-if stories: words move, times stay; runs of them are exact", "[study]") {
  const Questions given = some_questions(2, 20);
  for (const bool before : {false, true}) {
    OptionRow row = {"", [](Config&) {}};
    if (before) row.set = [](Config& c) { c.read_before_write = true; };
    const auto model = random_model(row, given.task);
    const PlainQa plain(*model);
    const QaStory story = story_of(given.batch, 19);
    const int64_t steps = story.size();
    REQUIRE(steps > 3);
    const QaTrace trace = trace_qa(plain, story);
    const AnswerPair pair = answer_pair(trace);
    const std::vector<Outcome> left_out = leave_each_out(plain, trace, pair);
    REQUIRE(static_cast<int64_t>(left_out.size()) == steps);
    for (int64_t t = 0; t < steps; ++t) CHECK(leave_out(plain, trace, t, pair).margin == left_out[size_t(t)].margin);

    // Without the newest sentence nothing is written later: the memory before it, and its term is all that is missing.
    QaTrace shorter = trace;
    const Matrix last = memory_term(plain, trace, steps - 1);
    for (size_t i = 0; i < last.values.size(); ++i) {
      const int64_t r = static_cast<int64_t>(i) / last.cols, c = static_cast<int64_t>(i) % last.cols;
      const double f = plain.rule.factor(trace.k(steps - 1, r), trace.v(steps - 1, c));
      shorter.m.values[i] = (trace.m.values[i] - last.values[i]) / f;
    }
    read_and_answer(plain, shorter);
    CHECK(std::abs(outcome_of(shorter, pair).margin - left_out.back().margin) <
          1e-6 * std::abs(left_out.back().margin));

    const QaStory moved = move_sentence(story, 0, 2);
    CHECK(moved.sentences[2][0] == story.sentences[0][0]);
    CHECK(moved.sentences[0][1] == story.sentences[1][1]);
    for (int64_t t = 0; t < steps; ++t) {
      CHECK(moved.sentences[size_t(t)].back() == story.sentences[size_t(t)].back());
    }
    CHECK(move_sentence(moved, 2, 0).sentences == story.sentences);
    const QaStory dropped = drop_sentence(story, 1);
    CHECK(dropped.size() == steps - 1);
    CHECK(dropped.sentences[0].back() == story.sentences[1].back());
    CHECK(dropped.sentences[0][0] == story.sentences[0][0]);
    CHECK(dropped.sentences.back() == story.sentences.back());
    const QaStory first = first_sentences(story, 2);
    CHECK(first.sentences[1].back() == story.sentences.back().back());
    CHECK(swap_word(story, 0, 1, 3).sentences[0][1] == 3);
    const QaTrace nothing = trace_qa(plain, first_sentences(story, 0));
    CHECK(largest(nothing.logits) == 0);
  }
}

TEST_CASE("bad ids, positions and answers of a study are one clear line", "[study][bad]") {
  const Questions given = some_questions(1, 4);
  const auto model = random_model({"", [](Config&) {}}, given.task);
  const PlainQa plain(*model);
  const QaStory story = story_of(given.batch);
  const QaTrace trace = trace_qa(plain, story);
  CHECK(test::error_text<Error>([&] {
          trace_qa(plain, swap_word(story, 0, 0, 9999));
        }).find("found the word id 9999, expected 0..") == 0);
  CHECK(test::error_text<Error>([&] {
          swap_word(story, 0, plain.config.words_per_sentence - 1, 1);
        }).find("found slot") == 0);
  CHECK(test::error_text<Error>([&] { drop_sentence(story, story.size()); }).find("found sentence") == 0);
  CHECK(test::error_text<Error>([&] { first_sentences(story, story.size() + 1); }).find("found") == 0);
  CHECK(test::error_text<Error>([&] { attribute(plain, trace, {0, 9999}); }).find("found the answer 9999") == 0);
  CHECK(test::error_text<Error>([&] { story_of(given.batch, 4); }).find("story 4 is not in 0..3") == 0);
  QaStory narrow = story;
  narrow.question.pop_back();
  CHECK(test::error_text<Error>([&] { trace_qa(plain, narrow); }).find("found a row of") == 0);
}
