// Tables of a report as text, Markdown, CSV and JSON.

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "hmem/core/run_log.h"
#include "hmem/core/text.h"
#include "hmem/tasks/babi/explain.h"
#include "tasks/babi/report_columns.h"

namespace hmem {

namespace detail {

namespace {

constexpr size_t kBabiTasks = 20;
using TaskErrors = std::array<double, kBabiTasks>;
constexpr TaskErrors kMemN2N = {0, .3, 2.1, 0, .8, .1, 2.0, .9, .3, 0, .1, 0, 0, .1, 0, 51.8, 18.6, 5.3, 2.3, 0};
constexpr TaskErrors kEntNet = {0, .1, 4.1, 0, .3, .2, 0, .5, .1, .6, .3, 0, 1.3, 0, 0, .2, .5, .3, 2.3, 0};
constexpr TaskErrors kRmn = {0, .5, 14.7, 0, .4, 0, .5, .3, 0, 0, .5, 0, 0, 0, 0, .9, .3, 2.3, 2.9, 0};
constexpr TaskErrors kBiAdnc = {.1, .8, 2.4, 0, .7, 0, 1, .5, .1, 0, 0, 0, 0, .8, .1, 52.6, 4.8, .4, 0, .1};
constexpr TaskErrors kBiAdncAug = {.1, .5, 1.6, 0, .8, 0, 1, .6, 0, 0, 0, 0, 0, .3, .1, 0, 1.5, .9, .1, .1};

struct Published {
  const char *name, *protocol, *training_set_size;
  bool joint, augmented;
  std::optional<Statistic> statistic;  ///< of ours that may be compared with it; nothing when its choice is not known
  double mean_error;                   ///< in %, of all tasks
  int failed_tasks;                    ///< -1: not known
  const TaskErrors* tasks = nullptr;   ///< in %
};
const Published kPublished[] = {  // sources: docs/guide.md
    {"MemN2N", "single task, best of 10 by training error", "10k", false, false, Statistic::best, 4.2, 3, &kMemN2N},
    {"EntNet", "single task, best of 10 by validation", "10k", false, false, Statistic::best, .5, 0, &kEntNet},
    {"QRN", "single task, best of 10 by validation loss", "10k", false, false, Statistic::best, .3, -1},
    {"LSTM", "unknown", "10k", false, false, {}, 36.4, 16},
    {"fast weights", "unknown", "10k", false, false, {}, 14.1, 8},
    {"STM", "joint, mean of the runs (best 0.15)", "10k", true, false, Statistic::mean, .39, -1},
    {"TPR-RNN", "joint, mean of 8 runs (best 0.78)", "10k", true, false, Statistic::mean, 1.34, -1},
    {"BiADNC", "joint, mean of 5 runs", "10k", true, false, Statistic::mean, 3.2, 1, &kBiAdnc},
    {"RMN", "joint, choice of the run unknown", "10k", true, false, {}, 1.2, 1, &kRmn},
    {"MEMO", "joint, choice of the run unknown", "10k", true, false, {}, .21, -1},
    {"BiADNC, augmented", "joint, mean of 5 runs, task 16 augmented", "10k", true, true, Statistic::mean, .4, 0,
     &kBiAdncAug},
    {"MemN2N", "single task, best of 10 by training error", "1k", false, false, Statistic::best, 15.2, -1},
    {"QRN", "single task, best of 10 by validation loss", "1k", false, false, Statistic::best, 9.9, -1},
    {"LSTM", "unknown", "1k", false, false, {}, 51.3, -1},
    {"DMN, augmented", "choice of the run unknown", "1k", false, true, {}, 10.8, 8}};

constexpr std::array<const char*, 5> kStatisticNames = {"best", "mean", "median", "worst", "min"};

/// Which of our errors may be compared with the published ones, if any.
std::optional<Statistic> comparable(const Published& other, const ReportGroup& group) {
  const bool same_training = other.joint == group.joint && other.augmented == (group.rename > 0) && !group.online;
  const bool same_tasks = group.stories == "official" && (other.tasks || group.tasks.size() == kBabiTasks);
  return same_training && same_tasks ? other.statistic : std::nullopt;
}

bool any_generated(const ReportGroup& group, bool without_3 = false) {
  return std::any_of(group.tasks.begin(), group.tasks.end(), [without_3](const auto& task) {
    return task.second.generated && !(without_3 && task.first == 3);
  });
}

}  // namespace

std::string decimal(double value) { return std::isnan(value) ? "-" : metric_text(std::round(value * 100) / 100); }

std::string marked_name(const ReportGroup& group) {
  std::string name = one_line(group.model);
  if (group.rename > 0) name += ", renaming " + metric_text(group.rename);
  if (group.online) return name + ", online stories";
  return name + (group.stories == "official" ? "" : ", stories: " + group.stories);
}

/// "single task, best of 3 by validation"
static std::string protocol(const ReportGroup& group, const std::string& statistic) {
  std::set<size_t> counts;
  for (const auto& task : group.tasks) counts.insert(task.second.runs.size());
  const std::string fewest = std::to_string(*counts.begin()), most = std::to_string(*counts.rbegin());
  return (group.joint ? "joint, " : "single task, ") + statistic + " of " + (fewest == most ? "" : fewest + " to ") +
         most +
         (statistic == "best" ? " by validation"
          : most == "1"       ? " run"
                              : " runs");
}

std::vector<ErrorColumn> columns_of(const ReportGroup& group) {
  std::vector<ErrorColumn> columns;
  const auto add = [&](const std::string& how, const std::string& statistic, const Errors& errors) {
    columns.push_back({marked_name(group), how, statistic, false, errors, overall_of(errors), errors.size()});
  };
  const auto add_published = [&](std::optional<Statistic> statistic) {
    for (const Published& other : kPublished) {
      if (group.training_set_size != other.training_set_size || comparable(other, group) != statistic) continue;
      Errors errors;
      for (const auto& task : group.tasks) {
        if (other.tasks) errors[task.first] = (*other.tasks)[static_cast<size_t>(task.first - 1)];
      }
      const size_t tasks = other.tasks ? errors.size() : kBabiTasks;
      Overall overall = other.tasks ? overall_of(errors) : Overall{0, other.failed_tasks, NAN};
      if (tasks == kBabiTasks) overall.mean = other.mean_error;  // with the digits published
      columns.push_back({other.name, other.protocol,
                         statistic ? kStatisticNames[static_cast<size_t>(*statistic)] : "none", true, errors, overall,
                         tasks});
    }
  };
  for (size_t i = 0; i < 4; ++i) {
    const auto statistic = static_cast<Statistic>(i);
    add(protocol(group, kStatisticNames[i]), kStatisticNames[i], group.errors(statistic));
    add_published(statistic);
  }
  for (const auto& run : group.joint ? group.tasks.begin()->second.runs : std::map<int64_t, ReportRun>()) {
    Errors errors;
    for (const auto& [number, task] : group.tasks) errors[number] = task.runs.at(run.first).test_error;
    add("joint, seed " + std::to_string(run.first), "run", errors);
  }
  add_published(std::nullopt);
  return columns;
}

Table task_rows(const ReportGroup& group, std::vector<std::string>& notes) {
  Table rows = {{"task", "runs", "best seed", "val"}};
  for (const auto& [number, task] : group.tasks) {
    rows.push_back({std::to_string(number) + (task.generated ? "*" : ""), std::to_string(task.runs.size()),
                    std::to_string(task.best_seed), decimal(task.best().val_error.value_or(NAN))});
  }
  if (any_generated(group)) notes.emplace_back("* trained on generated stories");
  notes.push_back("best: the run with the lowest " + std::string(group.joint ? "mean " : "") +
                  "validation error, then the smallest seed");
  for (const ErrorColumn& column : columns_of(group)) {
    if (column.errors.empty() || column.statistic == "none" || column.statistic == "run") continue;
    rows[0].push_back(column.published ? column.name : column.statistic);
    size_t row = 0;
    for (const auto& error : column.errors) rows[++row].push_back(decimal(error.second));
    if (column.published) notes.push_back(column.name + ": " + column.protocol);
  }
  return rows;
}

Table summary_rows(const ReportGroup& group, std::vector<std::string>& notes) {
  Table rows = {
      {one_line(group.training_set_size) + " questions", "protocol", "tasks", "mean error", "failed", "without 3"}};
  notes = {"failed: tasks with an error above 5 %; without 3: mean error of the tasks other than 3"};
  for (const ErrorColumn& column : columns_of(group)) {
    const Overall& overall = column.overall;
    const bool other = column.statistic == "none";
    const auto star = [&](bool without_3) { return !column.published && any_generated(group, without_3) ? "*" : ""; };
    rows.push_back({other ? "(" + column.name + ")" : column.name, column.protocol, std::to_string(column.tasks),
                    decimal(overall.mean) + star(false), overall.failed < 0 ? "-" : std::to_string(overall.failed),
                    decimal(overall.mean_without_3) + star(true)});
    if (other && notes.size() == 1) notes.emplace_back("( ): another protocol, not to be compared with our rows");
  }
  return rows;
}

std::string group_title(const ReportGroup& group) {
  return marked_name(group) + (group.joint ? ", joint training" : "") + ", preset " + one_line(group.preset) +
         ", commit " + one_line(join({group.commits.begin(), group.commits.end()}, ",")) +
         one_line(group.settings.empty() ? "" : ", " + group.settings);
}

Table hit_rows(const ReportGroup& group) {
  Table rows = {{"task", "seed", "error", "chance"}};
  std::vector<std::string> names;
  for (const auto& [number, task] : group.tasks) {
    const ReportRun* run = task.explained();
    for (const HitSummary::Of& of : run ? run->hits->terms : std::vector<HitSummary::Of>()) {
      if (!contains(names, of.name)) names.push_back(of.name);
    }
  }
  for (const std::string& name : names) rows[0].push_back(one_line(name));
  for (const auto& [number, task] : group.tasks) {
    const ReportRun* run = task.explained();
    if (!run) continue;
    rows.push_back(
        {std::to_string(number), std::to_string(run->seed), decimal(run->hits->error), decimal(run->hits->chance)});
    for (const std::string& name : names) {
      const auto& terms = run->hits->terms;
      const auto of = std::find_if(terms.begin(), terms.end(), [&](const auto& term) { return term.name == name; });
      rows.back().push_back(of == terms.end() ? "-" : metric_text(of->all));
    }
  }
  return rows;
}

}  // namespace detail

using namespace detail;

namespace {

std::string report_text(const BabiReport& report, bool markdown) {
  std::string text;
  for (const ReportGroup& group : report.groups) {
    const std::string title = "test error in %, " + group_title(group);
    text += (text.empty() ? "" : "\n") + (markdown ? markdown_text(title) : title) + "\n";
    for (const bool summary : {false, true}) {
      std::vector<std::string> notes;
      const Table rows = summary ? summary_rows(group, notes) : task_rows(group, notes);
      const std::string first = notes.front().front() == '*' && markdown ? "\\" : "";
      text += "\n" + (markdown ? markdown_table(rows) + "\n" : text_table(rows, summary ? 2 : 0)) + first +
              join(notes, markdown ? "; " : "\n") + "\n";
    }
    const Table hits = hit_rows(group);
    if (hits.size() == 1) continue;
    text += "\n" + (markdown ? markdown_table(hits) + "\n" : text_table(hits, 0)) + kHitNote + "\n";
  }
  return text;
}

/// `{...}` of a record with a last key whose value is a list of JSON values.
std::string with_list(std::string json, const char* key, const std::vector<std::string>& values,
                      const char* line = "") {
  json.pop_back();
  return json + ",\"" + key + "\":[" + (values.empty() ? "" : line) + join(values, (std::string(",") + line).c_str()) +
         "]}";
}

std::string json_task(int64_t number, const ReportTask& task) {
  std::vector<std::string> runs;
  for (const auto& [seed, run] : task.runs) {
    Record one;
    one.add_int("seed", seed).add_real("val_error", run.val_error.value_or(NAN));
    one.add_real("test_error", run.test_error).add_int("epochs", run.epochs).add_real("seconds", run.seconds);
    runs.push_back(one.to_json());
  }
  const RunResult& best = task.best();
  Record record;
  record.add_int("task", number).add_text("trained_on", task.generated ? "generated" : "official");
  record.add_int("best_seed", best.seed).add_real("val_error", best.val_error.value_or(NAN));
  record.add_real("test_error", best.test_error).add_real("mean", task.error(Statistic::mean));
  record.add_real("min", task.error(Statistic::min)).add_real("max", task.error(Statistic::worst));
  record.add_real("median", task.error(Statistic::median)).add_real("worst", task.error(Statistic::worst));
  std::string json = with_list(record.to_json(), "runs", runs);
  if (const ReportRun* run = task.explained()) {
    json.pop_back();
    json += ",\"hits_seed\":" + std::to_string(run->seed) + ",\"hits\":" + run->hits->json() + "}";
  }
  return json;
}

std::string json_column(const ErrorColumn& column) {
  const Overall& overall = column.overall;
  Record record;
  record.add_text("name", column.name).add_text("protocol", column.protocol);
  record.add_text(column.published ? "compare_with" : "statistic", column.statistic);
  record.add_int("tasks", static_cast<int64_t>(column.tasks)).add_real("mean_error", overall.mean);
  record.add_real("failed_tasks", overall.failed < 0 ? NAN : static_cast<double>(overall.failed));
  return record.add_real("mean_error_without_3", overall.mean_without_3).to_json();
}

}  // namespace

std::string report_table(const BabiReport& report) { return report_text(report, false); }

std::string report_markdown(const BabiReport& report) { return report_text(report, true); }

std::string report_csv(const BabiReport& report) {
  std::string text =
      "settings,task,trained_on,runs,best_seed,val_error,test_error,mean,min,max,memn2n,entnet,median,worst,training,"
      "rename,online\n";
  for (const ReportGroup& group : report.groups) {
    Errors memn2n, entnet;
    for (const ErrorColumn& column : columns_of(group)) {
      if (column.statistic == "none" || !column.published) continue;
      if (column.name == "MemN2N") memn2n = column.errors;
      if (column.name == "EntNet") entnet = column.errors;
    }
    const Errors best = group.errors(Statistic::best), mean = group.errors(Statistic::mean),
                 min = group.errors(Statistic::min), median = group.errors(Statistic::median),
                 worst = group.errors(Statistic::worst);
    const auto add_row = [&](const std::string& first, const auto& value) {
      text += csv_field(group.settings) + "," + first;
      for (const Errors& errors : {best, mean, min, worst, memn2n, entnet, median, worst}) {
        text += "," + (errors.empty() ? "" : metric_text(value(errors)));
      }
      text += std::string(group.joint ? ",joint," : ",single,") + metric_text(group.rename) +
              (group.online ? ",1\n" : ",0\n");
    };
    for (const auto& item : group.tasks) {
      const ReportTask& task = item.second;
      add_row(std::to_string(item.first) + (task.generated ? ",generated," : ",official,") +
                  std::to_string(task.runs.size()) + "," + std::to_string(task.best().seed) + "," +
                  (task.best().val_error ? metric_text(*task.best().val_error) : ""),
              [&item](const Errors& errors) { return errors.at(item.first); });
    }
    add_row("mean,,,,", [](const Errors& errors) { return overall_of(errors).mean; });
    add_row("mean without 3,,,,", [](const Errors& errors) { return overall_of(errors).mean_without_3; });
    add_row("failed tasks,,,,", [](const Errors& errors) { return static_cast<double>(overall_of(errors).failed); });
  }
  return text;
}

std::string report_json(const BabiReport& report) {
  std::string text;
  for (const ReportGroup& group : report.groups) {
    Record record;
    record.add_text("model", group.model).add_text("preset", group.preset);
    record.add_text("commit", join({group.commits.begin(), group.commits.end()}, ","));
    record.add_text("settings", group.settings).add_text("training_set_size", group.training_set_size);
    record.add_text("training", group.joint ? "joint" : "single").add_real("rename", group.rename);
    record.add_int("online", group.online).add_text("stories", group.stories);
    const Overall best = overall_of(group.errors(Statistic::best));
    record.add_real("mean_error", best.mean).add_int("failed_tasks", best.failed);
    record.add_real("mean_of_means", overall_of(group.errors(Statistic::mean)).mean);
    std::vector<std::string> summary, tasks;
    for (const ErrorColumn& column : columns_of(group)) summary.push_back(json_column(column));
    for (const auto& [number, task] : group.tasks) tasks.push_back(json_task(number, task));
    const std::string head = with_list(record.to_json(), "summary", summary, "\n");
    text += (text.empty() ? "" : ",\n") + with_list(head, "tasks", tasks, "\n");
  }
  return (report.groups.size() == 1 ? text : "[" + text + "]") + "\n";
}

}  // namespace hmem
