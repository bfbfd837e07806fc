#pragma once
/// \file plan.h
/// The parts of a plan of many runs: lists of numbers, flags with several values, what one run is started with.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hmem/core/options.h"
#include "hmem/core/run_log.h"
#include "hmem/sweep/run_record.h"

namespace hmem {

/// "1-3,7" -> 1 2 3 7, in this order and none twice; every number within low..high. Throws UsageError that names
/// `flag`.
std::vector<int64_t> parse_number_list(const std::string& flag, const std::string& text, IntRange range);

/// The shortest such text of ascending numbers: 1 2 3 7 -> "1-3,7".
std::string number_list_text(const std::vector<int64_t>& numbers);

bool contains(const std::vector<std::string>& names, const std::string& name);

/// "a,b" -> "a" "b"; parts may be empty.
std::vector<std::string> split_at_commas(const std::string& text);

constexpr size_t kMostSweepRuns = 1000000;

struct SweepRun {
  std::string program;             ///< its file
  std::string folder;              ///< "out/task16_seed1_hops=3"
  std::vector<std::string> flags;  ///< of the program, without its name
  /// Settings that a finished run must have, as its header says them.
  using Settings = std::vector<std::pair<std::string, std::string>>;
  Settings settings;
  int64_t stop_after = 0;  ///< a trial: done after so many epochs; 0: when its training is finished
  Record label;            ///< what lines about it begin with: task and seed

  std::string file(const char* name) const { return folder + "/" + name; }
  /// Whether `record` is of a finished run (or trial) with our settings.
  bool is_done(const RunRecord& record) const;
};

/// The settings of `options` by which a finished run is known again: those of which the result depends, says
/// `has_effect`, and epochs and seed. Without those that a model of --load brings, unless they
/// were given too. Error when the model cannot be read.
SweepRun::Settings compared_settings(const Options& options,
                                     const std::function<bool(const std::string& name)>& has_effect);

/// The lines of the run so far; an empty record when there are none. Error when they cannot be read.
RunRecord record_of(const SweepRun& run);

/// Every run as a trial that ends after `epochs` epochs and can be continued.
std::vector<SweepRun> trials_of(std::vector<SweepRun> plan, int64_t epochs);

/// The epoch below `epochs` with the lowest validation error, among equal ones the lowest loss; nothing without one.
std::optional<RunRecord::Epoch> best_epoch(const RunRecord& record, int64_t epochs);

/// Of every `trials` runs that follow each other in `plan` the `keep` with the best best_epoch(), among equal ones
/// the earlier run. Runs without such a line are left
/// out.
std::vector<SweepRun> best_trials(const std::vector<SweepRun>& plan, int64_t trials, int64_t epochs, int64_t keep);

/// Appends what makes a run keep its files in its folder and continue: --out=FOLDER/run.jsonl, --checkpoint, --save,
/// --resume.
void add_run_files(SweepRun& run);

/// A training flag and its values; none for a bare `--keep_best`.
struct SweepFlag {
  std::string name;
  std::vector<std::string> values;
};

/// The flags on a command line of nothing else, several values after commas but for those of `whole`. Throws UsageError
/// for one that is given twice, for equal values, and for those of `not_here`.
std::vector<SweepFlag> parse_sweep_flags(const std::vector<std::string>& arguments,
                                         const std::vector<std::string>& not_here,
                                         const std::vector<std::string>& whole);

struct SweepCombination {
  std::vector<std::string> flags;
  /// "hops=3" for every flag that has more than one value.
  std::vector<std::string> varied;

  /// "_hops=3_l2=0": for the name of a folder.
  std::string suffix() const;
};
/// All combinations of the values, the last flag fastest.
std::vector<SweepCombination> combine(const std::vector<SweepFlag>& flags);

/// Divides a command line between the sweep's own flags and those of the programs that it runs, of which `training`
/// registers the flags. Throws UsageError for an unknown one.
void divide_arguments(const std::vector<std::string>& arguments, const Options& own,
                      const std::vector<Options>& training, std::vector<std::string>& of_sweep,
                      std::vector<std::string>& of_training);

/// `options` after this command line. Throws UsageError.
Options parsed_options(Options options, const std::vector<std::string>& flags);

/// A word for a POSIX shell.
std::string shell_word(const std::string& text);
/// One line that a shell runs: makes the folder, starts the program there, keeps what it says in run.log.
std::string shell_command(const SweepRun& run);

}  // namespace hmem
