#include "hmem/tasks/babi/report.h"

#include <algorithm>
#include <limits>

#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/text.h"
#include "hmem/data/babi/files.h"
#include "hmem/tasks/babi/explain.h"
#include "hmem/tasks/babi/flags.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

using Values = std::map<std::string, std::string>;
using Groups = std::map<Values, ReportGroup>;

std::string value_of(const Values& values, const std::string& key) {
  const auto found = values.find(key);
  return found == values.end() ? "" : found->second;
}

/// "official", "generated", or "transfer": trained on generated stories, tested on others.
std::string data_kind(const Values& header) {
  if (value_of(header, "data").find("generated in the process") == std::string::npos) return "official";
  return value_of(header, "test_data_dir").empty() ? "generated" : "transfer";
}

/// The settings that runs of one group share: all but the task. `joint_tasks`: those of joint training.
Values group_settings(const Values& header, const std::string& joint_tasks) {
  static const std::vector<Options::Flag> flags = babi_task_baseline_options().flags();
  static const std::vector<Options::Flag> hmem_flags = babi_task_single_options().flags();
  Values settings;
  for (const auto* known : {&flags, &hmem_flags}) {
    for (const Options::Flag& flag : *known) {
      const auto found = header.find(flag.name);
      const bool counts = flag.role == Role::setting && flag.name != "task_id";
      if (counts && found != header.end()) settings.insert(*found);
    }
  }
  const std::string rename = value_of(header, "rename");
  settings["rename"] = rename.empty() ? "0" : rename;
  settings["stories"] = data_kind(header);
  settings["test_data_dir"] = value_of(header, "test_data_dir");
  settings["training"] = joint_tasks.empty() ? "single" : "joint:" + joint_tasks;
  return settings;
}

/// What babi_explain --all --json wrote into the folder of a run; null without it.
std::shared_ptr<const HitSummary> find_hits(const fs::path& folder, int64_t task, std::vector<std::string>& notes) {
  for (const std::string& name : {"explain_task" + std::to_string(task) + ".json", std::string("explain.json")}) {
    const std::string path = (folder / name).string();
    if (!file_exists(path)) continue;
    try {
      auto hits = std::make_shared<const HitSummary>(read_hit_summary(path));
      if (hits->task == task) return hits;
    } catch (const Error& error) {
      const std::string note = std::string(error.what()) + "; left out";
      if (!contains(notes, note)) notes.push_back(note);
    }
  }
  return nullptr;
}

/// Reason why a record cannot be used; empty when it was added.
std::string add_run(const std::shared_ptr<const RunRecord>& found, const fs::path& folder, Groups& groups,
                    std::vector<std::string>& notes) {
  const RunRecord& record = *found;
  if (!record.finished()) return "has no final line: not finished";
  if (record.header.count("epochs") == 0) return "has no line of settings: damaged";
  const Values& last = *record.final_line;
  if (last.count("delay") == 1) return "is a run of image association, whose table is delay.md";
  const std::string joint_tasks = value_of(last, "tasks");
  const auto seed = parse_number<int64_t>(value_of(record.header, "seed"));
  const auto epochs = parse_number<int64_t>(value_of(last, "epochs"));
  std::map<int64_t, ReportRun> results;
  std::vector<int64_t> tasks;
  for (const Values& line : joint_tasks.empty() ? std::vector<Values>{last} : record.tasks) {
    const auto test_error = metric_of(line, "test_error");
    const auto task = parse_number<int64_t>(value_of(line, "task_id"));
    if (!test_error || !task || !seed || *task < 1 || *task > 20) return "has no task_id, seed and test_error";
    tasks.push_back(*task);
    results[*task] = {
        {*seed, metric_of(line, "val_error"), *test_error, epochs.value_or(0), record.metric("seconds").value_or(0)},
        found,
        {},
        folder};
  }
  if (!joint_tasks.empty() && number_list_text(tasks) != joint_tasks) return "lacks lines of tasks: damaged";
  const Values settings = group_settings(record.header, joint_tasks);
  ReportGroup& group = groups[settings];
  if (group.tasks[tasks.front()].runs.count(*seed) == 1) return "is a second run of the same settings, task and seed";
  for (auto& [number, result] : results) {
    result.hits = find_hits(folder, number, notes);
    ReportTask& task = group.tasks[number];
    task.runs[*seed] = result;
    if (settings.at("stories") != "official") task.generated = true;
    for (const std::string& note : record.notes) {
      if (note.rfind(generated_training_note(number, false), 0) == 0) task.generated = true;
    }
  }
  group.commits.insert(value_of(record.header, "git"));
  group.model = value_of(record.header, "model");
  group.preset = value_of(record.header, "preset");
  group.training_set_size = value_of(record.header, "training_set_size");
  group.joint = !joint_tasks.empty();
  group.rename = parse_number<double>(settings.at("rename")).value_or(0);
  group.online = value_of(record.header, "online") == "1";
  group.stories = settings.at("stories");
  if (group.stories == "official" && !settings.at("test_data_dir").empty()) group.stories = "other test";
  return "";
}

