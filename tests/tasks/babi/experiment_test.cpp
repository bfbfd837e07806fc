#include "hmem/tasks/babi/experiment.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "catch.h"
#include "hmem/core/hash.h"
#include "hmem/optim/adam.h"
#include "hmem/optim/schedule.h"
#include "hmem/tasks/babi/flags.h"
#include "support/runtime_guard.h"
#include "support/temp_folder.h"

using namespace hmem;
using Part = Learner::Part;

namespace {

/// A bAbI program up to its training, on generated stories.
struct Program {
  Program(Options program, std::vector<const char*> flags, const std::vector<int64_t>& tasks)
      : options(parsed(std::move(program), std::move(flags))),
        run(options),
        data(load_babi_data(BabiDataFlags(options, run.seed), tasks, tasks.size() > 1)),
        model(make_babi_model(options, data, run.seed)),
        learner(make_babi_learner(run, *model, data)) {}

  static Options parsed(Options options, std::vector<const char*> flags) {
    flags.insert(flags.begin(), {"p", "--data_dir=generated", "--random_state=1"});
    options.parse(static_cast<int>(flags.size()), flags.data());
    return options;
  }
  Experiment experiment() { return babi_experiment(run, *model, data, *learner); }

  test::RuntimeGuard guard;
  Options options;
  TrainingRun run;
  BabiData data;
  std::unique_ptr<QaModel> model;
  std::unique_ptr<BabiLearner> learner;
};

std::map<std::string, std::string> facts_of(const Experiment& experiment) {
  return {experiment.data_facts.begin(), experiment.data_facts.end()};
}

}  // namespace

TEST_CASE("what a bAbI program says about its model and data", "[babi]") {
  Program program(babi_task_single_options(), {"--training_set_size=40", "--hops=2", "--learning_rate=0.01"}, {4});
  const Experiment experiment = program.experiment();
  CHECK(experiment.model == "hmem_qa");
  CHECK(experiment.model_settings == program.model->settings());
  CHECK(experiment.model_facts == babi_model_facts("4", program.data.task));
  CHECK(facts_of(experiment) == std::map<std::string, std::string>{{"questions_hash", program.data.hash()}});
  CHECK(experiment.sizes.to_text().find("train=36 validation=4 test=1000 vocabulary=") == 0);
  CHECK(experiment.title.to_text() == "task_id=4");
  CHECK(experiment.data == program.data.description);
  CHECK_FALSE(experiment.paper_rate_needs_epochs);
  CHECK(experiment.paper_rate(25) == step_decay(0.01, 25, 0.85, 20));
  CHECK_FALSE(experiment.on_start);

  const ModelInfo info = experiment.model_info();
  CHECK(info.at("model") == "hmem_qa");
  CHECK(info.at("hops") == "2");
  CHECK(info.at("task_id") == "4");

  Program other(babi_task_joint_options(), {"--training_set_size=40", "--read_before_write", "--logging=1"}, {15, 1});
  const Experiment joint = other.experiment();
  CHECK(joint.title.to_text() == "tasks=1,15");
  CHECK(joint.paper_rate(200) == exponential_decay(0.003, 200, 150, 0.01));
  CHECK(joint.on_start);
}

TEST_CASE("a bAbI program that starts from a model names it", "[babi]") {
  const test::TempFolder folder;
  Program first(babi_task_single_options(), {"--training_set_size=40"}, {1});
  save_model(folder.file("m"), first.experiment().model_info(), first.model->weights());
  const std::string load = "--load=" + folder.file("m");
  Program second(babi_task_single_options(), {"--training_set_size=40", load.c_str()}, {1});
  CHECK(facts_of(second.experiment()).at("start_hash") == hash_text(value_hash(first.model->weights())));
}

TEST_CASE("a bAbI learner as the flags say: penalty, new stories in every epoch", "[babi]") {
  Program plain(babi_task_single_options(), {"--training_set_size=40", "--l2=0"}, {1});
  Program other(babi_task_single_options(), {"--training_set_size=40", "--l2=0.5", "--online"}, {1});
  const auto loss = [](Program& program) { return evaluate(*program.learner, Part::train, 100).loss; };
  CHECK(loss(other) > loss(plain) + 1);
  const double before = loss(other);
  plain.learner->start_epoch(1);
  other.learner->start_epoch(1);
  CHECK(plain.learner->count(Part::train) == 36);
  CHECK(other.learner->count(Part::train) == 36);
  CHECK(loss(other) != before);
}

