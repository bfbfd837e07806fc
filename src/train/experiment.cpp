#include "hmem/train/experiment.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <random>
#include <type_traits>

#include "hmem/core/atomic_file.h"
#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/hash.h"
#include "hmem/core/interrupt.h"
#include "hmem/core/parallel.h"
#include "hmem/core/program.h"
#include "hmem/core/ranks.h"
#include "hmem/core/text.h"
#include "hmem/core/timer.h"
#include "hmem/kernels/blas.h"
#include "hmem/kernels/isa.h"
#include "hmem/optim/adam.h"
#include "hmem/optim/schedule.h"
#include "hmem/optim/sgd.h"
#include "hmem/train/replicas.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

/// Whether two names mean the same file, which need not exist.
bool same_file(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return false;
  std::error_code ignored;  // a path that cannot be resolved is reported when it is opened
  const auto whole = [&](const std::string& path) {
    return fs::weakly_canonical(fs::absolute(path, ignored), ignored);
  };
  return whole(a) == whole(b);
}

void check_other_file(const Options& options, const std::string& flag, const std::string& path,
                      const std::string& what) {
  const std::string& written = options.get_string(flag);
  if (!same_file(written, path)) return;
  throw UsageError("--" + flag + ": found " + quote(written) + ", the file of " + what + ", expected a different file");
}

std::unique_ptr<Checkpoint> open_checkpoint(const Options& options) {
  const std::string& path = options.get_string("checkpoint");
  if (ranks::rank() > 0 || !options.get_switch("resume") || !file_exists(path)) return nullptr;
  try {
    return std::make_unique<Checkpoint>(path);
  } catch (const Error& error) {
    fail(error.what(), "; without --resume the training starts from the beginning");
  }
}

uint64_t choose_seed(const Options& options, const Checkpoint* resumed) {
  if (const auto seed = options.get_optional_int("random_state")) return static_cast<uint64_t>(*seed);
  uint64_t seed = resumed ? resumed->seed() : std::random_device{}();
  ranks::broadcast(&seed, sizeof(seed));
  return seed;
}

/// Number of examples per update.
int64_t global_batch(const Options& options) {
  const int64_t given = options.get_int("global_batch"), part = options.get_int("batch_size_per_replica");
  return given > 0 ? given : part * ranks::count();
}

std::unique_ptr<Optimizer> make_optimizer(const TrainingSettings& settings, const Weights& weights) {
  if (settings.optimizer == OptimizerKind::sgd) {
    Sgd::Settings sgd;
    sgd.momentum = settings.momentum;
    sgd.nesterov = settings.nesterov;
    sgd.max_grad_norm = settings.max_grad_norm;
    sgd.weight_decay = settings.weight_decay;
    return std::make_unique<Sgd>(weights.parameters, sgd, weights.regularised);
  }
  Adam::Settings adam;
  adam.max_grad_norm = settings.max_grad_norm;
  adam.weight_decay = settings.weight_decay;
  return std::make_unique<Adam>(weights.parameters, adam, weights.regularised);
}

/// "epoch 3, step 17"
std::string place(const FitState& state) {
  return "epoch " + std::to_string(state.epoch) + ", step " + std::to_string(state.step);
}

Record epoch_record(const EpochReport& report) {
  Record line;
  line.add_int("epoch", report.epoch).add_real("train_loss", report.train.loss);
  line.add_real("train_error", report.train.error, 4).add_real("val_loss", report.validation.loss);
  line.add_real("val_error", report.validation.error, 4).add_real("learning_rate", report.learning_rate);
  line.add_real("grad_norm", report.largest_norm, 4).add_int("examples_per_s", std::llround(report.examples_per_s));
  return line;
}

Record step_times_record(const StepTimes& times) {
  Record line;
  line.add_real("step_ms_median", times.median_ms).add_real("step_ms_min", times.min_ms);
  line.add_real("examples_per_s", times.examples_per_s).add_real("peak_rss_mib", peak_rss_mib(), 4);
  return line;
}

const std::string* find(const Settings& settings, const std::string& name) {
  const auto found =
      std::find_if(settings.begin(), settings.end(), [&](const auto& setting) { return setting.first == name; });
  return found == settings.end() ? nullptr : &found->second;
}

}  // namespace

