#pragma once
/// \file babi_sweep.h
/// The plan of a sweep: tasks, seeds and every combination of the values given for training flags.

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "hmem/core/options.h"
#include "hmem/train/run_record.h"

namespace hmem {

/// "1-3,7" -> 1 2 3 7, in this order and none twice; every number within low..high. Throws UsageError that names
/// `flag`.
std::vector<int64_t> parse_number_list(const std::string& flag, const std::string& text, IntRange range);

/// The shortest such text of ascending numbers: 1 2 3 7 -> "1-3,7".
std::string number_list_text(const std::vector<int64_t>& numbers);

struct SweepRun {
  int64_t task = 0;
  int64_t seed = 0;
  std::string folder;              ///< "out/task16_seed1_hops=3"
  std::vector<std::string> flags;  ///< of babi_task_single, without its name
  std::vector<std::pair<std::string, std::string>> settings;

  std::string file(const char* name) const { return folder + "/" + name; }
  /// Whether `record` is of a finished run with our settings.
  bool is_done(const RunRecord& record) const;
};

/// Divides a command line between the sweep's own flags and training flags. Throws UsageError for an unknown one.
void divide_arguments(const std::vector<std::string>& arguments, const Options& own, std::vector<std::string>& of_sweep,
                      std::vector<std::string>& of_training);

/// Every run, tasks slowest, then combinations, then seeds. Throws UsageError for anything that babi_task_single would
/// refuse, and for flags that the sweep sets itself. `notes` gets what the user has to know.
std::vector<SweepRun> plan_sweep(const std::vector<int64_t>& tasks, int64_t runs, const std::string& out,
                                 const std::vector<std::string>& training, const std::filesystem::path& program_folder,
                                 std::vector<std::string>& notes);

/// A word for a POSIX shell.
std::string shell_word(const std::string& text);
/// One line that a shell runs: makes the folder, starts `program` there, keeps what it says in run.log.
std::string shell_command(const std::string& program, const SweepRun& run);

}  // namespace hmem
