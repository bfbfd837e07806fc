#pragma once
/// \file experiment.h
/// What a bAbI program trains and says about it, and the results task by task.

#include <vector>

#include "hmem/core/run_log.h"
#include "hmem/tasks/babi/learner.h"
#include "hmem/tasks/babi/model.h"
#include "hmem/train/experiment.h"

namespace hmem {

/// On the stories of the run; with --online, on new ones in every epoch.
std::unique_ptr<BabiLearner> make_babi_learner(const TrainingRun& run, QaModel& model, BabiData& data);

/// Everything must outlive the result.
Experiment babi_experiment(const TrainingRun& run, const QaModel& model, const BabiData& data, Learner& learner);

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

/// Validates and tests task by task.
JointResults evaluate_tasks(Learner& learner, const std::vector<BabiTaskRange>& ranges, int64_t batch_size);

/// task_id, questions of the three parts, validation and test error.
Record task_record(const TaskResult& result);

}  // namespace hmem
