#include "hmem/train/experiment.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <random>
#include <set>

#include "hmem/core/check.h"
#include "hmem/core/interrupt.h"
#include "hmem/core/parallel.h"
#include "hmem/core/program.h"
#include "hmem/core/text.h"
#include "hmem/core/timer.h"
#include "hmem/kernels/isa.h"
#include "hmem/train/run_output.h"

namespace hmem {

namespace {

uint64_t choose_seed(const Options& options, const Checkpoint* resumed) {
  if (const auto seed = options.get_optional_int("random_state")) return static_cast<uint64_t>(*seed);
  return resumed ? resumed->seed() : std::random_device{}();
}

/// Nothing is written before it is known that everything can be.
void check_outputs(const Options& options, std::vector<std::string> written) {
  written.insert(written.end(), {"save", "checkpoint"});
  for (const std::string& flag : written) check_writable(options.get_string(flag));
  // An --out that exists may be a device or a pipe.
  const std::filesystem::path out = options.get_string("out");
  if (!std::filesystem::exists(out) || std::filesystem::is_directory(out)) check_writable(out);
}

}  // namespace

void add_run_options(Options& options) {
  options.add_optional_int("random_state", "seed; none: drawn and printed", {0, int64_t{1} << 62});
  options.add_int("threads", std::min(available_threads(), 16), "threads; results do not depend on it", {1, 1024});
  options.add_int("limit_steps", 0, "time this many training steps and stop", {0, 1000000000});
}

void add_output_options(Options& options) {
  options.section("Output");
  options.add_string("save", "", "write the trained model (safetensors)");
  options.add_string("load", "", "start from this model");
  add_checkpoint_options(options);
  options.add_string("out", "", "also write every line as JSON to this file");
  options.add_int("verbose", 1, "0: no line per epoch; 1: with progress bar; 2: without", {0, 2});
  options.add_switch("quiet", false, "only the final line");
}

void check_same_settings(const ModelFile& file, const Options& options, const std::string& compared_later) {
  for (const auto& [name, value] : options.settings()) {
    const auto saved = file.info().find(name);
    if (saved == file.info().end() || !options.was_given(name)) continue;
    if (name == compared_later) continue;
    HMEM_CHECK(same_setting(saved->second, value), file.path(), ": the model has ", name, " ", saved->second,
               ", but --", name, "=", value, " was given");
  }
}

void check_same_model(const ModelFile& file, const ModelInfo& model) {
  file.expect_model();
  const auto check = [&](const std::string& name) {
    const std::string &found = file.require(name), &expected = model.at(name);
    HMEM_CHECK(found == expected, file.path(), ": ", name, ": found ", quote(found), ", expected ", quote(expected),
               "; the file holds another model");
  };
  if (model.count("model") == 1) check("model");  // the cause of other differences
  for (const auto& [name, value] : model) check(name);
}

bool flag_has_effect(const std::string& name) {
  static const std::set<std::string> without = {"random_state",     "threads",   "limit_steps", "save",    "checkpoint",
                                                "checkpoint_every", "resume",    "out",         "verbose", "quiet",
                                                "epochs",           "stop_after"};
  return without.count(name) == 0;
}

RunInfo run_info(const Options& options, uint64_t seed, const ModelInfo& model,
                 const std::vector<std::string>& without_effect) {
  const std::set<std::string> left_out(without_effect.begin(), without_effect.end());
  RunInfo info = {{"program", options.program()}};
  std::set<std::string> done;
  for (const auto& [name, value] : options.settings()) {
    if (left_out.count(name) == 1 || !flag_has_effect(name)) continue;
    const auto of_model = model.find(name);
    info.emplace_back(name, of_model != model.end() ? of_model->second : value);
    done.insert(name);
  }
  info.emplace_back("seed", std::to_string(seed));
  for (const auto& [name, value] : model) {
    if (done.count(name) == 0) info.emplace_back(name, value);
  }
  return info;
}

ExperimentRun::ExperimentRun(const Options& options_in, const std::vector<std::string>& written)
    : options(options_in), checkpoint_settings_(checkpoint_settings(options_in)) {
  set_num_threads(static_cast<int>(options.get_int("threads")));
  kernel_set_name();  // throws when $HMEM_KERNELS asks for one that is not here
  std::vector<std::string> files = {"checkpoint", "out", "save"};
  files.insert(files.end(), written.begin(), written.end());
  check_own_files(options, files);
  check_timing(options, files);
  resumed_ = open_checkpoint(checkpoint_settings_);
  seed = choose_seed(options, resumed_.get());
  check_outputs(options, written);
}

/// Optimizer and what follows the weights; continues from the checkpoint where there is one.
void ExperimentRun::prepare(Experiment& experiment) {
  experiment.fit.seed = seed;
  experiment.fit.epochs = options.get_int("epochs");
  Adam::Settings adam_settings;
  adam_settings.max_grad_norm = experiment.max_grad_norm;
  adam_ = std::make_unique<Adam>(experiment.learner->parameters(), adam_settings);
  if (options.has("keep_best") && options.get_switch("keep_best")) {
    if (experiment.learner->count(Learner::Part::validation) == 0) {
      throw UsageError("--keep_best: found no validation examples, expected some: give a larger --validation_split");
    }
    best_ = std::make_unique<BestWeights>(experiment.parameters, experiment.buffers);
  }
  const double decay = options.has("weight_average") ? options.get_real("weight_average") : 0;
  if (decay > 0) average_ = std::make_unique<WeightAverage>(experiment.parameters, experiment.buffers, decay);
  training_ = {experiment.parameters, experiment.buffers, adam_.get(), best_.get(), average_.get(), {}};
  if (!resumed_) return;
  resumed_->check_run(experiment.run_info);
  resumed_->copy_to(training_, experiment.fit.epochs);
}

int ExperimentRun::train(Experiment& experiment) {
  prepare(experiment);
  const int64_t limit_steps = options.get_int("limit_steps");
  if (experiment.on_start && limit_steps == 0) experiment.on_start(training_.state.epoch);
  RunLog log(std::cout, options.get_string("out"), resumed_ ? RunLog::OpenMode::kAppend : RunLog::OpenMode::kTruncate);
  log.set_quiet(options.get_switch("quiet"));
  write_run_header(log, options, seed, experiment.data, experiment.model);
  log.write_header(experiment.sizes);
  for (const std::string& note : experiment.notes) log.write_note(note);
  write_checkpoint_note(log, checkpoint_settings_, resumed_.get(), training_.state,
                        is_finished(experiment.fit, training_.state));
  if (experiment.after_header) experiment.after_header(log);
  if (limit_steps == 0) return train_and_test(experiment, log);
  log.write_final(step_times_record(time_steps(*experiment.learner, *adam_, experiment.fit, limit_steps)));
  return 0;
}

int ExperimentRun::train_and_test(Experiment& experiment, RunLog& log) {
  const int64_t verbose = options.get_int("verbose");
  Progress progress(std::cerr, Progress::for_stderr(options.get_switch("quiet") || verbose != 1));
  FitSettings settings = experiment.fit;
  settings.progress = &progress;
  settings.on_epoch = [&](const EpochReport& report) {
    if (experiment.on_epoch) experiment.on_epoch(report);
    if (verbose != 0) log.write_epoch(epoch_record(report));
  };
  const Timer timer;
  const std::optional<int> stopped =
      train_with_checkpoints(*experiment.learner, training_, settings, checkpoint_settings_, experiment.run_info, log);
  if (stopped) return *stopped;
  const double seconds = timer.seconds();
  Record line = test(experiment, log);
  line.add_real("peak_rss_mib", peak_rss_mib(), 4).add_real("seconds", seconds, 4);
  log.write_final(line);
  return 0;
}

/// Saves and tests the weights of the last or of the best epoch; the final line up to the speed.
Record ExperimentRun::test(Experiment& experiment, RunLog& log) {
  Learner& learner = *experiment.learner;
  const int64_t epochs = training_.state.epoch, batch_size = experiment.fit.batch_size;
  if (best_) {
    best_->restore();
  } else if (average_) {
    average_->exchange();
  }
  FitState::Figures tested = best_ ? training_.state.best : training_.state.last;
  const bool untrained = tested.epoch < 0, train_loss = !untrained || experiment.train_loss_of_untrained;
  if (untrained && train_loss) tested.train = evaluate(learner, Learner::Part::train, batch_size);
  if (untrained) tested.validation = evaluate(learner, Learner::Part::validation, batch_size);
  if (!options.get_string("save").empty()) {
    save_model(options.get_string("save"), experiment.model, experiment.parameters, experiment.buffers);
  }
  Record line = experiment.title;
  line.add_int("epochs", epochs);
  if (train_loss) line.add_real("train_loss", tested.train.loss);
  line.add_real("val_error", tested.validation.error, 4);
  line.append(experiment.test(log));
  if (best_ && !untrained) line.add_int("best_epoch", tested.epoch);
  const double examples = static_cast<double>(epochs * learner.count(Learner::Part::train));
  const double training_seconds = training_.state.training_seconds;
  line.add_int("examples_per_s", training_seconds > 0 ? std::llround(examples / training_seconds) : 0);
  return line;
}

}  // namespace hmem