void add_threads_flag(Options& options) {
  options.add_int(
      "threads", 0,
      "largest number of threads; 0: OMP_NUM_THREADS, else one per processor, at most 16; does not change results",
      {0, 1024}, Role::neutral);
}

void add_training_flags(Options& options, const TrainingSettings& defaults) {
  add_flags(options, defaults);
  options.add_optional_int("random_state", "random seed; none: a seed is drawn and printed", {0, int64_t{1} << 62},
                           Role::run);
  add_threads_flag(options);
  options.add_int("limit_steps", 0, "measure the time of this many training steps, then stop; 0: train normally",
                  {0, 1000000000}, Role::run);
}

void add_output_flags(Options& options) {
  options.section("Output");
  options.add_file("save", "write the trained model to this file (safetensors)", Role::output);
  options.add_file("load", "start from this model, written by --save; with --epochs=0 it is only tested", Role::place);
  options.add_file("checkpoint", "save the state of the training in this file", Role::output);
  options.add_int("checkpoint_every", 10, "number of epochs between two checkpoints", {1, 1000000}, Role::neutral);
  options.add_switch("resume", false,
                     "continue from the file of --checkpoint if it exists, else start from the beginning", Role::run);
  options.add_int("stop_after", 0, "save the checkpoint and stop when this many epochs are done; 0: never",
                  {0, 1000000}, Role::run);
  options.add_file("out", "also write every output line as JSON to this file", Role::output);
  options.add_int("verbose", 1, "0: no epoch lines; 1: epoch lines and a progress bar; 2: epoch lines only", {0, 2},
                  Role::output);
  options.add_switch("quiet", false, "print only the final line", Role::output);
}

void check_training_flags(const Options& options) {
  const auto wrong = [](const std::string& text) { throw UsageError(text); };
  if (options.get_switch("keep_best") && options.get_real("validation_split") == 0) {
    wrong("--keep_best: found with --validation_split=0, expected validation examples to choose by");
  }
  const bool sgd = options.get_string("optimizer") == "sgd";
  for (const char* flag : {"momentum", "nesterov"}) {
    if (options.was_given(flag) && !sgd) wrong(std::string("--") + flag + ": found without --optimizer=sgd");
  }
  if (options.get_switch("nesterov") && options.get_real("momentum") == 0) {
    wrong("--nesterov: found with --momentum=0, expected a momentum");
  }
  if (options.get_string("checkpoint").empty()) {
    if (options.get_switch("resume")) wrong("--resume: found no --checkpoint, expected the file to continue from");
    if (options.get_int("stop_after") > 0) {
      wrong("--stop_after: found no --checkpoint, expected the file to save the state in");
    }
  }
  check_own_files(options);
  const int64_t batch = options.get_int("global_batch"), part = options.get_int("batch_size_per_replica");
  if (batch > 0 && batch < part) {
    wrong("--global_batch: found " + std::to_string(batch) +
          ", expected at least --batch_size_per_replica=" + std::to_string(part));
  }
  if (options.get_int("limit_steps") == 0) return;
  for (const std::string& flag : options.written_files()) {
    if (flag == "out" || options.get_string(flag).empty()) continue;
    wrong("--limit_steps: found with --" + flag + ", expected one of them: a timing run writes no files");
  }
}

void check_own_files(const Options& options) {
  const std::vector<std::string> written = options.written_files();
  for (size_t i = 0; i < written.size(); ++i) {
    for (size_t j = i + 1; j < written.size(); ++j) {
      check_other_file(options, written[i], options.get_string(written[j]), "--" + written[j]);
    }
    for (const Options::Flag& flag : options.flags()) {
      const bool read = flag.is_file && flag.role != Role::output && !(written[i] == "save" && flag.name == "load");
      if (read) check_other_file(options, written[i], flag.value, "--" + flag.name);
    }
  }
}

void check_not_written(const Options& options, const std::string& path, const std::string& what) {
  for (const std::string& flag : options.written_files()) check_other_file(options, flag, path, what);
}

void check_outputs(const Options& options) {
  for (const std::string& flag : options.written_files()) {
    const fs::path path = options.get_string(flag);
    // An --out that exists may be a device or a pipe.
    if (flag != "out" || !file_exists(path) || is_folder(path)) check_writable(path);
  }
}

void write_output(const Options& options, const std::string& flag, const std::function<std::string()>& text) {
  if (const std::string& path = options.get_string(flag); !path.empty()) write_file(path, text());
}

