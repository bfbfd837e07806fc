#pragma once
/// \file experiment.h
/// A training program of any kind, from its flags to its final line:
///
///     TrainingRun run(options);          // threads, seed, checkpoint
///     ...                                // the program's part: data, model, learner, drawn from run.seed
///     Experiment experiment(learner);    // describes them for the run
///     return run.train(experiment);      // header, training, test, final line

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hmem/core/run_log.h"
#include "hmem/core/settings.h"
#include "hmem/train/checkpoint.h"
#include "hmem/train/fit.h"
#include "hmem/train/model_file.h"

namespace hmem {

enum class Schedule { paper, stable, cosine };
enum class OptimizerKind { adam, sgd };

/// How a network is trained; programs differ in the defaults.
struct TrainingSettings {
  int64_t epochs = 100;
  double learning_rate = 0.001;
  Schedule schedule = Schedule::paper;
  int64_t batch_size = 32;
  int64_t global_batch = 0;
  double max_grad_norm = 0;
  double l2 = 1e-3;
  OptimizerKind optimizer = OptimizerKind::adam;
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0;
  double weight_average = 0;
  int64_t stop_when_solved = 0;
  bool keep_best = false;

  template <typename Visitor>
  void visit(Visitor&& v) {
    v("epochs", epochs, IntRange{0, 1000000}, "number of passes over the training examples; 0: only test");
    v("learning_rate", learning_rate, RealRange::above(0), "initial learning rate");
    v("schedule", schedule, Names{"paper", "stable", "cosine"},
      "learning-rate schedule; paper: as published for this experiment; stable: constant for 60 % of the epochs, then "
      "linear decay to 0; cosine: a linear rise over the first tenth of the epochs, then half a cosine to 0");
    v("batch_size_per_replica", batch_size, IntRange{1, 1000000},
      "number of examples in one part of a batch, computed together; --global_batch sets the number per update");
    v("global_batch", global_batch, IntRange{0, 1000000},
      "number of examples per update, split into parts of --batch_size_per_replica that the MPI ranks share; 0: one "
      "part for each rank");
    v("max_grad_norm", max_grad_norm, RealRange::at_least(0), "clip each parameter's gradient to this norm; 0: never");
    v("l2", l2, RealRange::at_least(0), "L2 penalty: this factor times the sum of the squared regularised weights");
    v("optimizer", optimizer, Names{"adam", "sgd"}, "optimizer; adam: Adam; sgd: gradient descent with momentum");
    v("momentum", momentum, RealRange::half_open(0, 1), "momentum of --optimizer=sgd");
    v("nesterov", nesterov, "use Nesterov momentum with --optimizer=sgd");
    v("weight_decay", weight_decay, RealRange::at_least(0),
      "decoupled weight decay: each update also subtracts learning rate * this * weight from the weights that l2 "
      "covers");
    v("weight_average", weight_average, RealRange::half_open(0, 1),
      "validate and test a moving average of the weights with this decay; 0: off");
    v("stop_when_solved", stop_when_solved, IntRange{0, 1000000},
      "stop training after this many epochs in a row without validation errors; 0: never");
    v("keep_best", keep_best,
      "test and save the weights of the epoch with the lowest validation error, not of the last");
  }
};

/// Registers --threads, which results do not depend on; 0, the default: default_threads().
void add_threads_flag(Options& options);
/// Registers the flags of `defaults`, --random_state, --threads and --limit_steps.
void add_training_flags(Options& options, const TrainingSettings& defaults);
/// Registers --save, --load, the checkpoint flags, --out, --verbose, --quiet.
void add_output_flags(Options& options);
/// Throws UsageError for training flags that contradict each other or that name one file twice, as far as this can be
/// checked without data.
void check_training_flags(const Options& options);
/// Throws UsageError when two output files are the same, or one is also an input file; --save may replace the model of
/// --load.
void check_own_files(const Options& options);
/// Throws UsageError when an output file is `path`, which `what` describes.
void check_not_written(const Options& options, const std::string& path, const std::string& what);
/// Throws Error when an output file cannot be written: before the work, and without changing it.
void check_outputs(const Options& options);
/// Writes `text()` to the file of the flag; does nothing when it is empty.
void write_output(const Options& options, const std::string& flag, const std::function<std::string()>& text);

/// Description of a run's training and output.
struct Experiment {
  explicit Experiment(Learner& learner_in) : learner(learner_in) {}

  Learner& learner;
  std::string model;        ///< kind of model, in files
  Settings model_settings;  ///< settings that model files keep, under the names of their flags
  ModelInfo model_facts;    ///< further content of model files: sizes, vocabulary
  Settings data_facts;      ///< further dependencies of the results: hashes of data and of loaded weights
  std::function<double(int64_t epoch)> paper_rate;  ///< learning rate of the schedule "paper"
  bool paper_rate_needs_epochs = false;             ///< whether it depends on --epochs
  std::string data;                                 ///< where the data come from: for the header
  Record sizes;                                     ///< numbers of examples and the like: a header line
  std::vector<std::string> notes;                   ///< about the data
  Record title;                                     ///< first fields of the final line
  /// Tests the final weights; the returned fields follow the validation metrics in the final line.
  std::function<Record(RunLog& log)> test;
  bool train_loss_of_untrained = false;         ///< whether the final line shows the training loss even without epochs
  std::function<void(int64_t epoch)> on_start;  ///< optional; called before the first line, unless steps are timed
  std::function<void(RunLog& log)> after_header;            ///< optional; slow preparations
  std::function<void(const EpochReport& report)> on_epoch;  ///< optional

  /// The metadata of a model file.
  ModelInfo model_info() const;
};

class TrainingRun {
 public:
  /// Reads the checkpoint to continue from, if any, and checks that every output file can be written. `options` must
  /// outlive the run and have the flags above. Functions throw UsageError or Error, one line, before anything is
  /// written.
  explicit TrainingRun(const Options& options);

  /// Prints the header, trains (or only times, with --limit_steps), tests, saves, prints the final line. Returns the
  /// exit code: 0, or 130 or 143 when a signal stopped a run that has a checkpoint.
  int train(Experiment& experiment);

  const Options& options;
  const TrainingSettings settings;
  uint64_t seed = 0;

 private:
  void prepare(Experiment& experiment);
  void share_start(const Settings& info);
  FitSettings fit_settings(const Experiment& experiment) const;
  void write_header(const Experiment& experiment, RunLog& log) const;
  void write_checkpoint_note(RunLog& log, bool finished) const;
  std::optional<int> train_with_checkpoints(Experiment& experiment, FitSettings fit, RunLog& log);
  Record test(Experiment& experiment, RunLog& log);

  std::string checkpoint_;  ///< path; empty: none
  std::unique_ptr<Checkpoint> resumed_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<BatchRunner> replicas_;  // null: a batch is one part, on one rank
  std::unique_ptr<Snapshot> best_, average_;
  Training training_;
};

/// Throws Error, naming the file, when a flag given by the user contradicts a setting of the loaded model.
void check_same_settings(const ModelFile& file, const Options& options, const Settings& model_settings);

/// Everything that the results of a run depend on, for its checkpoint: program, every flag with the role setting (with
/// the model's value), seed, and the facts of model and data.
Settings run_info(const Options& options, uint64_t seed, const Experiment& experiment);

}  // namespace hmem