/// Task 3 alone trained on generated stories belongs to the official runs of the other tasks.
void merge_task_3(Groups& groups) {
  for (auto it = groups.begin(); it != groups.end();) {
    Values settings = it->first;
    const bool only_3 = settings["stories"] == "transfer" && it->second.tasks.size() == 1 && it->second.tasks.count(3);
    settings["stories"] = "official";
    settings["test_data_dir"] = "";
    const auto official = groups.find(settings);
    if (!only_3 || official == groups.end() || official->second.tasks.count(3) == 1) {
      ++it;
      continue;
    }
    official->second.tasks[3] = it->second.tasks.at(3);
    official->second.commits.insert(it->second.commits.begin(), it->second.commits.end());
    it = groups.erase(it);
  }
}

std::string differing_settings(const Groups& groups, const Values& own) {
  std::string text;
  for (const auto& setting : own) {
    const bool differs = std::any_of(groups.begin(), groups.end(), [&setting](const auto& other) {
      return value_of(other.first, setting.first) != setting.second;
    });
    if (differs) text += (text.empty() ? "" : " ") + setting.first + "=" + setting.second;
  }
  return text;
}

/// The seed with the lowest validation error on `tasks` together, all of which have it.
int64_t best_seed(const std::vector<const ReportTask*>& tasks) {
  RunGroup sums;
  for (const auto& run : tasks.front()->runs) {
    double sum = 0;
    for (const ReportTask* task : tasks) {
      sum += task->runs.at(run.first).val_error.value_or(std::numeric_limits<double>::infinity());
    }
    sums.runs.push_back({run.first, sum});
  }
  return sums.best().seed;
}

/// The official training file of task 3 is not always available: then changes the flags to train on generated stories
/// and returns true.
bool use_generated(int64_t task, const Options& parsed, const fs::path& program_folder,
                   std::vector<std::string>& flags) {
  if (task != 3) return false;
  const BabiSource source = find_babi(parsed.get_string("data_dir"), program_folder);
  if (!lacks_training_file(source, 3, parsed.get_string("training_set_size"))) return false;
  const auto is_data_dir = [](const std::string& flag) { return flag.compare(0, 11, "--data_dir=") == 0; };
  flags.erase(std::remove_if(flags.begin(), flags.end(), is_data_dir), flags.end());
  flags.emplace_back("--data_dir=generated");
  if (parsed.get_string("test_data_dir").empty()) flags.push_back("--test_data_dir=" + source.folder.string());
  return true;
}

}  // namespace

