#pragma once
/// \file experiment.h
/// One training program from its flags to its final line, whatever it trains:
///
///     TrainingRun run(options);          // threads, seed, checkpoint
///     ...                                // the program's part: data, model, learner, drawn from run.seed
///     Experiment experiment(learner);    // what the run has to know of them
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

enum class Schedule { paper, stable };
enum class OptimizerKind { adam, sgd };

/// How a network is trained; programs differ in the defaults.
struct TrainingSettings {
  int64_t epochs = 100;
  double learning_rate = 0.001;
  Schedule schedule = Schedule::paper;
  int64_t batch_size = 32;
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
    v("epochs", epochs, IntRange{0, 1000000}, "passes over the training examples; 0: only test");
    v("learning_rate", learning_rate, RealRange::above(0), "initial learning rate");
    v("schedule", schedule, Names{"paper", "stable"},
      "learning rate; paper: as published for this experiment; stable: constant for 60 % of the epochs, then linearly "
      "to 0");
    v("batch_size_per_replica", batch_size, IntRange{1, 1000000}, "examples per update (there is one replica)");
    v("max_grad_norm", max_grad_norm, RealRange::at_least(0), "clip each parameter's gradient to this norm; 0: never");
    v("l2", l2, RealRange::at_least(0), "penalty: this times the sum of the squared weights");
    v("optimizer", optimizer, Names{"adam", "sgd"}, "adam; sgd: gradient descent with momentum");
    v("momentum", momentum, RealRange::half_open(0, 1), "momentum of --optimizer=sgd");
    v("nesterov", nesterov, "Nesterov's momentum with --optimizer=sgd");
    v("weight_decay", weight_decay, RealRange::at_least(0),
      "decoupled weight decay: each update also takes learning rate times this from the weights that l2 covers");
    v("weight_average", weight_average, RealRange::half_open(0, 1),
      "validate and test a moving average of the weights with this decay; 0: off");
    v("stop_when_solved", stop_when_solved, IntRange{0, 1000000},
      "end the training when this many epochs in a row had no validation error; 0: never");
    v("keep_best", keep_best,
      "test and save the weights of the epoch with the lowest validation error, not of the last");
  }
};

/// Registers the flags of `defaults`, --random_state, --threads and --limit_steps.
void add_training_flags(Options& options, const TrainingSettings& defaults);
/// Registers --save, --load, those of checkpoints, --out, --verbose, --quiet.
void add_output_flags(Options& options);
/// Throws UsageError for training flags that contradict each other or that name one file twice: all that can be known
/// without data.
void check_training_flags(const Options& options);
/// Throws UsageError when one of the files to write is `path`, the file of `what`.
void check_not_written(const Options& options, const std::string& path, const std::string& what);

/// What a run trains and what it says about it.
struct Experiment {
  explicit Experiment(Learner& learner_in) : learner(learner_in) {}

  Learner& learner;
  std::string model;        ///< kind of model, in files
  Settings model_settings;  ///< those that model files keep, under the names of their flags
  ModelInfo model_facts;    ///< what else they keep: sizes, vocabulary
  Settings data_facts;      ///< what else results depend on: hashes of data and of weights that were read
  std::function<double(int64_t epoch)> paper_rate;  ///< of the schedule "paper"
  bool paper_rate_needs_epochs = false;             ///< whether it depends on --epochs
  std::string data;                                 ///< where the data come from: for the header
  Record sizes;                                     ///< numbers of examples and the like: a header line
  std::vector<std::string> notes;                   ///< about the data
  Record title;                                     ///< what the final line begins with
  /// Tests the final weights; the returned fields follow the validation metrics in the final line.
  std::function<Record(RunLog& log)> test;
  bool train_loss_of_untrained = false;           ///< whether the final line has the training loss without epochs too
  std::function<void(int64_t epoch)> on_start;    ///< may be empty. Before the first line, unless steps are timed
  std::function<void(RunLog& log)> after_header;  ///< may be empty. What takes long before the training
  std::function<void(const EpochReport& report)> on_epoch;  ///< may be empty

  /// All that a model file says.
  ModelInfo model_info() const;
};

class TrainingRun {
 public:
  /// Reads the checkpoint when the run is to continue from one, and sees that every file to write can be written.
  /// `options` must outlive the run and have the flags above. Functions throw UsageError or Error, one line, before
  /// anything is written.
  explicit TrainingRun(const Options& options);

  /// Prints the header, trains (or only times, with --limit_steps), tests, saves, prints the final line. Returns the
  /// exit code: 0, or 130 or 143 when a signal stopped a run that has a checkpoint.
  int train(Experiment& experiment);

  const Options& options;
  const TrainingSettings settings;
  uint64_t seed = 0;

 private:
  void prepare(Experiment& experiment);
  FitSettings fit_settings(const Experiment& experiment) const;
  void write_header(const Experiment& experiment, RunLog& log) const;
  void write_checkpoint_note(RunLog& log, bool finished) const;
  std::optional<int> train_with_checkpoints(Experiment& experiment, FitSettings fit, RunLog& log);
  Record test(Experiment& experiment, RunLog& log);

  std::string checkpoint_;  ///< path; empty: none
  std::unique_ptr<Checkpoint> resumed_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<Snapshot> best_, average_;
  Training training_;
};

/// Throws Error, naming the file, when a flag that the user gave contradicts a setting of the model that is loaded.
void check_same_settings(const ModelFile& file, const Options& options, const Settings& model_settings);

/// What the results of a run depend on, for its checkpoint: program, every flag that is a setting (as the model has
/// it), seed, and the facts of model and data.
Settings run_info(const Options& options, uint64_t seed, const Experiment& experiment);

}  // namespace hmem
