#include "hmem/train/babi_learner.h"

#include <algorithm>
#include <cmath>

#include "catch.h"
#include "data/dense_babi.h"

using namespace hmem;
using hmem::test::parse_text;
using Part = Learner::Part;

namespace {

const char kTrain[] =
    "1 Ann ate figs.\n"
    "2 Who ate?\tAnn\t1\n"
    "3 Bob ate.\n"
    "4 Who ate figs?\tAnn\t1\n"
    "5 Bob ate figs.\n"
    "6 Who ate?\tBob\t3\n"
    "7 Ann ate.\n"
    "8 Who ate?\tAnn\t7\n"
    "9 Ann ate.\n"
    "10 Who ate figs?\tBob\t5\n";

HMemQa make_model(const BabiTask& task) {
  HMemQa::Config config;
  config.vocabulary = task.vocabulary.size();
  config.words_per_sentence = task.words_per_sentence;
  config.embeddings_size = 8;
  config.memory_size = 9;
  return HMemQa(config, 1);
}

real loss_of(BabiLearner& learner, Part part, int64_t example) {
  Tape tape(Tape::Mode::inference);
  return *learner.run(tape, part, &example, 1).loss.data();
}

}  // namespace

TEST_CASE("the validation part is the end of the training file", "[fit]") {
  const BabiTask task = vectorise_babi(parse_text(kTrain), parse_text("1 Bob ate.\n2 Who ate figs?\tBob\t1\n"));
  HMemQa model = make_model(task);
  BabiLearner learner(model, task, 0.4);
  CHECK(learner.count(Part::train) == 3);
  CHECK(learner.count(Part::validation) == 2);
  CHECK(learner.count(Part::test) == 1);

  BabiLearner whole(model, task, 0);
  CHECK(whole.count(Part::train) == 5);
  CHECK(whole.count(Part::validation) == 0);
  for (const int64_t example : {0, 1, 2}) {
    CHECK(loss_of(learner, Part::train, example) == loss_of(whole, Part::train, example));
  }
  for (const int64_t example : {0, 1}) {
    CHECK(loss_of(learner, Part::validation, example) == loss_of(whole, Part::train, 3 + example));
    CHECK(loss_of(learner, Part::validation, example) != loss_of(learner, Part::train, example));
  }
  CHECK(loss_of(learner, Part::test, 0) != loss_of(learner, Part::train, 0));
}

TEST_CASE("an answer that is no known word is always an error", "[fit]") {
  BabiOptions options;
  options.separate_test = true;
  const BabiTask task =
      vectorise_babi(parse_text(kTrain), parse_text("1 Zoe ate.\n2 Who ate?\tZoe\t1\n3 Who ate?\tZoe\t1\n"), options);
  HMemQa model = make_model(task);
  BabiLearner learner(model, task, 0);
  const Evaluation test = evaluate(learner, Part::test, 8);
  CHECK(test.error == 100);
  CHECK(std::isfinite(test.loss));
}

TEST_CASE("wrong answers are counted one by one", "[fit]") {
  const BabiTask task = vectorise_babi(parse_text(kTrain), parse_text(kTrain));
  HMemQa model = make_model(task);
  BabiLearner learner(model, task, 0);
  int64_t errors = 0;
  for (int64_t example = 0; example < 5; ++example) {
    BabiBatch batch;
    BabiBatcher(task, task.test).fill(batch, &example, 1);
    Tape tape(Tape::Mode::inference);
    const HMemQa::Result result = model.forward(tape, batch);
    const real* best = std::max_element(result.logits.data(), result.logits.data() + result.logits.count());
    errors += best - result.logits.data() != task.test.answers[static_cast<size_t>(example)];
  }
  CHECK(evaluate(learner, Part::test, 2).error == Approx(20.0 * static_cast<double>(errors)));
}
