#pragma once
/// \file experiment.h
/// One run of a bAbI program from its flags to its final line. A program that needs other data or another learner takes
/// the steps one by one:
///
///     BabiRun run(options, {task_id});                                     // flags, threads, seed, checkpoint
///     run.set_task(load_babi_task(options, task_id, run.seed, run.data));
///     run.make_model();
///     run.set_learner(std::make_unique<BabiLearner>(..));
///     return run.train();                                                 // header, training, test, final line

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hmem/core/options.h"
#include "hmem/core/run_log.h"
#include "hmem/data/babi/vectorise.h"
#include "hmem/models/hmem_qa.h"
#include "hmem/tasks/babi/joint.h"
#include "hmem/tasks/babi/keras_csv_log.h"
#include "hmem/tasks/babi/learner.h"
#include "hmem/train/experiment.h"

namespace hmem {

class BabiRun {
  ExperimentRun run_;  // first: the seed is its

 public:
  /// Reads the checkpoint when the run is to continue from one. `options` must outlive the run and have the flags of
  /// add_babi_options(). Every function throws UsageError or Error, one line, before anything is written.
  BabiRun(const Options& options, std::vector<int64_t> tasks);

  void set_task(BabiTask task);
  /// From the flags or the file of --load.
  void make_model();
  void set_learner(std::unique_ptr<Learner> learner);
  /// See ExperimentRun::train().
  int train();

  const Options& options;
  const std::vector<int64_t> tasks;
  const uint64_t seed;
  std::string data;                   ///< where the stories come from
  std::unique_ptr<BabiTask> task;     ///< the learner refers to it
  std::vector<BabiTaskRange> ranges;  ///< of joint training: every task gets a line of results
  std::vector<std::string> notes;     ///< about the data
  std::unique_ptr<HMemQa> model;
  std::unique_ptr<Learner> learner;

 private:
  ModelInfo model_info() const;
  FitSettings fit_settings() const;
  std::string csv_path() const;
  Record test(RunLog& log);

  std::unique_ptr<KerasCsvLog> csv_;
};

/// All steps for one task; returns the exit code.
int run_babi_experiment(const Options& options, int64_t task_id);

/// The same for the tasks of --tasks together.
int run_babi_joint_experiment(const Options& options);

}  // namespace hmem