std::vector<SweepRun> plan_babi_sweep(const std::vector<int64_t>& tasks, int64_t runs, const std::string& out,
                                      const std::vector<std::string>& training, const fs::path& program_folder,
                                      std::vector<std::string>& notes) {
  const auto is_model = [](const std::string& flag) { return flag == "--model" || flag.rfind("--model=", 0) == 0; };
  const bool baseline = std::any_of(training.begin(), training.end(), is_model);
  SweepAxis axis = {"task_id", "task", tasks, {}, {}};
  axis.adjust = [&](int64_t task, const Options& parsed, std::vector<std::string>& flags) {
    if (!use_generated(task, parsed, program_folder, flags)) return;
    const std::string note = generated_training_note(task, parsed.get_string("test_data_dir").empty());
    if (!contains(notes, note)) notes.push_back(note);
  };
  axis.more_settings = [&](const Options& parsed) {
    return Settings{{"data", find_babi(parsed.get_string("data_dir"), program_folder).description}};
  };
  const SweepProgram program = {"", baseline ? babi_task_baseline_options() : babi_task_single_options(),
                                check_babi_flags};
  return plan_runs({program}, axis, runs, out, training, program_folder);
}

const ReportRun* ReportTask::explained() const {
  if (best().hits) return &best();
  for (const auto& run : runs) {
    if (run.second.hits) return &run.second;
  }
  return nullptr;
}

double ReportTask::error(Statistic statistic) const {
  std::vector<double> errors;
  for (const auto& run : runs) errors.push_back(run.second.test_error);
  const Spread spread = spread_of(errors);
  const double values[] = {best().test_error, spread.mean, spread.median, spread.max, spread.min};
  return values[static_cast<size_t>(statistic)];
}

std::map<int64_t, double> ReportGroup::errors(Statistic statistic) const {
  std::map<int64_t, double> errors;
  for (const auto& [number, task] : tasks) errors[number] = task.error(statistic);
  return errors;
}

Overall overall_of(const std::map<int64_t, double>& errors) {
  Overall overall;
  double sum = 0, sum_without_3 = 0;
  for (const auto& [task, error] : errors) {
    sum += error;
    sum_without_3 += task == 3 ? 0 : error;
    overall.failed += error > kFailedTask;
  }
  overall.mean = sum / static_cast<double>(errors.size());
  overall.mean_without_3 = sum_without_3 / static_cast<double>(errors.size() - errors.count(3));
  return overall;
}

BabiReport read_babi_report(const std::string& folder) {
  std::error_code status;
  std::vector<std::string> files;
  fs::recursive_directory_iterator entries(folder, status);
  for (; !status && entries != fs::recursive_directory_iterator(); entries.increment(status)) {
    if (entries->path().filename() == "run.jsonl") files.push_back(entries->path().string());
  }
  HMEM_CHECK(!status, folder, ": cannot be listed: ", status.message(), ", expected the folder with the runs");
  std::sort(files.begin(), files.end());

  BabiReport report;
  Groups groups;
  for (const std::string& file : files) {
    try {
      const std::string why = add_run(std::make_shared<RunRecord>(read_run_record(file)), fs::path(file).parent_path(),
                                      groups, report.notes);
      if (!why.empty()) report.notes.push_back(file + " " + why + "; left out");
    } catch (const Error& error) {
      report.notes.push_back(std::string(error.what()) + "; left out");
    }
  }
  HMEM_CHECK(!groups.empty(), folder, ": found ", files.size(),
             " files run.jsonl and no finished run of a bAbI task, expected at least one",
             report.notes.empty() ? "" : "; first: " + report.notes.front());
  merge_task_3(groups);
  for (auto& [settings, group] : groups) {
    if (group.model.empty()) group.model = "hmem";
    if (group.preset.empty()) group.preset = "none";
    if (group.training_set_size.empty()) group.training_set_size = "10k";
    group.settings = differing_settings(groups, settings);
    std::vector<const ReportTask*> all;
    for (const auto& task : group.tasks) all.push_back(&task.second);
    for (auto& task : group.tasks) {
      task.second.best_seed = best_seed(group.joint ? all : std::vector<const ReportTask*>{&task.second});
    }
    report.groups.push_back(std::move(group));
  }
  return report;
}

}  // namespace hmem