ModelInfo Experiment::model_info() const {
  ModelInfo info = model_facts;
  info.insert(model_settings.begin(), model_settings.end());
  info["model"] = model;
  return info;
}

void check_same_settings(const ModelFile& file, const Options& options, const Settings& model_settings) {
  for (const auto& [name, saved] : model_settings) {
    if (!options.has(name) || !options.was_given(name)) continue;
    HMEM_CHECK(same_setting(saved, options.text(name)), file.path(), ": the model has ", name, " ", saved, ", but --",
               name, "=", options.text(name), " was given");
  }
}

Settings run_info(const Options& options, uint64_t seed, const Experiment& experiment) {
  Settings info = {{"program", options.program()}};
  const bool needs_epochs = experiment.paper_rate_needs_epochs || options.get_string("schedule") != "paper";
  for (const Options::Flag& flag : options.flags()) {
    if (flag.role != Role::setting || (flag.name == "epochs" && !needs_epochs)) continue;
    if (flag.name == "global_batch") {
      const int64_t batch = global_batch(options);  // the same for any number of ranks
      if (batch != options.get_int("batch_size_per_replica")) info.emplace_back(flag.name, std::to_string(batch));
      continue;
    }
    const std::string* of_model = find(experiment.model_settings, flag.name);
    info.emplace_back(flag.name, of_model ? *of_model : flag.value);
  }
  info.emplace_back("seed", std::to_string(seed));
  for (const auto& [name, value] : experiment.model_facts) info.emplace_back("model." + name, value);
  info.insert(info.end(), experiment.data_facts.begin(), experiment.data_facts.end());
  return info;
}

TrainingRun::TrainingRun(const Options& options_in)
    : options(options_in),
      settings(config_of<TrainingSettings>(options_in)),
      checkpoint_(options_in.get_string("checkpoint")) {
  set_num_threads(static_cast<int>(options.get_int("threads")));
  kernel_set_name();  // throws when $HMEM_KERNELS names an unavailable set
  check_training_flags(options);
  resumed_ = open_checkpoint(options);
  seed = choose_seed(options, resumed_.get());
  check_outputs(options);
}

/// Creates optimizer, best and averaged weights; continues from the checkpoint if there is one.
void TrainingRun::prepare(Experiment& experiment) {
  const Weights weights = experiment.learner.weights();
  optimizer_ = make_optimizer(settings, weights);
  if (settings.keep_best) {
    if (experiment.learner.count(Learner::Part::validation) == 0) {
      throw UsageError("--keep_best: found no validation examples, expected some: give a larger --validation_split");
    }
    best_ = std::make_unique<Snapshot>(weights, "best.");
  }
  if (settings.weight_average > 0) average_ = std::make_unique<Snapshot>(weights, "average.");
  training_ = {weights, optimizer_.get(), best_.get(), average_.get(), {}};
  check_space(options.get_string("save"), stored_bytes(weights));
  check_space(checkpoint_, stored_bytes(all_tensors(training_)));
  const int64_t batch = global_batch(options);
  if (batch > settings.batch_size || ranks::count() > 1) {
    replicas_ = std::make_unique<Replicas>(batch, settings.batch_size, weights);
  }
  const Settings info = run_info(options, seed, experiment);
  if (resumed_) {
    resumed_->check_run(info, options.defaults());
    resumed_->copy_to(training_, settings.epochs);
  }
  if (ranks::count() > 1) share_start(info);
}

/// All ranks start from the state of rank 0; those with other data or settings fail.
void TrainingRun::share_start(const Settings& info) {
  Fnv1a hash;
  for (const auto& [name, value] : info) hash.add_bytes((name + "=" + value).data(), name.size() + 1 + value.size());
  uint64_t of_first = hash.value();
  ranks::broadcast(&of_first, sizeof(of_first));
  HMEM_CHECK(hash.value() == of_first,
             "found data or settings that differ from those of rank 0, expected the same files on every machine");
  static_assert(std::is_trivially_copyable_v<FitState>);
  ranks::broadcast(&training_.state, sizeof(FitState));
  int64_t steps = optimizer_->steps();
  ranks::broadcast(&steps, sizeof(steps));
  optimizer_->restore_steps(steps);
  const Weights all = all_tensors(training_);
  const auto share = [](Tensor& tensor) {
    ranks::broadcast(tensor.data(), tensor.count() * static_cast<int64_t>(sizeof(real)));
  };
  for (Parameter* parameter : all.parameters) share(parameter->value);
  for (Buffer* buffer : all.buffers) share(buffer->value);
}

