#pragma once
/// \file training_run.h
/// What training programs share around fit(): checkpoints, signals, the weights of the best epoch.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hmem/core/options.h"
#include "hmem/core/run_log.h"
#include "hmem/train/checkpoint.h"

namespace hmem {

/// Registers --checkpoint, --checkpoint_every, --resume and --stop_after.
void add_checkpoint_options(Options& options);

struct CheckpointSettings {
  std::string path;    ///< empty: none
  int64_t every = 10;  ///< epochs
  bool resume = false;
  int64_t stop_after = 0;  ///< epochs; 0: never
};

/// Throws UsageError when the flags contradict each other.
CheckpointSettings checkpoint_settings(const Options& options);

/// Throws UsageError when one of these flags, of files to write, names `path`, which is the file of `what`.
void check_not_written(const Options& options, const std::vector<std::string>& flags, const std::string& path,
                       const std::string& what);

/// Throws UsageError when two of these flags name one file to write, or one names that of --pretrained_weights or of
/// --load (but for --save: a model may take the place of the one it started from).
void check_own_files(const Options& options, const std::vector<std::string>& flags);

/// Throws UsageError when --limit_steps is given with one of these flags but --out: what it should write would be
/// missing.
void check_timing(const Options& options, const std::vector<std::string>& flags);

/// The checkpoint to continue from; null when none is wanted or there is none. Throws Error when it cannot be read.
std::unique_ptr<Checkpoint> open_checkpoint(const CheckpointSettings& settings);

/// Says in a note where a run continues, that it starts anew although it was to continue, or that it will replace a
/// checkpoint that is there.
void write_checkpoint_note(RunLog& log, const CheckpointSettings& settings, const Checkpoint* resumed,
                           const FitState& state, bool finished);

/// Trains from `training.state` on. With a checkpoint the state is saved every so many epochs and at the end, and
/// SIGINT, SIGTERM and SIGHUP end the training after the running step: the state is saved, a note says so, and the
/// exit code is returned; so does --stop_after, with exit code 0. Nothing is returned when the training is finished.
/// Without a checkpoint signals do what they always do. `training.best`, where there is one, follows the best epoch;
/// it is not put into the model. `fit_settings.on_best`, `after_epoch`, `stop`, `pause_after` and `average` are set
/// here.
std::optional<int> train_with_checkpoints(Learner& learner, Training& training, FitSettings fit_settings,
                                          const CheckpointSettings& settings, const RunInfo& run, RunLog& log);

}  // namespace hmem
