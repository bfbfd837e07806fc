#include "hmem/tasks/babi/learner.h"

#include <algorithm>
#include <cmath>

#include "catch.h"
#include "data/babi/dense_babi.h"
#include "hmem/data/babi/files.h"
#include "support/qa_files.h"
#include "support/runtime_guard.h"

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

HMemQa make_model(const BabiTask& task) { return test::make_qa(task, 8, 9); }

BabiLearner make_learner(QaModel& model, BabiTask& task, double validation_split) {
  return {model, task, split_babi(task.train.count(), validation_split)};
}

real loss_of(BabiLearner& learner, Part part, int64_t example) {
  Tape tape(Tape::Mode::inference);
  return *learner.run(tape, part, &example, 1).loss.data();
}

std::vector<real> losses_of(BabiLearner& learner, Part part) {
  std::vector<real> losses;
  for (int64_t example = 0; example < learner.count(part); ++example) losses.push_back(loss_of(learner, part, example));
  return losses;
}

/// Generated questions of task 1, the first ones and those of every epoch.
struct OnlineTask {
  static constexpr int64_t kQuestions = 20;

  static BabiStories stories(int64_t epoch) { return generate_babi_epoch(1, kQuestions, 1, {}, epoch); }

  BabiTask task = vectorise_babi(stories(0), stories(99));
  HMemQa model = make_model(task);
  BabiLearner learner = make_learner(model, task, 0.25);

  OnlineTask() { learner.set_new_stories(stories); }
  std::vector<real> train_losses(int64_t epoch) {
    learner.start_epoch(epoch);
    return losses_of(learner, Part::train);
  }
};

}  // namespace

TEST_CASE("the validation part is the end of the training file", "[fit]") {
  BabiTask task = vectorise_babi(parse_text(kTrain), parse_text("1 Bob ate.\n2 Who ate figs?\tBob\t1\n"));
  HMemQa model = make_model(task);
  BabiLearner learner = make_learner(model, task, 0.4);
  CHECK(learner.count(Part::train) == 3);
  CHECK(learner.count(Part::validation) == 2);
  CHECK(learner.count(Part::test) == 1);

  BabiLearner whole = make_learner(model, task, 0);
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

TEST_CASE("an answer that is not a known word is always an error", "[fit]") {
  BabiOptions options;
  options.separate_test = true;
  BabiTask task =
      vectorise_babi(parse_text(kTrain), parse_text("1 Zoe ate.\n2 Who ate?\tZoe\t1\n3 Who ate?\tZoe\t1\n"), options);
  HMemQa model = make_model(task);
  BabiLearner learner = make_learner(model, task, 0);
  const Evaluation test = evaluate(learner, Part::test, 8);
  CHECK(test.error == 100);
  CHECK(std::isfinite(test.loss));
}

TEST_CASE("wrong answers are counted one by one", "[fit]") {
  BabiTask task = vectorise_babi(parse_text(kTrain), parse_text(kTrain));
  HMemQa model = make_model(task);
  BabiLearner learner = make_learner(model, task, 0);
  int64_t errors = 0;
  for (int64_t example = 0; example < 5; ++example) {
    BabiBatch batch;
    BabiBatcher(task, task.test).fill(batch, &example, 1);
    Tape tape(Tape::Mode::inference);
    const Var logits = model.forward(tape, batch);
    const real* best = std::max_element(logits.data(), logits.data() + logits.count());
    errors += best - logits.data() != task.test.answers[static_cast<size_t>(example)];
  }
  CHECK(evaluate(learner, Part::test, 2).error == Approx(20.0 * static_cast<double>(errors)));
}

TEST_CASE("new stories in every epoch but the first; validation and test stay", "[fit]") {
  OnlineTask online, plain;
  BabiLearner first = make_learner(plain.model, plain.task, 0.25);
  const std::vector<real> validation = losses_of(first, Part::validation), test = losses_of(first, Part::test);
  CHECK(online.train_losses(0) == losses_of(first, Part::train));
  CHECK(online.learner.count(Part::train) == 15);

  std::vector<std::vector<real>> epochs = {losses_of(first, Part::train)};
  for (const int64_t epoch : {1, 2}) {
    epochs.push_back(online.train_losses(epoch));
    CHECK(online.learner.count(Part::train) == OnlineTask::kQuestions);
    CHECK(losses_of(online.learner, Part::validation) == validation);
    CHECK(losses_of(online.learner, Part::test) == test);
    OnlineTask alone;
    alone.task.train = vectorise_more_babi(OnlineTask::stories(epoch), alone.task);
    BabiLearner expected = make_learner(plain.model, alone.task, 0);
    CHECK(epochs.back() == losses_of(expected, Part::train));
  }
  CHECK(epochs[1] != epochs[2]);
  CHECK(online.learner.unknown_answers() == 0);
}

TEST_CASE("the stories of an epoch do not depend on threads or on the epochs before", "[fit]") {
  const test::RuntimeGuard guard;
  std::vector<std::vector<real>> expected;
  for (const int threads : {1, 2}) {
    set_num_threads(threads);
    OnlineTask online, later;
    std::vector<std::vector<real>> losses;
    for (const int64_t epoch : {0, 1, 2}) losses.push_back(online.train_losses(epoch));
    CHECK(online.train_losses(2) == losses[2]);
    CHECK(online.train_losses(1) == losses[1]);
    CHECK(later.train_losses(2) == losses[2]);
    if (threads == 1) expected = losses;
    CHECK(losses == expected);
  }
}
