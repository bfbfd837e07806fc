#include "hmem/tasks/babi/report.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <set>

#include "hmem/core/check.h"
#include "hmem/core/text.h"
#include "hmem/sweep/run_record.h"
#include "hmem/tasks/babi/run_info.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

using Values = std::map<std::string, std::string>;

std::string value_of(const Values& values, const std::string& key) {
  const auto found = values.find(key);
  return found == values.end() ? "" : found->second;
}

/// "official", "generated", or "transfer": trained on generated stories, tested on others.
std::string data_kind(const Values& header) {
  if (value_of(header, "data").find("generated in the process") == std::string::npos) return "official";
  return value_of(header, "test_data_dir").empty() ? "generated" : "transfer";
}

/// What runs of one group share.
Values group_settings(const Values& header) {
  // No settings: what is said about build and data, and sizes of the data.
  static const std::set<std::string> kOther = {"event",   "program",    "version", "git",        "compiler",
                                               "kernels", "blas",       "seed",    "data",       "train",
                                               "test",    "validation", "task_id", "vocabulary", "words_per_sentence"};
  Values settings;
  for (const auto& [name, value] : header) {
    if (kOther.count(name) == 0 && (babi_flag_has_effect(name) || name == "epochs")) settings[name] = value;
  }
  settings["stories"] = data_kind(header);
  settings["test_data_dir"] = value_of(header, "test_data_dir");
  return settings;
}

struct Group {
  std::map<int64_t, ReportTask> tasks;
  std::set<std::string> commits;
  std::string preset;
  std::string training_set_size;
};

using Groups = std::map<Values, Group>;

/// Why a record cannot be used; empty when it was added.
std::string add_run(const RunRecord& record, Groups& groups) {
  if (!record.finished()) return "has no final line: not finished";
  if (record.header.count("epochs") == 0) return "has no line of settings: damaged";
  if (record.final_line->count("tasks") == 1) return "is a run of babi_task_joint";
  if (record.final_line->count("delay") == 1) return "is a run of image association, whose table is delay.md";
  const auto test_error = record.figure("test_error");
  const auto task = parse_number<int64_t>(value_of(*record.final_line, "task_id"));
  const auto seed = parse_number<int64_t>(value_of(record.header, "seed"));
  if (!test_error || !task || !seed || *task < 1 || *task > 20) return "has no task_id, seed and test_error";
  Group& group = groups[group_settings(record.header)];
  ReportTask& entry = group.tasks[*task];
  for (const ReportRun& other : entry.runs) {
    if (other.seed == *seed) return "is a second run of the same settings, task and seed";
  }
  entry.task = *task;
  entry.generated = data_kind(record.header) != "official";
  const auto epochs = parse_number<int64_t>(value_of(*record.final_line, "epochs"));
  entry.runs.push_back(
      {*seed, record.figure("val_error"), *test_error, epochs.value_or(0), record.figure("seconds").value_or(0)});
  group.commits.insert(value_of(record.header, "git"));
  group.preset = value_of(record.header, "preset");
  group.training_set_size = value_of(record.header, "training_set_size");
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
  for (const auto& [name, value] : own) {
    const bool differs = std::any_of(groups.begin(), groups.end(), [&name = name, &value = value](const auto& other) {
      return value_of(other.first, name) != value;
    });
    if (differs) text += (text.empty() ? "" : " ") + name + "=" + value;
  }
  return text;
}

std::string join(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

}  // namespace

const ReportRun& ReportTask::best() const {
  const auto error = [](const ReportRun& run) {
    return run.val_error.value_or(std::numeric_limits<double>::infinity());
  };
  return *std::min_element(runs.begin(), runs.end(),
                           [&](const ReportRun& a, const ReportRun& b) { return error(a) < error(b); });
}

double ReportTask::mean() const {
  double sum = 0;
  for (const ReportRun& run : runs) sum += run.test_error;
  return sum / static_cast<double>(runs.size());
}

double ReportTask::min() const {
  double least = runs.front().test_error;
  for (const ReportRun& run : runs) least = std::min(least, run.test_error);
  return least;
}

double ReportTask::max() const {
  double most = runs.front().test_error;
  for (const ReportRun& run : runs) most = std::max(most, run.test_error);
  return most;
}

double ReportGroup::mean_error() const {
  double sum = 0;
  for (const ReportTask& task : tasks) sum += task.best().test_error;
  return sum / static_cast<double>(tasks.size());
}

double ReportGroup::mean_of_means() const {
  double sum = 0;
  for (const ReportTask& task : tasks) sum += task.mean();
  return sum / static_cast<double>(tasks.size());
}

int64_t ReportGroup::failed_tasks() const {
  return std::count_if(tasks.begin(), tasks.end(),
                       [](const ReportTask& task) { return task.best().test_error > kFailedTask; });
}

BabiReport read_babi_report(const std::string& folder) {
  std::error_code status;
  std::vector<std::string> files;
  fs::recursive_directory_iterator entries(folder, status);
  for (; !status && entries != fs::recursive_directory_iterator(); entries.increment(status)) {
    if (entries->path().filename() == "run.jsonl") files.push_back(entries->path().string());
  }
  HMEM_CHECK(!status, folder, ": cannot be listed: ", status.message(), ", expected the folder of a sweep");
  std::sort(files.begin(), files.end());

  BabiReport report;
  Groups groups;
  for (const std::string& file : files) {
    try {
      const std::string why = add_run(read_run_record(file), groups);
      if (!why.empty()) report.notes.push_back(file + " " + why + "; left out");
    } catch (const Error& error) {
      report.notes.push_back(std::string(error.what()) + "; left out");
    }
  }
  HMEM_CHECK(!groups.empty(), folder, ": found ", files.size(),
             " files run.jsonl and no finished run of babi_task_single, expected one at least",
             report.notes.empty() ? "" : "; first: " + report.notes.front());
  merge_task_3(groups);
  for (auto& [settings, group] : groups) {
    ReportGroup shown;
    shown.preset = group.preset.empty() ? "none" : group.preset;
    shown.training_set_size = group.training_set_size;
    shown.commit = join(group.commits);
    shown.settings = differing_settings(groups, settings);
    for (auto& [number, task] : group.tasks) {
      std::sort(task.runs.begin(), task.runs.end(),
                [](const ReportRun& a, const ReportRun& b) { return a.seed < b.seed; });
      shown.tasks.push_back(task);
    }
    report.groups.push_back(std::move(shown));
  }
  return report;
}

}  // namespace hmem
