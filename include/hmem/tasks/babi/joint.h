#pragma once
/// \file joint.h
/// Several bAbI tasks as one: one vocabulary, one training set, results task by task.

#include <cstdint>
#include <string>
#include <vector>

#include "hmem/core/run_log.h"
#include "hmem/data/babi/vectorise.h"
#include "hmem/tasks/babi/flags.h"
#include "hmem/tasks/babi/learner.h"
#include "hmem/train/fit.h"

namespace hmem {

/// Examples begin..end-1 of a Learner::Part.
struct ExampleRange {
  int64_t begin = 0, end = 0;

  int64_t count() const { return end - begin; }
};

/// The examples of one task in the joint parts; the tasks stand there one after the other.
struct BabiTaskRange {
  int64_t task = 0;
  ExampleRange train, validation, test;
};

struct BabiJointData {
  BabiTask task;    ///< all stories, as if they were one task's
  BabiSplit split;  ///< of every task the end of its training file is for validation
  std::vector<BabiTaskRange> ranges;
  std::string description;         ///< where the stories come from
  std::vector<std::string> notes;  ///< what the user has to know about them
};

/// The stories of `tasks`. Task 3 is trained on generated stories where its official training file is missing. Throws
/// Error also when no story of a task is left under max_num_sentences.
BabiJointData load_babi_joint(const BabiDataFlags& flags, const std::vector<int64_t>& tasks, double validation_split);

/// New training stories of an epoch, for every task as many as it has training examples.
BabiStories generate_joint_epoch(const std::vector<BabiTaskRange>& ranges, uint64_t seed,
                                 const BabiStoryOptions& options, int64_t epoch);

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
