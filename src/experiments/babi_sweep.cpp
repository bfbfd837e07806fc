// Runs babi_task_single on many tasks, seeds and settings, several at a time; an interrupted sweep can be continued.

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/core/program.h"
#include "hmem/sweep/sweep.h"
#include "hmem/tasks/babi/flags.h"
#include "hmem/tasks/babi/report.h"
namespace {

using namespace hmem;

int sweep(const Options& options, const std::vector<std::string>& training) {
  const std::vector<int64_t> tasks = parse_number_list("tasks", options.get_string("tasks"), {1, 20});
  const int64_t runs = options.get_int("runs"), trials = options.get_int("trials");
  if (trials != 0 && trials < runs) {
    throw UsageError("--trials: found " + std::to_string(trials) +
                     ", expected 0 or at least --runs=" + std::to_string(runs));
  }
  std::vector<std::string> notes;
  const std::vector<SweepRun> plan =
      plan_babi_sweep(tasks, std::max(runs, trials), options.get_string("out"), training, program_folder(), notes);
  if (trials == 0) return run_sweep(options, plan, notes);
  return run_sweep_with_trials(options, plan, notes, trials, options.get_int("trial_epochs"), runs);
}

}  // namespace

int main(int argc, char** argv) {
  Options options("babi_sweep",
                  "Runs babi_task_single on many tasks and seeds. Its flags are accepted as well (--preset, --epochs, "
                  "...), also with several values: --hops=1,3.");
  options.add_string("tasks", "1-20", "bAbI tasks, for example 1-3,7");
  add_sweep_options(options, "task and setting");
  options.add_int(
      "trials", 0,
      "number of seeds to try for --trial_epochs epochs; the best --runs by validation continue; 0: no trials",
      {0, 10000});
  options.add_int("trial_epochs", 80, "number of epochs of each run that --trials starts", {1, 1000000});
  return run_sweep_program(argc, argv, options, {babi_task_single_options(), babi_task_baseline_options()}, sweep);
}
