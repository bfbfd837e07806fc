#include "hmem/train/babi_experiment.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <optional>
#include <utility>

#include "hmem/core/check.h"
#include "hmem/core/interrupt.h"
#include "hmem/core/parallel.h"
#include "hmem/core/program.h"
#include "hmem/core/timer.h"
#include "hmem/data/babi_files.h"
#include "hmem/kernels/isa.h"
#include "hmem/train/babi_model_file.h"
#include "hmem/train/babi_options.h"
#include "hmem/train/babi_run_info.h"
#include "hmem/train/babi_sweep.h"
#include "hmem/train/experiment.h"
#include "hmem/train/run_output.h"

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
void write_data_notes(RunLog& log, const BabiTask& task) {
  const auto note = [&log](int64_t count, const std::string& text) {
    if (count > 0) log.write_note(std::to_string(count) + " " + text);
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
    : options(options_in), tasks(std::move(tasks_in)), seed(0), checkpoint_settings_(checkpoint_settings(options_in)) {
  set_num_threads(static_cast<int>(options.get_int("threads")));
  kernel_set_name();  // throws when $HMEM_KERNELS asks for one that is not here
  resumed_ = open_checkpoint(checkpoint_settings_);
  seed = choose_seed(options, resumed_.get());
}

void BabiRun::set_task(BabiTask task_in) { task = std::make_unique<BabiTask>(std::move(task_in)); }

void BabiRun::make_model() {
  HMemQa::Config config = babi_config(options, *task);
  std::optional<ModelFile> loaded;
  if (!options.get_string("load").empty()) {
    loaded.emplace(options.get_string("load"));
    config = babi_model_config(*loaded, number_list_text(tasks), *task);
    check_same_settings(*loaded, options);
    set_regularisation(config, options);
  }
  model = std::make_unique<HMemQa>(config, seed);
  if (loaded) loaded->copy_to(model->parameters(), model->buffers());

  Adam::Settings adam_settings;
  adam_settings.max_grad_norm = options.get_real("max_grad_norm");
  adam_ = std::make_unique<Adam>(model->parameters(), adam_settings);
  if (options.get_switch("keep_best")) best_ = std::make_unique<BestWeights>(model->parameters(), model->buffers());
  const double decay = options.get_real("weight_average");
  if (decay > 0) average_ = std::make_unique<WeightAverage>(model->parameters(), model->buffers(), decay);
  training_ = {model->parameters(), model->buffers(), adam_.get(), best_.get(), average_.get(), {}};
}

void BabiRun::set_learner(std::unique_ptr<Learner> learner_in) {
  learner = std::move(learner_in);
  if (best_ && learner->count(Learner::Part::validation) == 0) {
    throw UsageError("--keep_best: found no validation questions, expected some: give a larger --validation_split");
  }
  if (!resumed_) return;
  resumed_->check_run(run_info());
  resumed_->copy_to(training_, options.get_int("epochs"));
}

ModelInfo BabiRun::model_info() const { return babi_model_info(number_list_text(tasks), *task, model->config()); }

RunInfo BabiRun::run_info() const { return babi_run_info(options, seed, model_info(), *task); }

FitSettings BabiRun::fit_settings() const {
  FitSettings settings;
  settings.epochs = options.get_int("epochs");
  settings.batch_size = options.get_int("batch_size_per_replica");
  settings.seed = seed;
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

/// Nothing is written before it is known that everything can be.
void BabiRun::check_outputs() const {
  check_writable(options.get_string("save"));
  check_writable(checkpoint_settings_.path);
  // An --out that exists may be a device or a pipe.
  const std::filesystem::path out = options.get_string("out");
  if (!std::filesystem::exists(out) || std::filesystem::is_directory(out)) check_writable(out);
}

void BabiRun::write_notes(RunLog& log) const {
  for (const std::string& note : notes) log.write_note(note);
  write_data_notes(log, *task);
  write_checkpoint_note(log, checkpoint_settings_, resumed_.get(), training_.state,
                        is_finished(fit_settings(), training_.state));
}

int BabiRun::train() {
  check_outputs();
  const int64_t limit_steps = options.get_int("limit_steps");
  std::unique_ptr<KerasCsvLog> csv;
  if (options.get_int("logging") == 1 && limit_steps == 0) {
    csv = std::make_unique<KerasCsvLog>(csv_path(), training_.state.epoch);
  }
  RunLog log(std::cout, options.get_string("out"), resumed_ ? RunLog::OpenMode::kAppend : RunLog::OpenMode::kTruncate);
  log.set_quiet(options.get_switch("quiet"));
  write_run_header(log, options, seed, data, model_info());
  log.write_header(sizes_record(*learner, *task));
  write_notes(log);
  if (limit_steps == 0) return train_and_test(log, csv.get());
  log.write_final(step_times_record(time_steps(*learner, *adam_, fit_settings(), limit_steps)));
  return 0;
}

int BabiRun::train_and_test(RunLog& log, KerasCsvLog* csv) {
  const int64_t verbose = options.get_int("verbose");
  Progress progress(std::cerr, Progress::for_stderr(options.get_switch("quiet") || verbose != 1));
  FitSettings settings = fit_settings();
  settings.progress = &progress;
  settings.on_epoch = [&](const EpochReport& report) {
    if (csv) csv->write_epoch(report);
    if (verbose != 0) log.write_epoch(epoch_record(report));
  };
  const Timer timer;
  const int signal = train_with_checkpoints(*learner, training_, settings, checkpoint_settings_, run_info(), log);
  if (signal != 0) return exit_code_of_signal(signal);
  const double seconds = timer.seconds();
  Record line = test(log, csv);
  line.add_real("peak_rss_mib", peak_rss_mib(), 4).add_real("seconds", seconds, 4);
  log.write_final(line);
  return 0;
}

/// Tests and saves the weights of the last or of the best epoch; the final line up to the speed.
Record BabiRun::test(RunLog& log, KerasCsvLog* csv) {
  const int64_t epochs = training_.state.epoch, batch_size = options.get_int("batch_size_per_replica");
  if (best_) {
    best_->restore();
  } else if (average_) {
    average_->exchange();
  }
  FitState::Figures tested = best_ ? training_.state.best : training_.state.last;
  if (tested.epoch < 0) {
    tested.train = evaluate(*learner, Learner::Part::train, batch_size);
    tested.validation = evaluate(*learner, Learner::Part::validation, batch_size);
  }
  const bool joint = !ranges.empty();
  const JointResults results = joint ? evaluate_tasks(*learner, ranges, batch_size) : JointResults();
  for (const TaskResult& result : results.tasks) log.write_task(task_record(result));
  const Evaluation found = joint ? results.test : evaluate(*learner, Learner::Part::test, batch_size);
  if (csv) csv->write_test(found.error);
  if (!options.get_string("save").empty()) {
    save_model(options.get_string("save"), model_info(), model->parameters(), model->buffers());
  }

  const double examples = static_cast<double>(epochs * learner->count(Learner::Part::train));
  const double training_seconds = training_.state.training_seconds;
  Record line;
  if (joint) {
    line.add_text("tasks", number_list_text(tasks));
  } else {
    line.add_int("task_id", tasks.front());
  }
  line.add_int("epochs", epochs).add_real("train_loss", tested.train.loss);
  line.add_real("val_error", tested.validation.error, 4).add_real("test_loss", found.loss);
  line.add_real("test_error", found.error, 4);
  if (joint) {
    line.add_real("mean_val_error", results.mean_val_error, 4).add_real("mean_error", results.mean_error, 4);
    line.add_int("failed_tasks", results.failed_tasks);
  }
  if (best_) line.add_int("best_epoch", tested.epoch);
  line.add_int("examples_per_s", training_seconds > 0 ? std::llround(examples / training_seconds) : 0);
  return line;
}

std::unique_ptr<Learner> make_babi_learner(const BabiRun& run) {
  const double split = run.options.get_real("validation_split");
  const AgeJitter jitter = {run.options.get_real("age_jitter"), run.seed};
  std::unique_ptr<BabiLearner> learner;
  if (!run.options.get_switch("online")) {
    learner = std::make_unique<BabiLearner>(*run.model, *run.task, split);
    learner->set_age_jitter(jitter);
    return learner;
  }
  const auto new_stories = [task = static_cast<int>(run.tasks.front()),
                            count = training_count(run.task->train.count(), split), seed = run.seed,
                            stories = babi_story_options(run.options)](int64_t epoch) {
    return generate_babi_epoch(task, count, seed, stories, epoch);
  };
  learner = std::make_unique<BabiOnlineLearner>(*run.model, *run.task, split, new_stories);
  learner->set_age_jitter(jitter);
  return learner;
}

int run_babi_experiment(const Options& options, int64_t task_id) {
  BabiRun run(options, {task_id});
  run.set_task(load_babi_task(options, task_id, run.seed, run.data));
  run.make_model();
  run.set_learner(make_babi_learner(run));
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
  std::unique_ptr<BabiLearner> learner;
  if (options.get_switch("online")) {
    learner = std::make_unique<BabiOnlineLearner>(
        *run.model, *run.task, joint.split,
        [ranges = run.ranges, seed = run.seed, stories = babi_story_options(options)](int64_t epoch) {
          return generate_joint_epoch(ranges, seed, stories, epoch);
        });
  } else {
    learner = std::make_unique<BabiLearner>(*run.model, *run.task, joint.split);
  }
  learner->set_age_jitter({options.get_real("age_jitter"), run.seed});
  run.set_learner(std::move(learner));
  return run.train();
}

}  // namespace hmem
