#pragma once
/// \file delay_curve.h
/// Delay curves of single-shot image association: the plan of a sweep over models, delays and seeds, and its results as
/// CSV and Markdown. Accuracies are in %.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hmem/sweep/plan.h"
#include "hmem/sweep/report.h"

namespace hmem {

/// "hmem,lstm" -> hmem lstm; none twice. Throws UsageError.
std::vector<std::string> parse_association_models(const std::string& text);

/// Throws UsageError as plan_runs() does.
std::vector<SweepRun> plan_delay_sweep(const std::vector<std::string>& models, const std::vector<int64_t>& delays,
                                       int64_t runs, const std::string& out, const std::vector<std::string>& training,
                                       const std::filesystem::path& program_folder);

struct DelayResult : RunResult {
  std::string model;
  int64_t delay = 0;
  std::string settings;                       ///< what else tells it from others, such as values of varied flags
  int64_t timesteps = 0;                      ///< pairs of the training
  std::map<int64_t, double> other_timesteps;  ///< pairs of a test -> test error

  std::shared_ptr<const RunRecord> record;  ///< what the run wrote; null: not read from a run, or in another result

  double test_accuracy() const { return 100 - test_error; }
};

/// The settings by which results of a run differ from others: values of varied flags, and "trained with delay D" if the
/// run is tested with several delays.
std::string result_settings(const SweepRun& run);

/// Reads the result from the record of a finished run; by delay, if it was tested with several (--test_delays). The
/// validation error is always that with the delay of the training.
std::vector<DelayResult> delay_results(const SweepRun& run, const RunRecord& record);

/// Columns model,delay,run,seed,epochs,val_acc,test_acc, and settings if they vary.
std::string delay_csv(const std::vector<DelayResult>& results);

/// For each model, delay and setting the mean, smallest and largest test accuracy and the best run by validation (then
/// by seed); below that, the means of tests with other numbers of pairs, if any. `missing`: number of runs that have
/// not finished.
std::string delay_markdown(const std::vector<DelayResult>& results, size_t missing = 0);

/// Reads what delay_csv() writes; models of other names are accepted. Throws Error with path and line.
std::vector<DelayResult> read_delay_csv(const std::string& path);

/// One HTML page that needs no other file, no network and no script (sweep/page.h): accuracy over delay with every seed
/// as a dot, training curves, time and settings. `missing`: names of runs without a result.
std::string delay_html(const std::vector<DelayResult>& results, const std::vector<std::string>& missing);

/// The chart of that page as an SVG file; "" without results.
std::string delay_svg(const std::vector<DelayResult>& results);

/// The results of a sweep so far, in files that are always complete.
class DelayCurve {
 public:
  struct Files {
    std::string csv, table;  ///< empty: delay.csv and delay.md in the folder of the runs
    std::string html, svg;   ///< empty: none
  };
  /// Checks that the files can be written, then makes the folder of the runs and collects the runs that earlier sweeps
  /// finished. `with`: CSV files whose results are shown in table, page and chart beside those of the plan; "": none.
  /// Throws UsageError when two files are the same, or when a result of `with` is there twice or one of the plan.
  DelayCurve(const std::vector<SweepRun>& plan, const std::string& out, Files files,
             const std::vector<std::string>& with = {});
  void add(size_t run, const RunRecord& record);
  const Files& files() const { return files_; }

 private:
  void check_distinct() const;
  void write();

  const std::vector<SweepRun>& plan_;
  Files files_;
  std::string written_;
  std::vector<std::vector<DelayResult>> results_;  ///< of each run; empty: not finished
  std::vector<DelayResult> others_;                ///< of `with`
};

}  // namespace hmem
