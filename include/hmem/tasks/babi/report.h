#pragma once
/// \file report.h
/// The results of many runs, of one task each or of several tasks together: for every task and over all tasks the test
/// error of the best run by validation, mean, median and worst, beside published results of the same protocol; and the
/// plan of a sweep.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "hmem/sweep/plan.h"
#include "hmem/sweep/report.h"
#include "hmem/sweep/run_record.h"

namespace hmem {

/// Runs of babi_task_single, or of babi_task_baseline when --model is among the `training` flags, on `tasks` with the
/// seeds 1 to `runs`. Throws UsageError as plan_runs() does. `notes` receives notes for the user.
std::vector<SweepRun> plan_babi_sweep(const std::vector<int64_t>& tasks, int64_t runs, const std::string& out,
                                      const std::vector<std::string>& training,
                                      const std::filesystem::path& program_folder, std::vector<std::string>& notes);

/// How the test errors of several runs become one.
enum class Statistic {
  best,  ///< of the run with the lowest validation error, then the smallest seed
  mean,
  median,
  worst,
  min,
};

struct HitSummary;

struct ReportRun : RunResult {
  std::shared_ptr<const RunRecord> record;  ///< one for all tasks of joint training
  std::shared_ptr<const HitSummary> hits;   ///< explanation hits of the task; null: the folder of the run has none
  std::filesystem::path folder;             ///< of the run
};

struct ReportTask {
  std::map<int64_t, ReportRun> runs;  ///< by seed
  int64_t best_seed = 0;   ///< by validation error; in joint training by its mean, the same run for all tasks
  bool generated = false;  ///< trained on generated stories

  const ReportRun& best() const { return runs.at(best_seed); }
  /// The best run if it has explanation hits, else the first that has; null: none has.
  const ReportRun* explained() const;
  /// Test error in %.
  double error(Statistic statistic) const;
};

/// Test errors of several tasks.
struct Overall {
  double mean = 0;            ///< in %
  int64_t failed = 0;         ///< tasks above kFailedTask; -1: not published
  double mean_without_3 = 0;  ///< of the other tasks; NaN: there are none, or not published
};
/// Of errors by the number of the task.
Overall overall_of(const std::map<int64_t, double>& errors);

/// Runs that differ in seed only or, when each has one task, in task and seed.
struct ReportGroup {
  std::string model;  ///< "hmem", or the --model of a baseline
  std::string preset;
  std::string training_set_size;  ///< as the flag has it; published results are for 10k or 1k
  std::set<std::string> commits;  ///< of the programs that ran
  std::string settings;           ///< settings that differ between the groups; empty when there is only one
  bool joint = false;             ///< every run has all tasks
  double rename = 0;              ///< --rename, the probability that words of a training story are exchanged
  bool online = false;            ///< trained on new generated stories in every epoch
  /// "official" (task 3 may be trained on generated ones), "generated", "transfer" (trained on generated stories,
  /// tested on others) or "other test" (trained on official stories, tested on others)
  std::string stories;
  std::map<int64_t, ReportTask> tasks;

  /// By the number of the task.
  std::map<int64_t, double> errors(Statistic statistic) const;
};

struct BabiReport {
  std::vector<ReportGroup> groups;
  std::vector<std::string> notes;  ///< runs that are left out, and why
};

/// Every run.jsonl in `folder` and below, and explain.json or explain_taskN.json beside it, if babi_explain --all wrote
/// them there. Error when there is no finished run.
BabiReport read_babi_report(const std::string& folder);

/// Published results stand below the row of ours to which their protocol is similar, each with its protocol; those of
/// any other protocol stand at the end in brackets.
std::string report_table(const BabiReport& report);
std::string report_markdown(const BabiReport& report);
/// A row for every task and three of all tasks. Published columns are empty where our runs followed another protocol.
std::string report_csv(const BabiReport& report);
/// One object, or a list of them when settings differ.
std::string report_json(const BabiReport& report);
/// One HTML page that needs no other file, no network and no script (sweep/page.h). It will be in `page_folder`:
/// wrong answers link to explain_taskT_storyN.html in the folder of the run if babi_explain --html wrote it there.
std::string report_html(const BabiReport& report, const std::filesystem::path& page_folder = ".");

}  // namespace hmem
