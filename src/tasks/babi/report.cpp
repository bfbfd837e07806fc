#include "hmem/tasks/babi/report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "hmem/core/check.h"
#include "hmem/core/text.h"
#include "hmem/data/babi/files.h"
#include "hmem/tasks/babi/flags.h"

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

/// The settings that runs of one group share: all but the task.
Values group_settings(const Values& header) {
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
  settings["stories"] = data_kind(header);
  settings["test_data_dir"] = value_of(header, "test_data_dir");
  return settings;
}

struct Group {
  std::map<int64_t, ReportTask> tasks;
  std::set<std::string> commits;
  std::string model, preset, training_set_size;
};

using Groups = std::map<Values, Group>;

/// Reason why a record cannot be used; empty when it was added.
std::string add_run(const RunRecord& record, Groups& groups) {
  if (!record.finished()) return "has no final line: not finished";
  if (record.header.count("epochs") == 0) return "has no line of settings: damaged";
  if (record.final_line->count("tasks") == 1) return "is a run of babi_task_joint";
  if (record.final_line->count("delay") == 1) return "is a run of image association, whose table is delay.md";
  const auto test_error = record.metric("test_error");
  const auto task = parse_number<int64_t>(value_of(*record.final_line, "task_id"));
  const auto seed = parse_number<int64_t>(value_of(record.header, "seed"));
  if (!test_error || !task || !seed || *task < 1 || *task > 20) return "has no task_id, seed and test_error";
  Group& group = groups[group_settings(record.header)];
  ReportTask& entry = group.tasks[*task];
  for (const RunResult& other : entry.runs) {
    if (other.seed == *seed) return "is a second run of the same settings, task and seed";
  }
  entry.task = *task;
  entry.generated = data_kind(record.header) != "official";
  const auto epochs = parse_number<int64_t>(value_of(*record.final_line, "epochs"));
  entry.runs.push_back(
      {*seed, record.metric("val_error"), *test_error, epochs.value_or(0), record.metric("seconds").value_or(0)});
  group.commits.insert(value_of(record.header, "git"));
  group.model = value_of(record.header, "model");
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
  for (const auto& setting : own) {
    const bool differs = std::any_of(groups.begin(), groups.end(), [&setting](const auto& other) {
      return value_of(other.first, setting.first) != setting.second;
    });
    if (differs) text += (text.empty() ? "" : " ") + setting.first + "=" + setting.second;
  }
  return text;
}

/// Test errors in %, 10k training questions.
constexpr std::array<double, 20> kMemN2N = {0,  .3, 2.1, 0,  .8, .1,   2.0,  .9,  .3,  0,
                                            .1, 0,  0,   .1, 0,  51.8, 18.6, 5.3, 2.3, 0};
constexpr std::array<double, 20> kEntNet = {0, .1, 4.1, 0, .3, .2, 0, .5, .1, .6, .3, 0, 1.3, 0, 0, .2, .5, .3, 2.3, 0};

struct Published {
  const char* name;
  const char* mean_error;
  const char* failed_tasks;
};
constexpr Published kPublished[] = {{"LSTM", "36.4", "16"},
                                    {"fast weights", "14.1", "8"},
                                    {"MemN2N", "4.2", "3"},
                                    {"RMN", "1.2", "1"},
                                    {"EntNet", "0.5", "0"},
                                    {"QRN", "0.3", "-"},
                                    {"STM (joint training; best run 0.15)", "0.39", "-"},
                                    {"MEMO (joint training)", "0.21", "-"}};

const char kNoteGenerated[] = "* trained on generated stories";
const char kNoteBest[] = "best: the run with the lowest validation error, then the smallest seed";

std::string decimal(double value) { return metric_text(std::round(value * 100) / 100); }

std::string val_text(const RunResult& run) { return run.val_error ? decimal(*run.val_error) : "-"; }

/// Adds "(10k)" to the name of a published result when our runs used another set size.
std::string published(const char* name, const ReportGroup& group) {
  const bool equal = group.training_set_size.empty() || group.training_set_size == "10k";
  return std::string(name) + (equal ? "" : " (10k)");
}

Table task_rows(const ReportGroup& group) {
  Table rows = {{"task", "runs", "best seed", "val", "test", "mean", "min-max", published("MemN2N", group),
                 published("EntNet", group)}};
  for (const ReportTask& task : group.tasks) {
    const RunResult& best = task.best();
    const Spread spread = spread_of(task);
    const auto index = static_cast<size_t>(task.task - 1);
    rows.push_back({std::to_string(task.task) + (task.generated ? "*" : ""), std::to_string(task.runs.size()),
                    std::to_string(best.seed), val_text(best), decimal(best.test_error), decimal(spread.mean),
                    decimal(spread.min) + "-" + decimal(spread.max), metric_text(kMemN2N[index]),
                    metric_text(kEntNet[index])});
  }
  return rows;
}

Table summary_rows(const ReportGroup& group) {
  const std::string count = std::to_string(group.tasks.size());
  const std::string size = group.training_set_size.empty() ? "10k" : group.training_set_size;
  Table rows = {{one_line(size) + " questions", "tasks", "mean error", "failed tasks"}};
  rows.push_back(
      {group.model + ", best runs", count, decimal(group.mean_error()), std::to_string(group.failed_tasks())});
  rows.push_back({group.model + ", mean of runs", count, decimal(group.mean_of_means()),
                  std::to_string(std::count_if(group.tasks.begin(), group.tasks.end(), [](const ReportTask& task) {
                    return spread_of(task).mean > kFailedTask;
                  }))});
  for (const Published& other : kPublished) {
    rows.push_back({published(other.name, group), "20", other.mean_error, other.failed_tasks});
  }
  return rows;
}

