#pragma once
/// \file plan.h
/// The plan of many runs: every combination of programs, values of an axis, settings and seeds.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hmem/core/options.h"
#include "hmem/core/run_log.h"
#include "hmem/sweep/run_record.h"

namespace hmem {

constexpr size_t kMaxSweepRuns = 1000000;

struct SweepRun {
  std::string program;             ///< its executable file
  std::string folder;              ///< "out/task16_seed1_hops=3"
  std::vector<std::string> flags;  ///< of the program, without its name
  Settings settings;               ///< that the header of a finished run must hold
  Settings defaults;               ///< of flags that the header lacks: an older version wrote it
  int64_t stop_after = 0;          ///< a trial: done after this many epochs; 0: done at the end of its training

  std::string model;  ///< name of the program in this sweep; empty when there is one
  int64_t value = 0;  ///< on the axis: task or delay
  int64_t seed = 0;
  std::string varied;  ///< "memory_size=100 l2=0" of flags with several values
  Record label;        ///< first fields of output lines about the run: model, value and seed

  std::string file(const char* name) const { return folder + "/" + name; }
  /// Whether `record` shows a finished run (or trial) with these settings.
  bool is_done(const RunRecord& record) const;
};

/// A program of a sweep.
struct SweepProgram {
  std::string model;  ///< its name in folders and tables; empty when there is only one
  Options options;
  /// Throws UsageError for flags that the program would refuse before it reads data.
  std::function<void(const Options&)> check;
};

/// The quantity in which the runs of a sweep differ, besides program, settings and seed.
struct SweepAxis {
  std::string flag;   ///< "task_id"
  std::string label;  ///< "task": in folders and lines
  std::vector<int64_t> values;
  /// Optional. Changes the flags of the runs of one value.
  std::function<void(int64_t value, const Options& parsed, std::vector<std::string>& flags)> adjust;
  /// Optional. Further settings that identify a finished run.
  std::function<Settings(const Options& parsed)> more_settings;
};

/// Every run: programs slowest, then values of the axis, combinations of the values given for training flags, seeds. A
/// flag goes to the programs on which it has an effect. A finished run is identified by its settings, its input paths,
/// its tests and its seed. Throws UsageError for flags that a program would refuse, for a flag without effect on any
/// program, and for flags that the sweep sets itself.
std::vector<SweepRun> plan_runs(const std::vector<SweepProgram>& programs, const SweepAxis& axis, int64_t runs,
                                const std::string& out, const std::vector<std::string>& training,
                                const std::filesystem::path& program_folder);

/// The lines that the run has written so far; an empty record when there are none. Throws Error when they cannot be
/// read.
RunRecord record_of(const SweepRun& run);

/// Every run as a trial that ends after `epochs` epochs and can be continued.
std::vector<SweepRun> trials_of(std::vector<SweepRun> plan, int64_t epochs);

/// The epoch below `epochs` with the lowest validation error, among equal ones the lowest loss; nothing without one.
std::optional<RunRecord::Epoch> best_epoch(const RunRecord& record, int64_t epochs);

/// Of every `trials` runs that follow each other in `plan` the `keep` with the best best_epoch(), among equal ones the
/// earlier run. Runs without such a line are left out.
std::vector<SweepRun> best_trials(const std::vector<SweepRun>& plan, int64_t trials, int64_t epochs, int64_t keep);

/// Splits a command line into the sweep's own flags and those of the programs that it runs, which `training` registers.
/// Throws UsageError for an unknown flag.
void divide_arguments(const std::vector<std::string>& arguments, const Options& own,
                      const std::vector<Options>& training, std::vector<std::string>& of_sweep,
                      std::vector<std::string>& of_training);

/// `options` after this command line. Throws UsageError.
Options parsed_options(Options options, const std::vector<std::string>& flags);

/// Quotes a word for a POSIX shell.
std::string shell_word(const std::string& text);
/// One shell command line: makes the folder of the run and starts the program with its output in run.log.
std::string shell_command(const SweepRun& run);

}  // namespace hmem
