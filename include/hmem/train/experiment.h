#pragma once
/// \file experiment.h
/// One run of a training program from its flags to its final line, whatever it trains:
///
///     ExperimentRun run(options);   // threads, seed, checkpoint
///     Experiment experiment;        // model, learner, data: the program's part, drawn from run.seed
///     return run.train(experiment); // header, training, test, final line

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hmem/core/options.h"
#include "hmem/core/run_log.h"
#include "hmem/train/training_run.h"

namespace hmem {

/// Registers --random_state, --threads and --limit_steps.
void add_run_options(Options& options);
/// Registers --save, --load, those of add_checkpoint_options(), --out, --verbose, --quiet.
void add_output_options(Options& options);

/// What an experiment trains and what it says about it.
struct Experiment {
  Learner* learner = nullptr;
  std::vector<Parameter*> parameters;  ///< what --save and checkpoints keep; trained are learner->parameters()
  std::vector<Buffer*> buffers;
  double max_grad_norm = 0;
  FitSettings fit;  ///< batch size, learning rate, stop_when_solved; the rest is set by the run
  ModelInfo model;
  RunInfo run_info;
  std::string data;                ///< where the data come from: for the header
  Record sizes;                    ///< numbers of examples and the like: a header line
  std::vector<std::string> notes;  ///< about the data
  Record title;                    ///< what the final line begins with
  /// Tests the weights as they are then; what it returns stands in the final line after the figures of validation.
  std::function<Record(RunLog& log)> test;
  bool train_loss_of_untrained = false;           ///< without epochs, the final line has the training loss all the same
  std::function<void(int64_t epoch)> on_start;    ///< may be empty. Before the first line, unless steps are timed
  std::function<void(RunLog& log)> after_header;  ///< may be empty. What takes long before the training
  std::function<void(const EpochReport& report)> on_epoch;  ///< may be empty
};

class ExperimentRun {
 public:
  /// Reads the checkpoint when the run is to continue from one, and sees that the files of --save, --checkpoint, --out
  /// and of the flags `written` can be written. `options` must outlive the run, have the flags above, and may have
  /// --keep_best and --weight_average. Functions throw UsageError or Error, one line, before anything is written.
  explicit ExperimentRun(const Options& options, const std::vector<std::string>& written = {});

  /// Prints the header, trains (or only times, with --limit_steps), tests, saves, prints the final line. Returns the
  /// exit code: 0, or 130 or 143 when a signal stopped a run that has a checkpoint.
  int train(Experiment& experiment);

  const Options& options;
  uint64_t seed = 0;

 private:
  void prepare(Experiment& experiment);
  int train_and_test(Experiment& experiment, RunLog& log);
  Record test(Experiment& experiment, RunLog& log);

  CheckpointSettings checkpoint_settings_;
  std::unique_ptr<Checkpoint> resumed_;
  std::unique_ptr<Adam> adam_;
  std::unique_ptr<BestWeights> best_;
  std::unique_ptr<WeightAverage> average_;
  Training training_;
};

/// Throws Error, naming the file, when a flag that the user gave contradicts the model that is loaded. The flag
/// `compared_later` is left out.
void check_same_settings(const ModelFile& file, const Options& options, const std::string& compared_later = "");

/// Throws Error, naming the file, unless it says everything that `model` says.
void check_same_model(const ModelFile& file, const ModelInfo& model);

/// Whether results depend on a flag that programs share, at the same seed and the same number of epochs: those of
/// add_run_options() and add_output_options() but --load have no effect, nor has --epochs.
bool flag_has_effect(const std::string& name);

/// Program, every flag that influences results as the model has it, seed, everything else of `model`. The flags
/// `without_effect` are left out beside those of flag_has_effect().
RunInfo run_info(const Options& options, uint64_t seed, const ModelInfo& model,
                 const std::vector<std::string>& without_effect);

}  // namespace hmem
