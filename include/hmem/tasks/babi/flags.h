#pragma once
/// \file flags.h
/// The flags that all bAbI programs share, and what they mean.

#include <cstdint>
#include <functional>
#include <string>

#include "hmem/core/options.h"
#include "hmem/data/babi/files.h"
#include "hmem/data/babi/vectorise.h"
#include "hmem/models/hmem_qa.h"

namespace hmem {

/// Registers every flag but those that choose the tasks: they come first, in the section "Data", which is open then.
void add_babi_options(Options& options);

/// All flags of bin/babi_task_single; programs that start it check command lines with them.
Options babi_task_single_options();

/// All flags of bin/babi_task_joint: --tasks instead of --task_id, and defaults for stories of very different length.
Options babi_task_joint_options();

/// Throws UsageError for flags that contradict each other whatever the data are.
void check_babi_options(const Options& options);

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
  uint64_t seed;
};

/// The stories of one task as the flags say; `description` gets where they come from. Throws UsageError for flags that
/// contradict each other or the data, Error for data that are not there or wrong.
BabiTask load_babi_task(const Options& options, int64_t task_id, uint64_t seed, std::string& description);

/// The model of the flags, with the sizes of `task`.
HMemQa::Config babi_config(const Options& options, const BabiTask& task);

/// What the options say about penalty and dropout, which no model file holds.
void set_regularisation(HMemQa::Config& config, const Options& options);

/// Learning rate of an epoch: the paper's schedules for the plain model and for read-before-write.
std::function<double(int64_t epoch)> babi_learning_rate(const Options& options, const HMemQa::Config& config);

}  // namespace hmem