TEST_CASE("--rename: classes of each task, named in a note", "[babi][rename]") {
  const std::vector<const char*> flags = {"--training_set_size=2000", "--rename=1", "--rename_from=1"};
  Program program(babi_task_joint_options(), flags, {1, 19});
  const std::vector<std::string> notes = program.experiment().notes;
  REQUIRE(notes.size() == 2);
  CHECK(notes[0] ==
        "task 1: --rename permutes 10 words of 2 classes: bathroom bedroom garden hallway kitchen office, daniel john "
        "mary sandra");
  CHECK(notes[1] ==
        "task 19: --rename permutes 10 words of 3 classes: bathroom bedroom garden hallway kitchen office, north/n "
        "south/s, east/e west/w");
  const std::vector<RenamedExamples>& parts = program.data.renaming;
  REQUIRE(parts.size() == 2);
  CHECK(parts[0].begin == 0);
  CHECK(parts[0].end == 1800);
  CHECK(parts[1].begin == 2000);
  CHECK(parts[1].end == 3800);
  const auto loss = [&](Part part) { return evaluate(*program.learner, part, 100).loss; };
  const double train = loss(Part::train), validation = loss(Part::validation);
  program.learner->start_epoch(0);
  CHECK(loss(Part::train) == train);
  program.learner->start_epoch(1);
  CHECK(loss(Part::train) != train);
  CHECK(loss(Part::validation) == validation);
  CHECK(Program(babi_task_single_options(), {"--training_set_size=40"}, {1}).data.renaming.empty());
}

TEST_CASE("joint results: means over tasks, and over all questions", "[joint]") {
  /// Examples below `right` are answered; loss is the number of the example.
  class FixedLearner : public Learner {
   public:
    int64_t count(Part part) const override { return part == Part::train ? 0 : 40; }
    BatchResult run(Tape& tape, Part part, const int64_t* examples, int64_t count) override {
      BatchResult result;
      loss_[0] = 0;
      for (int64_t i = 0; i < count; ++i) {
        result.errors += examples[i] >= (part == Part::validation ? 10 : 19);
        loss_[0] += static_cast<real>(examples[i]) / static_cast<real>(count);
      }
      result.loss = tape.constant(loss_);
      return result;
    }
    Weights weights() override { return {}; }

   private:
    Tensor loss_{Shape{1}};
  } learner;
  const std::vector<BabiTaskRange> ranges = {{4, {}, {0, 20}, {0, 20}}, {7, {}, {20, 40}, {20, 24}}};
  const JointResults results = evaluate_tasks(learner, ranges, 3);
  REQUIRE(results.tasks.size() == 2);
  CHECK(results.tasks[0].validation.means().error == Approx(50));
  CHECK(results.tasks[0].test.means().error == Approx(5));
  CHECK(results.tasks[0].test.means().loss == Approx(9.5));
  CHECK(results.tasks[1].test.means().error == Approx(100));
  CHECK(results.mean_val_error == Approx(75));
  CHECK(results.mean_error == Approx(52.5));
  CHECK(results.failed_tasks == 1);  // 5 % is no failure
  CHECK(results.test.error == Approx(100.0 * 5 / 24));
  CHECK(results.test.loss == Approx(11.5));
  CHECK(task_record(results.tasks[1]).to_text() ==
        "task_id=7 train_questions=0 val_questions=20 test_questions=4 val_error=100 test_error=100");
  CHECK(std::isnan(evaluate_tasks(learner, {{4, {}, {}, {0, 20}}}, 3).mean_val_error));
  CHECK_THROWS_AS(evaluate_tasks(learner, {{4, {}, {}, {30, 41}}}, 3), Error);
}

TEST_CASE("two tasks are learned together", "[learn]") {
  Program program(babi_task_joint_options(), {"--training_set_size=3000", "--embeddings_size=32", "--memory_size=40"},
                  {1, 15});
  BabiLearner& learner = *program.learner;
  const std::vector<BabiTaskRange>& ranges = program.data.ranges;
  for (const TaskResult& result : evaluate_tasks(learner, ranges, 100).tasks) {
    CHECK(result.test.means().error > 50);
  }
  Adam::Settings adam_settings;
  adam_settings.max_grad_norm = 20;
  Adam adam(learner.weights().parameters, adam_settings);
  FitSettings settings;
  settings.epochs = 8;
  settings.batch_size = 64;
  settings.seed = 1;
  settings.learning_rate = [](int64_t) { return 0.006; };
  fit(learner, adam, settings);
  for (const TaskResult& result : evaluate_tasks(learner, ranges, 100).tasks) {
    INFO("task " << result.range.task);
    CHECK(result.test.means().error <= 2);
  }
}
