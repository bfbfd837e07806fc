// Runs babi_task_single on many tasks, seeds and settings, several at a time; continues where it was stopped.

#include "hmem/train/babi_sweep.h"

#include "hmem/data/data_dir.h"
#include "hmem/train/babi_options.h"
#include "hmem/train/sweep.h"

namespace {

using namespace hmem;

int sweep(const Options& options, const std::vector<std::string>& training) {
  const std::vector<int64_t> tasks = parse_number_list("tasks", options.get_string("tasks"), {1, 20});
  std::vector<std::string> notes;
  const std::vector<SweepRun> plan =
      plan_sweep(tasks, options.get_int("runs"), options.get_string("out"), training, program_folder(), notes);
  return run_sweep(options, plan, notes);
}

}  // namespace

int main(int argc, char** argv) {
  Options options(
      "babi_sweep",
      "Trains babi_task_single on many tasks and seeds. Its flags may be given as well (--preset, --epochs, "
      "...), with several values: --hops=1,3.");
  options.add_string("tasks", "1-20", "bAbI tasks, as 1-3,7");
  add_sweep_options(options, "task and setting");
  return run_sweep_program(argc, argv, options, {babi_task_single_options()}, sweep);
}
