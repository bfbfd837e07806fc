#pragma once
/// \file sweep.h
/// The plan of a sweep of bAbI tasks: tasks, seeds and every combination of the values given for training flags.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "hmem/sweep/plan.h"

namespace hmem {

/// Every run, tasks slowest, then combinations, then seeds. Throws UsageError for anything that babi_task_single would
/// refuse, and for flags that the sweep sets itself. `notes` gets what the user has to know.
std::vector<SweepRun> plan_sweep(const std::vector<int64_t>& tasks, int64_t runs, const std::string& out,
                                 const std::vector<std::string>& training, const std::filesystem::path& program_folder,
                                 std::vector<std::string>& notes);

}  // namespace hmem
