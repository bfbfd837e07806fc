#pragma once
/// \file report.h
/// The results of a sweep: for every task the best run by validation error, mean and spread of the test error, beside
/// published results; and the plan of the sweep.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "hmem/sweep/plan.h"
#include "hmem/sweep/report.h"

namespace hmem {

/// Runs of babi_task_single, or of babi_task_baseline when --model is among the `training` flags, on `tasks` with the
/// seeds 1 to `runs`. Throws UsageError as plan_runs() does. `notes` receives notes for the user.
std::vector<SweepRun> plan_babi_sweep(const std::vector<int64_t>& tasks, int64_t runs, const std::string& out,
                                      const std::vector<std::string>& training,
                                      const std::filesystem::path& program_folder, std::vector<std::string>& notes);

struct ReportTask : RunGroup {
  int64_t task = 0;
  bool generated = false;  ///< trained on generated stories
};

/// Runs that differ in task and seed only.
struct ReportGroup {
  std::string model;  ///< "hmem", or the --model of a baseline
  std::string preset;
  std::string training_set_size;  ///< as the flag has it; published results are for 10k
  std::string commit;             ///< of the programs that ran, more than one after commas
  std::string settings;           ///< settings that differ between the groups; empty when there is only one
  std::vector<ReportTask> tasks;  ///< by number

  double mean_error() const;  ///< over tasks, of the best runs
  double mean_of_means() const;
  int64_t failed_tasks() const;  ///< of the best runs
};

struct BabiReport {
  std::vector<ReportGroup> groups;
  std::vector<std::string> notes;  ///< runs that are left out, and why
};

/// Every run.jsonl in `folder` and below. Error when there is no finished run.
BabiReport read_babi_report(const std::string& folder);

std::string report_table(const BabiReport& report);
std::string report_markdown(const BabiReport& report);
std::string report_csv(const BabiReport& report);
/// One object, or a list of them when settings differ.
std::string report_json(const BabiReport& report);

}  // namespace hmem
