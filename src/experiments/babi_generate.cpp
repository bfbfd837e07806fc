// Writes generated bAbI stories in the official format, one pair of files per task.

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <vector>

#include "hmem/core/atomic_file.h"
#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/program.h"
#include "hmem/core/progress.h"
#include "hmem/data/babi/files.h"
#include "hmem/data/generator/registry.h"

namespace {

using namespace hmem;
namespace fs = std::filesystem;

Options make_options() {
  Options options("babi_generate", "Writes generated bAbI stories in the official text format.");
  options.section("Files");
  options.add_string("task_id", "all", "bAbI task, 1 to 20, or all");
  options.add_int("questions", 10000, "number of training questions per task; up to 1000 go to en/, more to en-10k/",
                  {1, 10000000});
  options.add_int("seed", 1, "random seed; the same seed gives the same files", {0, int64_t{1} << 62});
  options.add_folder("out", "output folder, in which en/ or en-10k/ is created (required)", Role::output);
  options.add_switch("overwrite", false, "replace existing files");
  options.section("Stories (none: as in the official files)");
  add_babi_story_options(options);
  return options;
}

std::vector<int> tasks_of(const std::string& task_id) {
  std::vector<int> tasks;
  for (int task = 1; task <= 20; ++task) {
    if (task_id == "all" || task_id == std::to_string(task)) tasks.push_back(task);
  }
  if (tasks.empty()) throw UsageError("--task_id must be 1 to 20 or all, found '" + task_id + "'");
  return tasks;
}

int generate(const Options& options) {
  const std::vector<int> tasks = tasks_of(options.get_string("task_id"));
  const int64_t questions = options.get_int("questions");
  const auto seed = static_cast<uint64_t>(options.get_int("seed"));
  if (options.get_string("out").empty()) throw UsageError("--out is missing: the folder to write to");
  const fs::path folder = fs::path(options.get_string("out")) / (questions <= 1000 ? "en" : "en-10k");

  // All errors are found before the first file is written.
  const BabiStoryOptions given = babi_story_options(options);
  struct File {
    int task;
    BabiPart part;
    fs::path path;
  };
  std::vector<File> files;
  for (const int task : tasks) {
    std::string dropped;
    check_babi_options(task, tasks.size() > 1 ? options_of_babi_task(task, given, &dropped) : given);
    if (!dropped.empty()) std::cout << "note: task " << task << " has no option " << dropped << "\n";
    for (const BabiPart part : {BabiPart::train, BabiPart::test}) {
      files.push_back({task, part, folder / babi_file_name(task, part)});
      HMEM_CHECK(options.get_switch("overwrite") || !file_exists(files.back().path), files.back().path.string(),
                 ": already exists, expected a new file (--overwrite replaces it)");
    }
  }
  make_folder(folder);
  const ShowProgress show = show_progress(options, "writing files");
  int64_t written = 0;
  show(written, static_cast<int64_t>(files.size()));
  for (const File& file : files) {
    const BabiStoryOptions own = options_of_babi_task(file.task, given);
    const bool train = file.part == BabiPart::train;
    write_file(file.path.string(),
               generate_babi_part(file.task, train ? questions : kBabiTestQuestions, file.part, seed, own));
    show(++written, static_cast<int64_t>(files.size()));
  }
  std::cout << "wrote " << files.size() << " files: " << questions << " training and " << kBabiTestQuestions
            << " test questions for each of " << tasks.size() << " tasks, seed " << seed << ", in " << folder.string()
            << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options = make_options();
  return run_program(argc, argv, options, generate);
}