FitSettings TrainingRun::fit_settings(const Experiment& experiment) const {
  FitSettings fit;
  fit.epochs = settings.epochs;
  fit.batch_size = global_batch(options);
  fit.evaluation_batch_size = settings.batch_size;
  fit.runner = replicas_.get();
  fit.seed = seed;
  fit.learning_rate = experiment.paper_rate;
  if (settings.schedule != Schedule::paper) {
    const auto decay = settings.schedule == Schedule::stable ? stable_decay : cosine_decay;
    const int64_t epochs = std::max<int64_t>(settings.epochs, 1);  // --limit_steps needs no epochs
    fit.learning_rate = [=, rate = settings.learning_rate](int64_t epoch) { return decay(rate, epoch, epochs); };
  }
  fit.stop_when_solved = settings.stop_when_solved;
  fit.average = average_.get();
  fit.average_decay = settings.weight_average;
  return fit;
}

/// Program and build, then every setting (of a loaded model, its own), then sizes and notes.
void TrainingRun::write_header(const Experiment& experiment, RunLog& log) const {
  const BuildInfo build = build_info();
  Record header, flags;
  header.add_text("program", options.program()).add_text("version", build.version).add_text("git", build.git_sha);
  header.add_text("compiler", build.compiler).add_text("kernels", kernel_set_name()).add_text("blas", blas_name());
  if (ranks::count() > 1) header.add_int("ranks", ranks::count()).add_text("mpi", ranks::library());
  header.add_int("threads", max_threads()).add_int("seed", static_cast<int64_t>(seed));
  log.write_header(header.add_text("data", experiment.data));
  for (const Options::Flag& flag : options.flags()) {
    const std::string* of_model = find(experiment.model_settings, flag.name);
    flags.add_text(flag.name, of_model ? *of_model : flag.value);
  }
  log.write_header(flags);
  log.write_header(experiment.sizes);
  for (const Options::Flag& flag : options.flags()) {
    if (flag.role == Role::unused && flag.given) log.write_note("--" + flag.name + " has no effect here");
  }
  for (const std::string& note : experiment.notes) log.write_note(note);
  const std::string& load = options.get_string("load");
  for (const std::string& note : {load.empty() ? "" : ModelFile(load).note(), resumed_ ? resumed_->note() : ""}) {
    if (!note.empty()) log.write_note(note);
  }
  if (const std::string note = blas_note(); !note.empty()) log.write_note(note);
  const int64_t parts = (global_batch(options) + settings.batch_size - 1) / settings.batch_size;
  if (parts < ranks::count()) {
    log.write_note("a batch has " + std::to_string(parts) + " part(s) of --batch_size_per_replica=" +
                   std::to_string(settings.batch_size) + ": " + std::to_string(ranks::count() - parts) + " of " +
                   std::to_string(ranks::count()) + " ranks have nothing to do");
  }
  if (const int strangers = ranks::strangers(); strangers > 0) {
    log.write_note(std::to_string(strangers) + " processes were started together, but this build has no MPI: each " +
                   "trains on its own; build with make MPI=1");
  }
}

/// Notes where a run continues, that it starts from the beginning in spite of --resume, or that it will replace a
/// checkpoint.
void TrainingRun::write_checkpoint_note(RunLog& log, bool finished) const {
  if (checkpoint_.empty()) return;
  if (resumed_ && finished) {
    log.write_note(checkpoint_ + " has all " + std::to_string(training_.state.epoch) +
                   " epochs of its training: the model is only tested");
  } else if (resumed_) {
    log.write_note("continues from " + checkpoint_ + " at " + place(training_.state));
  } else if (options.get_switch("resume")) {
    log.write_note("there is no checkpoint " + checkpoint_ + " yet: the training starts from the beginning");
  } else if (file_exists(checkpoint_)) {
    log.write_note("the checkpoint " + checkpoint_ + " will be replaced (--resume would continue from it)");
  }
}

