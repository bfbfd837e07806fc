#pragma once
/// \file sweep.h
/// Runs a plan: every run is a process with a folder of its own, several at a time; continues where it was stopped.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "hmem/core/options.h"
#include "hmem/sweep/plan.h"

namespace hmem {

/// Registers --runs, --jobs, --out and --print. `what` the runs are of: "task and setting".
void add_sweep_options(Options& options, const std::string& what);

/// Called with every run that ended well, now or in an earlier sweep, when it is its turn; index in the plan.
using OnRunEnd = std::function<void(size_t run, const RunRecord& record)>;

/// With --print only prints one command line for every run, `notes` on stderr. Else starts runs, --jobs at a time, and
/// prints a line when one ends; finished runs are kept, one that another process works on is waited for, a failed one
/// is reported and the others go on. SIGINT, SIGTERM and SIGHUP are passed on. Returns the exit code: 0, 1 when a run
/// or `on_end` failed, 130, 143 or 129. Throws UsageError without --out, Error when a program is missing.
int run_sweep(const Options& options, const std::vector<SweepRun>& plan, const std::vector<std::string>& notes,
              const OnRunEnd& on_end = {});

/// The same in two parts: first every run of `plan` as a trial of `epochs` epochs, then the best `keep` of every
/// `trials` that follow each other to the end (best_trials(); the others stay as they are). Throws UsageError with
/// --print: what the second part runs depends on the first.
int run_sweep_with_trials(const Options& options, const std::vector<SweepRun>& plan,
                          const std::vector<std::string>& notes, int64_t trials, int64_t epochs, int64_t keep);

/// All of `main`: divides the command line as divide_arguments() does and calls `body` with the sweep's options and the
/// arguments of the programs.
int run_sweep_program(int argc, const char* const* argv, Options& own, const std::vector<Options>& training,
                      const std::function<int(const Options& options, const std::vector<std::string>& training)>& body);

}  // namespace hmem
