#pragma once
/// \file report.h
/// The results of a sweep: for every task the best run by validation error, mean and spread of the test error, beside
/// published figures.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hmem {

/// A task counts as failed above this test error, in %.
constexpr double kFailedTask = 5;

struct ReportRun {
  int64_t seed = 0;
  std::optional<double> val_error;
  double test_error = 0;
  int64_t epochs = 0;
  double seconds = 0;
};

struct ReportTask {
  int64_t task = 0;
  bool generated = false;       ///< trained on generated stories
  std::vector<ReportRun> runs;  ///< by seed

  /// Lowest validation error, then smallest seed.
  const ReportRun& best() const;
  double mean() const;
  double min() const;
  double max() const;
};

/// Runs that differ in task and seed only.
struct ReportGroup {
  std::string preset;
  std::string training_set_size;  ///< as the flag has it; figures of others are for 10k
  std::string commit;             ///< of the programs that ran, more than one after commas
  std::string settings;           ///< what tells it from the other groups; empty when there is one
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
