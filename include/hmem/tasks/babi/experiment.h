#pragma once
/// \file experiment.h
/// The experiment of a bAbI program, and results per task.

#include <vector>

#include "hmem/core/run_log.h"
#include "hmem/tasks/babi/learner.h"
#include "hmem/tasks/babi/model.h"
#include "hmem/train/experiment.h"

namespace hmem {

/// A learner on the stories of the run; with --online, on new stories in every epoch, with --rename, on renamed ones.
std::unique_ptr<BabiLearner> make_babi_learner(const TrainingRun& run, QaModel& model, BabiData& data);

/// All arguments must outlive the result. The test writes how often each answer was given into the file of --out:
/// lines of true answer, tab, answer, tab, count, as the text "table" of an event "answers".
Experiment babi_experiment(const TrainingRun& run, const QaModel& model, const BabiData& data, BabiLearner& learner);

/// With --export_weights: after the test the model is written with float16 weights, small enough to be shipped; its
/// metadata hold the command, every setting, seed, commit and the test's result. What was written is tested as well.
/// Both arguments must outlive the training.
void export_after_test(Experiment& experiment, const TrainingRun& run);

struct TaskResult {
  BabiTaskRange range;
  RunningSums validation, test;
};

struct JointResults {
  std::vector<TaskResult> tasks;
  Evaluation test;            ///< over all questions
  double mean_val_error = 0;  ///< mean over the tasks of their errors in %; NaN without validation examples
  double mean_error = 0;      ///< of the test errors
  int64_t failed_tasks = 0;   ///< tasks with a test error above kFailedTask
};

/// Validates and tests each task; `show` counts the tasks.
JointResults evaluate_tasks(Learner& learner, const std::vector<BabiTaskRange>& ranges, int64_t batch_size,
                            const ShowProgress& show = {});

/// task_id, questions of the three parts, validation and test error.
Record task_record(const TaskResult& result);

}  // namespace hmem
