#pragma once
/// \file sweep.h
/// Runs a plan: every run is a process with its own folder, several at a time; an interrupted sweep can be continued.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "hmem/core/options.h"
#include "hmem/sweep/plan.h"

namespace hmem {

/// Registers --runs, --jobs, --out and --print. `what` describes the runs in help texts: "task and setting".
void add_sweep_options(Options& options, const std::string& what);

/// Called once for every successful run of this or an earlier sweep, with its index in the plan.
using OnRunEnd = std::function<void(size_t run, const RunRecord& record)>;

/// With --print only prints one command line for every run, `notes` on stderr. Else starts runs, --jobs at a time, and
/// prints a line when one ends; finished runs are kept, runs of another process are waited for, a failed run is
/// reported and the others go on. SIGINT, SIGTERM and SIGHUP are passed on. Returns the exit code: 0, 1 when a run or
/// `on_end` failed, 130, 143 or 129. Throws UsageError without --out, Error when a program is missing.
int run_sweep(const Options& options, const std::vector<SweepRun>& plan, const std::vector<std::string>& notes,
              const OnRunEnd& on_end = {});

/// The same in two parts: first every run of `plan` as a trial of `epochs` epochs, then the best `keep` of every
/// `trials` consecutive runs to the end (best_trials(); the others stay unfinished). Throws UsageError with --print,
/// since the second part depends on the first.
int run_sweep_with_trials(const Options& options, const std::vector<SweepRun>& plan,
                          const std::vector<std::string>& notes, int64_t trials, int64_t epochs, int64_t keep);

/// Implements `main`: splits the command line with divide_arguments() and calls `body` with the sweep's options and the
/// arguments of the programs.
int run_sweep_program(int argc, const char* const* argv, Options& own, const std::vector<Options>& training,
                      const std::function<int(const Options& options, const std::vector<std::string>& training)>& body);

}  // namespace hmem
