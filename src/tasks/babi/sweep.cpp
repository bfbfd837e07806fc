#include "hmem/tasks/babi/sweep.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/data/babi/files.h"
#include "hmem/tasks/babi/flags.h"
#include "hmem/tasks/babi/run_info.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kSetByUs = {"task_id",     "random_state", "out",     "save",  "checkpoint", "resume",
                                           "limit_steps", "logging",      "verbose", "quiet", "stop_after"};
const std::vector<std::string> kPaths = {"data_dir", "test_data_dir", "load"};  // may hold a comma

/// The official training file of task 3 is not to be had everywhere: flags that train on generated stories instead.
std::vector<std::string> data_flags(int64_t task, const Options& options, const fs::path& program_folder) {
  if (task != 3) return {};
  const BabiSource source = find_babi(options.get_string("data_dir"), program_folder);
  if (!lacks_training_file(source, 3, options.get_string("training_set_size"))) return {};
  std::vector<std::string> flags = {"--data_dir=generated"};
  if (options.get_string("test_data_dir").empty()) flags.push_back("--test_data_dir=" + source.folder.string());
  return flags;
}

/// The settings by which a finished run is known again, and its stories.
SweepRun::Settings settings_of_run(const Options& options, const fs::path& program_folder) {
  SweepRun::Settings settings = compared_settings(
      options, [](const std::string& flag) { return babi_flag_has_effect(flag) || flag == "test_data_dir"; });
  settings.emplace_back("data", find_babi(options.get_string("data_dir"), program_folder).description);
  return settings;
}

}  // namespace

std::vector<SweepRun> plan_sweep(const std::vector<int64_t>& tasks, int64_t runs, const std::string& out,
                                 const std::vector<std::string>& training, const fs::path& program_folder,
                                 std::vector<std::string>& notes) {
  const Options program = babi_task_single_options();
  const std::vector<SweepCombination> combinations = combine(parse_sweep_flags(training, kSetByUs, kPaths));
  std::vector<Options> parsed;
  for (const SweepCombination& one : combinations) {
    parsed.push_back(parsed_options(program, one.flags));
    check_babi_options(parsed.back());
  }
  if (tasks.size() * combinations.size() > kMostSweepRuns / static_cast<size_t>(runs)) {
    throw UsageError("--runs: more than " + std::to_string(kMostSweepRuns) + " runs in all");
  }
  std::vector<SweepRun> plan;
  for (const int64_t task : tasks) {
    bool generated = false, official_test = true;
    for (size_t i = 0; i < combinations.size(); ++i) {
      std::vector<std::string> flags = combinations[i].flags;
      const std::vector<std::string> data = data_flags(task, parsed[i], program_folder);
      if (!data.empty()) {
        generated = true;
        official_test &= parsed[i].get_string("test_data_dir").empty();
        flags.erase(std::remove_if(flags.begin(), flags.end(),
                                   [](const std::string& flag) { return flag.compare(0, 11, "--data_dir=") == 0; }),
                    flags.end());
        flags.insert(flags.end(), data.begin(), data.end());
      }
      if (!parsed[i].was_given("threads")) flags.push_back("--threads=1");
      for (int64_t seed = 1; seed <= runs; ++seed) {
        SweepRun run;
        run.program = (program_folder / program.program()).string();
        run.label.add_int("task", task).add_int("seed", seed);
        const std::string name = "task" + std::to_string(task) + "_seed" + std::to_string(seed);
        run.folder = (fs::path(out) / (name + combinations[i].suffix())).string();
        run.flags = {"--task_id=" + std::to_string(task), "--random_state=" + std::to_string(seed)};
        run.flags.insert(run.flags.end(), flags.begin(), flags.end());
        add_run_files(run);
        run.settings = settings_of_run(parsed_options(program, run.flags), program_folder);
        plan.push_back(std::move(run));
      }
    }
    if (generated) notes.push_back(generated_training_note(task, official_test));
  }
  return plan;
}

}  // namespace hmem