std::string title(const ReportGroup& group) {
  const std::string settings = group.settings.empty() ? "" : ", " + group.settings;
  return "test error in %, " + one_line(group.model) + ", preset " + one_line(group.preset) + ", commit " +
         one_line(group.commit) + one_line(settings);
}

bool any_generated(const ReportGroup& group) {
  return std::any_of(group.tasks.begin(), group.tasks.end(), [](const ReportTask& task) { return task.generated; });
}

/// `{...}` of the record with a last key whose value is JSON already.
std::string with_list(const Record& record, const char* key, const std::string& list) {
  std::string json = record.to_json();
  json.pop_back();
  return json + ",\"" + key + "\":[" + list + "]}";
}

std::string json_task(const ReportTask& task) {
  std::string runs;
  for (const RunResult& run : task.runs) {
    Record one;
    one.add_int("seed", run.seed)
        .add_real("val_error", run.val_error.value_or(NAN))
        .add_real("test_error", run.test_error);
    one.add_int("epochs", run.epochs).add_real("seconds", run.seconds);
    runs += (runs.empty() ? "" : ",") + one.to_json();
  }
  const RunResult& best = task.best();
  const Spread spread = spread_of(task);
  Record record;
  record.add_int("task", task.task).add_text("trained_on", task.generated ? "generated" : "official");
  record.add_int("best_seed", best.seed).add_real("val_error", best.val_error.value_or(NAN));
  record.add_real("test_error", best.test_error).add_real("mean", spread.mean);
  record.add_real("min", spread.min).add_real("max", spread.max);
  return with_list(record, "runs", runs);
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

double ReportGroup::mean_error() const {
  double sum = 0;
  for (const ReportTask& task : tasks) sum += task.best().test_error;
  return sum / static_cast<double>(tasks.size());
}

double ReportGroup::mean_of_means() const {
  double sum = 0;
  for (const ReportTask& task : tasks) sum += spread_of(task).mean;
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
             " files run.jsonl and no finished run of a bAbI task, expected at least one",
             report.notes.empty() ? "" : "; first: " + report.notes.front());
  merge_task_3(groups);
  for (auto& [settings, group] : groups) {
    ReportGroup shown;
    shown.model = group.model.empty() ? "hmem" : group.model;
    shown.preset = group.preset.empty() ? "none" : group.preset;
    shown.training_set_size = group.training_set_size;
    shown.commit = join({group.commits.begin(), group.commits.end()}, ",");
    shown.settings = differing_settings(groups, settings);
    for (auto& [number, task] : group.tasks) {
      std::sort(task.runs.begin(), task.runs.end(),
                [](const RunResult& a, const RunResult& b) { return a.seed < b.seed; });
      shown.tasks.push_back(task);
    }
    report.groups.push_back(std::move(shown));
  }
  return report;
}

std::string report_table(const BabiReport& report) {
  std::string text;
  for (const ReportGroup& group : report.groups) {
    text += (text.empty() ? "" : "\n") + title(group) + "\n\n" + text_table(task_rows(group), false);
    if (any_generated(group)) text += std::string(kNoteGenerated) + "\n";
    text += std::string(kNoteBest) + "\n\n" + text_table(summary_rows(group), true);
  }
  return text;
}

std::string report_markdown(const BabiReport& report) {
  std::string text;
  for (const ReportGroup& group : report.groups) {
    text += (text.empty() ? "" : "\n") + markdown_text(title(group)) + "\n\n" + markdown_table(task_rows(group)) + "\n";
    if (any_generated(group)) text += "\\" + std::string(kNoteGenerated) + "; ";
    text += std::string(kNoteBest) + "\n\n" + markdown_table(summary_rows(group));
  }
  return text;
}

std::string report_csv(const BabiReport& report) {
  std::string text = "settings,task,trained_on,runs,best_seed,val_error,test_error,mean,min,max,memn2n,entnet\n";
  for (const ReportGroup& group : report.groups) {
    for (const ReportTask& task : group.tasks) {
      const RunResult& best = task.best();
      const Spread spread = spread_of(task);
      const auto index = static_cast<size_t>(task.task - 1);
      text += csv_field(group.settings) + "," + std::to_string(task.task) + "," +
              (task.generated ? "generated" : "official") + "," + std::to_string(task.runs.size()) + "," +
              std::to_string(best.seed) + "," + (best.val_error ? metric_text(*best.val_error) : "");
      for (const double value :
           {best.test_error, spread.mean, spread.min, spread.max, kMemN2N[index], kEntNet[index]}) {
        text += "," + metric_text(value);
      }
      text += "\n";
    }
  }
  return text;
}

std::string report_json(const BabiReport& report) {
  std::string text;
  for (const ReportGroup& group : report.groups) {
    std::string tasks;
    for (const ReportTask& task : group.tasks) tasks += (tasks.empty() ? "\n" : ",\n") + json_task(task);
    Record record;
    record.add_text("model", group.model)
        .add_text("preset", group.preset)
        .add_text("commit", group.commit)
        .add_text("settings", group.settings);
    record.add_text("training_set_size", group.training_set_size);
    record.add_real("mean_error", group.mean_error()).add_real("mean_of_means", group.mean_of_means());
    record.add_int("failed_tasks", group.failed_tasks());
    text += (text.empty() ? "" : ",\n") + with_list(record, "tasks", tasks);
  }
  return (report.groups.size() == 1 ? text : "[" + text + "]") + "\n";
}

}  // namespace hmem
