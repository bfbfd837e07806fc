#pragma once
/// \file data.h
/// The stories of a bAbI run: of one task, or of several with one vocabulary and one training set.

#include <cstdint>
#include <string>
#include <vector>

#include "hmem/core/options.h"
#include "hmem/data/babi/files.h"
#include "hmem/data/babi/rename.h"
#include "hmem/data/babi/vectorise.h"

namespace hmem {

/// The data flags. Every function throws UsageError for flags that contradict each other or the data, Error for missing
/// or invalid data.
struct BabiDataFlags {
  BabiDataFlags(const Options& options, uint64_t seed);
  BabiStories train(int task) const;
  BabiStories test(int task) const;

  BabiSource source, test_source;  ///< the same without --test_data_dir
  BabiOptions vectorise;
  std::string size;  ///< --training_set_size
  BabiStoryOptions stories;
  double validation_split;
  bool rename;  ///< find exchangeable words
  uint64_t seed;
};

/// Examples begin..end-1 of a Learner::Part.
struct ExampleRange {
  int64_t begin = 0, end = 0;

  int64_t count() const { return end - begin; }
};

/// The examples of one task in each part; parts hold the tasks one after the other.
struct BabiTaskRange {
  int64_t task = 0;
  ExampleRange train, validation, test;
};

/// The examples of BabiTask::train for training and for validation; each part is numbered in this order.
struct BabiSplit {
  std::vector<int64_t> train, validation;
};

/// The last of `count` examples, in file order, are the validation part (training_count() says how many remain).
BabiSplit split_babi(int64_t count, double validation_split);

struct BabiData {
  std::vector<int64_t> tasks;
  BabiTask task;    ///< all stories, as if they were one task's
  BabiSplit split;  ///< the end of each task's training file is for validation
  std::vector<BabiTaskRange> ranges;
  std::vector<RenamedExamples> renaming;  ///< the training examples of each task; empty without --rename
  bool joint = false;                     ///< several tasks: results are reported per task
  std::string description;                ///< where the stories come from
  std::vector<std::string> notes;         ///< notes for the user about them

  /// "4", "1-3,7"
  std::string task_text() const;
  /// Hash of every word of all stories, questions and answers, 16 hexadecimal digits.
  std::string hash() const;
};

/// The stories of `tasks`. In joint training task 3 is trained on generated stories where its official training file is
/// missing. Also throws Error when max_num_sentences leaves no story of a task.
BabiData load_babi_data(const BabiDataFlags& flags, const std::vector<int64_t>& tasks, bool joint = false);

/// New training stories of an epoch: for every task, the number of its training examples.
BabiStories generate_epoch(const std::vector<BabiTaskRange>& ranges, uint64_t seed, const BabiStoryOptions& options,
                           int64_t epoch);

}  // namespace hmem
