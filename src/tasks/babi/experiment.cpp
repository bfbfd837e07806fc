#include "hmem/tasks/babi/experiment.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "hmem/data/babi/files.h"
#include "hmem/tasks/babi/flags.h"
#include "hmem/tasks/babi/model_file.h"
#include "hmem/tasks/babi/run_info.h"
#include "hmem/tasks/babi/sweep.h"

namespace hmem {

namespace {

Record sizes_record(const Learner& learner, const BabiTask& task) {
  Record sizes;
  sizes.add_int("train", learner.count(Learner::Part::train));
  sizes.add_int("validation", learner.count(Learner::Part::validation));
  sizes.add_int("test", learner.count(Learner::Part::test)).add_int("vocabulary", task.vocabulary.size());
  sizes.add_int("words_per_sentence", task.words_per_sentence);
  sizes.add_int("max_num_sentences", task.max_num_sentences);
  return sizes;
}

/// Says what happened to stories that did not fit: figures below cover the rest.
void add_data_notes(std::vector<std::string>& notes, const BabiTask& task) {
  const auto note = [&notes](int64_t count, const std::string& text) {
    if (count > 0) notes.push_back(std::to_string(count) + " " + text);
  };
  note(task.train.left_out, "training questions left out: their stories are longer than max_num_sentences");
  note(task.test.left_out, "test questions left out: their stories are longer; the test error covers the rest");
  note(task.train.shortened, "training stories cut to their latest max_num_sentences sentences");
  note(task.test.shortened, "test stories cut to their latest max_num_sentences sentences");
  note(task.test.unknown_words, "words of the test file are not in the training data: read as nil");
  note(task.test.unknown_answers, "test answers are not in the training data: they count as errors");
  note(task.test.cut, "test sentences or questions are longer than those of the training data: cut");
}

}  // namespace

BabiRun::BabiRun(const Options& options_in, std::vector<int64_t> tasks_in)
    : run_(options_in), options(options_in), tasks(std::move(tasks_in)), seed(run_.seed) {
  check_babi_options(options);
}

void BabiRun::set_task(BabiTask task_in) { task = std::make_unique<BabiTask>(std::move(task_in)); }

void BabiRun::make_model() {
  HMemQa::Config config = babi_config(options, *task);
  std::optional<ModelFile> loaded;
  if (!options.get_string("load").empty()) {
    loaded.emplace(options.get_string("load"));
    config = babi_model_config(*loaded, number_list_text(tasks), *task);
    check_same_settings(*loaded, options, "max_num_sentences");  // it was, after it had been applied to the data
    set_regularisation(config, options);
  }
  model = std::make_unique<HMemQa>(config, seed);
  if (loaded) loaded->copy_to(model->parameters(), model->buffers());
}

void BabiRun::set_learner(std::unique_ptr<Learner> learner_in) { learner = std::move(learner_in); }

ModelInfo BabiRun::model_info() const { return babi_model_info(number_list_text(tasks), *task, model->config()); }

FitSettings BabiRun::fit_settings() const {
  FitSettings settings;
  settings.batch_size = options.get_int("batch_size_per_replica");
  settings.stop_when_solved = options.get_int("stop_when_solved");
  settings.learning_rate = babi_learning_rate(options, model->config());
  return settings;
}

/// Where the authors' program writes its log.
std::string BabiRun::csv_path() const {
  const auto given = options.get_optional_int("random_state");
  const ModelInfo info = model_info();
  return "results/" + info.at("task_id") + "_" + options.get_string("training_set_size") + "_" +
         info.at("encodings_type") + "_" + info.at("hops") + "-" + (given ? std::to_string(*given) : "None") + ".log";
}

int BabiRun::train() {
  Experiment experiment;
  experiment.learner = learner.get();
  experiment.parameters = model->parameters();
  experiment.buffers = model->buffers();
  experiment.max_grad_norm = options.get_real("max_grad_norm");
  experiment.fit = fit_settings();
  experiment.model = model_info();
  experiment.run_info = babi_run_info(options, seed, experiment.model, *task);
  experiment.data = data;
  experiment.sizes = sizes_record(*learner, *task);
  experiment.notes = notes;
  add_data_notes(experiment.notes, *task);
  if (ranges.empty()) {
    experiment.title.add_int("task_id", tasks.front());
  } else {
    experiment.title.add_text("tasks", number_list_text(tasks));
  }
  experiment.test = [this](RunLog& log) { return test(log); };
  experiment.train_loss_of_untrained = true;
  if (options.get_int("logging") == 1) {
    experiment.on_start = [this](int64_t epoch) { csv_ = std::make_unique<KerasCsvLog>(csv_path(), epoch); };
    experiment.on_epoch = [this](const EpochReport& report) { csv_->write_epoch(report); };
  }
  return run_.train(experiment);
}

Record BabiRun::test(RunLog& log) {
  const int64_t batch_size = options.get_int("batch_size_per_replica");
  const bool joint = !ranges.empty();
  const JointResults results = joint ? evaluate_tasks(*learner, ranges, batch_size) : JointResults();
  for (const TaskResult& result : results.tasks) log.write_task(task_record(result));
  const Evaluation found = joint ? results.test : evaluate(*learner, Learner::Part::test, batch_size);
  if (csv_) csv_->write_test(found.error);
  Record line;
  line.add_real("test_loss", found.loss).add_real("test_error", found.error, 4);
  if (!joint) return line;
  line.add_real("mean_val_error", results.mean_val_error, 4).add_real("mean_error", results.mean_error, 4);
  return line.add_int("failed_tasks", results.failed_tasks);
}

namespace {

/// Trains on the stories of the run, or with --online on `new_stories` of every epoch.
std::unique_ptr<Learner> make_babi_learner(const BabiRun& run, BabiSplit split,
                                           BabiOnlineLearner::StoriesOfEpoch new_stories) {
  std::unique_ptr<BabiLearner> learner;
  if (run.options.get_switch("online")) {
    learner = std::make_unique<BabiOnlineLearner>(*run.model, *run.task, std::move(split), std::move(new_stories));
  } else {
    learner = std::make_unique<BabiLearner>(*run.model, *run.task, std::move(split));
  }
  learner->set_age_jitter({run.options.get_real("age_jitter"), run.seed});
  return learner;
}

}  // namespace

int run_babi_experiment(const Options& options, int64_t task_id) {
  BabiRun run(options, {task_id});
  run.set_task(load_babi_task(options, task_id, run.seed, run.data));
  run.make_model();
  BabiSplit split = split_babi(run.task->train.count(), options.get_real("validation_split"));
  const auto new_stories = [task = static_cast<int>(task_id), count = static_cast<int64_t>(split.train.size()),
                            seed = run.seed, stories = babi_story_options(options)](int64_t epoch) {
    return generate_babi_epoch(task, count, seed, stories, epoch);
  };
  run.set_learner(make_babi_learner(run, std::move(split), new_stories));
  return run.train();
}

int run_babi_joint_experiment(const Options& options) {
  std::vector<int64_t> tasks = parse_number_list("tasks", options.get_string("tasks"), {1, 20});
  std::sort(tasks.begin(), tasks.end());
  BabiRun run(options, tasks);
  BabiJointData joint = load_babi_joint(BabiDataFlags(options, run.seed), tasks, options.get_real("validation_split"));
  run.data = joint.description;
  run.ranges = joint.ranges;
  run.notes = joint.notes;
  run.set_task(std::move(joint.task));
  run.make_model();
  const auto new_stories = [ranges = run.ranges, seed = run.seed, stories = babi_story_options(options)](
                               int64_t epoch) { return generate_joint_epoch(ranges, seed, stories, epoch); };
  run.set_learner(make_babi_learner(run, std::move(joint.split), new_stories));
  return run.train();
}

}  // namespace hmem
