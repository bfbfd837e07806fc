#pragma once
/// \file delay_curve.h
/// Delay curves of single-shot image association: the plan of a sweep over models, delays and seeds, and its results as
/// CSV and Markdown. Accuracies are in %.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hmem/sweep/plan.h"

namespace hmem {

/// "hmem,lstm" -> hmem lstm; none twice. Throws UsageError.
std::vector<std::string> parse_association_models(const std::string& text);

struct DelayPoint {
  std::string model;
  int64_t delay = 0;
  int64_t run = 0;       ///< from 1 on; the seed as well
  std::string settings;  ///< "memory_size=100 l2=0" of flags with several values
};

struct DelayPlan {
  std::vector<DelayPoint> points;
  std::vector<SweepRun> runs;  ///< of the same points
};

/// Models slowest, then delays, combinations of settings, seeds. A flag goes to the programs that have it and where it
/// has an effect. Throws UsageError for flags that a program would refuse before it reads data, for a flag of no chosen
/// model, and for flags that the sweep sets itself.
DelayPlan plan_delay_sweep(const std::vector<std::string>& models, const std::vector<int64_t>& delays, int64_t runs,
                           const std::string& out, const std::vector<std::string>& training,
                           const std::filesystem::path& program_folder);

struct DelayResult {
  DelayPoint point;
  int64_t seed = 0;
  int64_t epochs = 0;
  std::optional<double> val_accuracy;  ///< none without validation examples
  double test_accuracy = 0;
  int64_t timesteps = 0;                      ///< pairs of the training
  std::map<int64_t, double> other_timesteps;  ///< pairs of a test -> test accuracy
};

/// Of a record of a finished run.
DelayResult delay_result(const DelayPoint& point, const RunRecord& record);

/// model,delay,run,seed,epochs,val_acc,test_acc, and settings where several were asked for.
std::string delay_csv(const std::vector<DelayResult>& results);

/// For each model, delay and setting the mean, smallest and largest test accuracy and the best run by validation (then
/// by seed); below that, where there are tests with other numbers of pairs, their means. `planned`: runs in all.
std::string delay_markdown(const std::vector<DelayResult>& results, size_t planned);

}  // namespace hmem
