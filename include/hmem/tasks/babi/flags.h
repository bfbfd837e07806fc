#pragma once
/// \file flags.h
/// The flags of the bAbI training programs.

#include "hmem/core/options.h"

namespace hmem {

/// All flags of bin/babi_task_single; sweeps check command lines with them.
Options babi_task_single_options();
/// All flags of bin/babi_task_joint: --tasks instead of --task_id, and defaults for stories of very different length.
Options babi_task_joint_options();

/// All flags of bin/babi_task_baseline: --model chooses among the baselines.
Options babi_task_baseline_options();

/// Throws UsageError for flags that contradict each other regardless of the data.
void check_babi_flags(const Options& options);

}  // namespace hmem