int TrainingRun::train(Experiment& experiment) {
  prepare(experiment);
  const int64_t limit_steps = options.get_int("limit_steps"), verbose = options.get_int("verbose");
  FitSettings fit = fit_settings(experiment);
  if (experiment.on_start && limit_steps == 0) experiment.on_start(training_.state.epoch);
  RunLog log(std::cout, options.get_string("out"), resumed_ ? RunLog::OpenMode::append : RunLog::OpenMode::truncate);
  log.set_quiet(options.get_switch("quiet"));
  write_header(experiment, log);
  write_checkpoint_note(log, is_finished(fit, training_.state));
  if (experiment.after_header) experiment.after_header(log);
  if (limit_steps > 0) {
    log.write_final(step_times_record(time_steps(experiment.learner, *optimizer_, fit, limit_steps)));
    return 0;
  }
  Progress progress(std::cerr, Progress::for_stderr(options.get_switch("quiet") || verbose != 1));
  fit.progress = &progress;
  fit.on_epoch = [&](const EpochReport& report) {
    if (experiment.on_epoch) experiment.on_epoch(report);
    if (verbose != 0) log.write_epoch(epoch_record(report));
  };
  const Timer timer;
  if (const std::optional<int> stopped = train_with_checkpoints(experiment, fit, log)) return *stopped;
  const double seconds = timer.seconds();
  Record line = test(experiment, log);
  log.write_final(line.add_real("peak_rss_mib", peak_rss_mib(), 4).add_real("seconds", seconds, 4));
  return 0;
}

/// With a checkpoint the state is saved every few epochs and at the end, and SIGINT, SIGTERM and SIGHUP end the
/// training after the running step: the state is saved, a note says so, and the exit code is returned; so does
/// --stop_after, with exit code 0. Nothing is returned when the training is finished. Without a checkpoint signals have
/// their usual effect.
std::optional<int> TrainingRun::train_with_checkpoints(Experiment& experiment, FitSettings fit_settings, RunLog& log) {
  fit_settings.on_best = [this] {
    if (best_) best_->take();
  };
  if (checkpoint_.empty()) {
    fit(experiment.learner, *optimizer_, fit_settings, training_.state);
    return std::nullopt;
  }
  const Settings info = run_info(options, seed, experiment);
  const InterruptGuard guard;
  fit_settings.pause_after = options.get_int("stop_after");
  fit_settings.stop = [&guard] { return guard.signal() != 0; };
  std::string failed_output;
  fit_settings.on_epoch = [&failed_output, report = fit_settings.on_epoch](const EpochReport& epoch) {
    try {
      report(epoch);
    } catch (const Error& error) {
      failed_output = error.what();
    }
  };
  fit_settings.after_epoch = [&](const FitState& state) {
    if (!failed_output.empty() || state.epoch % options.get_int("checkpoint_every") == 0 ||
        is_finished(fit_settings, state)) {
      save_checkpoint(checkpoint_, info, training_);
    }
    if (!failed_output.empty()) {
      fail(failed_output, "; the training is saved at ", place(state), " in ", checkpoint_, ": --resume continues");
    }
  };
  if (fit(experiment.learner, *optimizer_, fit_settings, training_.state)) return std::nullopt;
  save_checkpoint(checkpoint_, info, training_);
  const auto signal = static_cast<int>(ranks::agree(guard.signal()));
  log.write_note(std::string(signal == 0 ? "--stop_after" : signal_name(signal)) + ": stopped at " +
                 place(training_.state) + " and saved " + checkpoint_ + "; --resume continues");
  return signal == 0 ? 0 : exit_code_of_signal(signal);
}

/// Saves and tests the weights of the last or of the best epoch; the final line up to the speed.
Record TrainingRun::test(Experiment& experiment, RunLog& log) {
  Learner& learner = experiment.learner;
  const int64_t epochs = training_.state.epoch, batch_size = settings.batch_size;
  if (best_) {
    best_->restore();
  } else if (average_) {
    average_->exchange();
  }
  FitState::Metrics tested = best_ ? training_.state.best : training_.state.last;
  const bool untrained = tested.epoch < 0, train_loss = !untrained || experiment.train_loss_of_untrained;
  const ShowProgress show = show_progress(options, "testing");
  if (untrained && train_loss) tested.train = evaluate(learner, Learner::Part::train, batch_size, show);
  if (untrained) tested.validation = evaluate(learner, Learner::Part::validation, batch_size, show);
  if (!options.get_string("save").empty()) {
    save_model(options.get_string("save"), experiment.model_info(), training_.weights);
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
