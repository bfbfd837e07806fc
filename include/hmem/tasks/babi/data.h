#pragma once
/// \file data.h
/// The stories of a bAbI run: of one task, or of several with one vocabulary and one training set.

#include <cstdint>
#include <string>
#include <vector>

#include "hmem/core/options.h"
#include "hmem/data/babi/files.h"
#include "hmem/data/babi/vectorise.h"

namespace hmem {

/// What the flags say about data. Every function throws UsageError for flags that contradict each other or the data,
/// Error for data that are not there or wrong.
struct BabiDataFlags {
  BabiDataFlags(const Options& options, uint64_t seed);
  BabiStories train(int task) const;
  BabiStories test(int task) const;

  BabiSource source, test_source;  ///< the same without --test_data_dir
  BabiOptions vectorise;
  std::string size;  ///< --training_set_size
  BabiStoryOptions stories;
  double validation_split;
  uint64_t seed;
};

/// Examples begin..end-1 of a Learner::Part.
struct ExampleRange {
  int64_t begin = 0, end = 0;

  int64_t count() const { return end - begin; }
};

/// The examples of one task in the parts; the tasks stand there one after the other.
struct BabiTaskRange {
  int64_t task = 0;
  ExampleRange train, validation, test;
};

/// Which examples of BabiTask::train are trained on and which are set aside; each part is numbered in this order.
struct BabiSplit {
  std::vector<int64_t> train, validation;
};

/// The last of `count` examples, in file order, are the validation part (training_count() says how many remain).
BabiSplit split_babi(int64_t count, double validation_split);

struct BabiData {
  std::vector<int64_t> tasks;
  BabiTask task;    ///< all stories, as if they were one task's
  BabiSplit split;  ///< of every task the end of its training file is for validation
  std::vector<BabiTaskRange> ranges;
  bool joint = false;              ///< several tasks: results come task by task
  std::string description;         ///< where the stories come from
  std::vector<std::string> notes;  ///< what the user has to know about them

  /// "4", "1-3,7"
  std::string task_text() const;
  /// 16 hexadecimal digits that change with any word of any story, question or answer.
  std::string hash() const;
};

/// The stories of `tasks`. In joint training task 3 is trained on generated stories where its official training file is
/// missing. Throws Error also when no story of a task is left under max_num_sentences.
BabiData load_babi_data(const BabiDataFlags& flags, const std::vector<int64_t>& tasks, bool joint = false);

/// New training stories of an epoch, for every task as many as it has training examples.
BabiStories generate_epoch(const std::vector<BabiTaskRange>& ranges, uint64_t seed, const BabiStoryOptions& options,
                           int64_t epoch);

}  // namespace hmem
