#include "hmem/tasks/babi/learner.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>

#include "catch.h"
#include "data/babi/dense_babi.h"
#include "hmem/core/hash.h"
#include "hmem/core/text.h"
#include "hmem/data/babi/files.h"
#include "hmem/optim/adam.h"
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

TEST_CASE("new stories from a later epoch on", "[fit]") {
  OnlineTask always, later;
  later.learner.set_new_stories(OnlineTask::stories, 2);
  const std::vector<real> first = later.train_losses(0);
  CHECK(later.train_losses(1) == first);
  CHECK(later.train_losses(2) == always.train_losses(2));
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

namespace {

/// Tasks 1 and 17 together, the last of each for validation in the middle of a story, with stories left out and ages
/// that skip: a short training.
class RenamedTraining {
 public:
  explicit RenamedTraining(const BabiRenaming& renaming) : renaming_(renaming) {
    BabiStories stories = generate_babi_epoch(1, 300, 1, {}, 0);
    append_stories(stories, generate_babi_epoch(17, 100, 1, {}, 0));
    BabiOptions options;
    options.max_num_sentences = 8;  // of 10 in a whole story of task 1: 60 questions less
    options.extra_ages = 0.5;
    task = vectorise_babi(stories, stories, options);
    REQUIRE(task.train.count() == 340);
    model_.reset(new HMemQa(make_model(task)));
    adam_ = std::make_unique<Adam>(model_->weights().parameters, Adam::Settings());
  }

  /// The classes of both tasks.
  static std::vector<RenamedExamples> found() {
    const RenamedTraining plain({});
    std::vector<RenamedExamples> parts = {find_exchangeable_words(plain.task, 0, 210),
                                          find_exchangeable_words(plain.task, 240, 325)};
    CHECK(parts[0].classes.size() == 2);
    CHECK(parts[1].classes.size() == 2);  // too few stories to find more than the mirror images
    parts[1].classes.push_back({{"pink rectangle"}, {"red square"}, {"triangle"}});
    return parts;
  }

  /// Losses of every epoch up to `epochs`, and the hash of the weights. May be called again to continue.
  std::vector<std::string> run(int64_t epochs) {
    BabiSplit split;
    for (int64_t i = 0; i < 340; ++i) (i < 210 || (i >= 240 && i < 325) ? split.train : split.validation).push_back(i);
    BabiLearner learner(*model_, task, split);
    learner.set_age_jitter({0.1, 5});
    learner.set_renaming(renaming_);
    FitSettings settings;
    settings.epochs = 100;
    settings.pause_after = epochs;
    settings.batch_size = 32;
    settings.seed = 1;
    settings.learning_rate = [](int64_t) { return 0.003; };
    settings.on_epoch = [this](const EpochReport& report) {
      for (const double value : {report.train.loss, report.train.error, report.validation.loss, report.largest_norm}) {
        log_.push_back(format_real(value));
      }
    };
    fit(learner, *adam_, settings, state_);
    log_.push_back(hash_text(value_hash(model_->weights())));
    return log_;
  }

  BabiTask task;

 private:
  BabiRenaming renaming_;
  std::unique_ptr<HMemQa> model_;
  std::unique_ptr<Adam> adam_;
  FitState state_;
  std::vector<std::string> log_;
};

}  // namespace

TEST_CASE("renaming that changes no name changes no bit of a training", "[fit][rename]") {
  const std::vector<RenamedExamples> found = RenamedTraining::found();
  const std::vector<std::string> plain = RenamedTraining({}).run(3);
  REQUIRE(plain.size() == 13);
  std::vector<RenamedExamples> nothing = found, alone = found;
  for (RenamedExamples& part : nothing) part.classes.clear();
  for (RenamedExamples& part : alone) {  // classes of one thing: the only permutation is the identity
    std::vector<ExchangeableWords> classes;
    for (const ExchangeableWords& things : part.classes) {
      for (const auto& thing : things) classes.push_back({thing});
    }
    part.classes = classes;
    CHECK(classes.size() >= 7);
  }
  CHECK(RenamedTraining({found, 0, 0, 1}).run(3) == plain);
  CHECK(RenamedTraining({nothing, 1, 0, 1}).run(3) == plain);
  CHECK(RenamedTraining({alone, 1, 0, 1}).run(3) == plain);
  CHECK(RenamedTraining({found, 1, 3, 1}).run(3) == plain);  // from an epoch that does not come
}

TEST_CASE("renaming: training stories change in every epoch, validation stories never", "[fit][rename]") {
  const BabiRenaming renaming = {RenamedTraining::found(), 0.5, 0, 1};
  const std::vector<std::string> plain = RenamedTraining({}).run(3), renamed = RenamedTraining(renaming).run(3);
  CHECK(renamed[0] != plain[0]);  // the first epoch is renamed, too
  CHECK(RenamedTraining(renaming).run(3) == renamed);
  BabiRenaming other = renaming;
  other.seed = 2;
  CHECK(RenamedTraining(other).run(3) != renamed);
  other = renaming;
  other.from = 2;
  const std::vector<std::string> later = RenamedTraining(other).run(3);
  CHECK(std::equal(later.begin(), later.begin() + 8, plain.begin()));
  CHECK(later[8] != plain[8]);

  RenamedTraining stopped(renaming);
  stopped.run(1);
  std::vector<std::string> log = stopped.run(3);  // with a new learner
  log.erase(log.begin() + 4);                     // the hash after one epoch
  CHECK(log == renamed);

  RenamedTraining training({});
  HMemQa model = make_model(training.task);
  BabiSplit split = split_babi(240, 0.125);
  BabiLearner learner(model, training.task, split);
  learner.set_renaming({{renaming.parts[0]}, 1, 0, 1});
  const std::vector<real> train = losses_of(learner, Part::train), validation = losses_of(learner, Part::validation),
                          test = losses_of(learner, Part::test);
  std::set<std::vector<real>> epochs = {train};
  for (const int64_t epoch : {0, 1, 7}) {
    learner.start_epoch(epoch);
    CHECK(epochs.insert(losses_of(learner, Part::train)).second);
    CHECK(losses_of(learner, Part::validation) == validation);
    CHECK(losses_of(learner, Part::test) == test);
  }
}
