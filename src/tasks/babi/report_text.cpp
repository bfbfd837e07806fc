// How a report is written: table for a terminal, Markdown, CSV, JSON.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "hmem/core/run_log.h"
#include "hmem/core/text.h"
#include "hmem/tasks/babi/report.h"

namespace hmem {

namespace {

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
const char kNoteBest[] = "best: of all runs the one with the lowest validation error, then the smallest seed";

std::string number(double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.4g", value);
  return text.data();
}

std::string decimal(double value) { return number(std::round(value * 100) / 100); }

std::string val_text(const ReportRun& run) { return run.val_error ? decimal(*run.val_error) : "-"; }

using Row = std::vector<std::string>;

/// Marks a name whose figures are for 10k questions where those of the runs are not.
std::string published(const char* name, const ReportGroup& group) {
  const bool equal = group.training_set_size.empty() || group.training_set_size == "10k";
  return std::string(name) + (equal ? "" : " (10k)");
}

std::vector<Row> task_rows(const ReportGroup& group) {
  std::vector<Row> rows = {{"task", "runs", "best seed", "val", "test", "mean", "min-max", published("MemN2N", group),
                            published("EntNet", group)}};
  for (const ReportTask& task : group.tasks) {
    const ReportRun& best = task.best();
    const auto index = static_cast<size_t>(task.task - 1);
    rows.push_back({std::to_string(task.task) + (task.generated ? "*" : ""), std::to_string(task.runs.size()),
                    std::to_string(best.seed), val_text(best), decimal(best.test_error), decimal(task.mean()),
                    decimal(task.min()) + "-" + decimal(task.max()), number(kMemN2N[index]), number(kEntNet[index])});
  }
  return rows;
}

std::vector<Row> summary_rows(const ReportGroup& group) {
  const std::string count = std::to_string(group.tasks.size());
  const std::string size = group.training_set_size.empty() ? "10k" : group.training_set_size;
  std::vector<Row> rows = {{one_line(size) + " questions", "tasks", "mean error", "failed tasks"}};
  rows.push_back({"hmem, best runs", count, decimal(group.mean_error()), std::to_string(group.failed_tasks())});
  rows.push_back({"hmem, mean of runs", count, decimal(group.mean_of_means()),
                  std::to_string(std::count_if(group.tasks.begin(), group.tasks.end(),
                                               [](const ReportTask& task) { return task.mean() > kFailedTask; }))});
  for (const Published& other : kPublished) {
    rows.push_back({published(other.name, group), "20", other.mean_error, other.failed_tasks});
  }
  return rows;
}

std::string text_rows(const std::vector<Row>& rows, bool first_left) {
  std::vector<size_t> widths(rows[0].size());
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths[i] - row[i].size(), ' ');
      text += (i > 0 ? "  " : "") + (first_left && i == 0 ? row[i] + blanks : blanks + row[i]);
    }
    text += '\n';
  }
  return text;
}

std::string markdown_rows(const std::vector<Row>& rows) {
  std::string text;
  for (size_t r = 0; r < rows.size(); ++r) {
    for (const std::string& cell : rows[r]) text += "| " + cell + " ";
    text += "|\n";
    if (r > 0) continue;
    for (size_t i = 0; i < rows[r].size(); ++i) text += "|---";
    text += "|\n";
  }
  return text;
}

std::string title(const ReportGroup& group) {
  const std::string settings = group.settings.empty() ? "" : ", " + group.settings;
  return "test error in %, preset " + one_line(group.preset) + ", commit " + one_line(group.commit) +
         one_line(settings);
}

bool any_generated(const ReportGroup& group) {
  return std::any_of(group.tasks.begin(), group.tasks.end(), [](const ReportTask& task) { return task.generated; });
}

std::string csv_field(const std::string& text) {
  std::string field = "\"";
  for (const char c : one_line(text)) field += c == '"' ? std::string("\"\"") : std::string(1, c);
  return field + "\"";
}

/// `{...}` of the record with a last key whose value is JSON already.
std::string with_list(const Record& record, const char* key, const std::string& list) {
  std::string json = record.to_json();
  json.pop_back();
  return json + ",\"" + key + "\":[" + list + "]}";
}

std::string json_task(const ReportTask& task) {
  std::string runs;
  for (const ReportRun& run : task.runs) {
    Record one;
    one.add_int("seed", run.seed)
        .add_real("val_error", run.val_error.value_or(NAN))
        .add_real("test_error", run.test_error);
    one.add_int("epochs", run.epochs).add_real("seconds", run.seconds);
    runs += (runs.empty() ? "" : ",") + one.to_json();
  }
  const ReportRun& best = task.best();
  Record record;
  record.add_int("task", task.task).add_text("trained_on", task.generated ? "generated" : "official");
  record.add_int("best_seed", best.seed).add_real("val_error", best.val_error.value_or(NAN));
  record.add_real("test_error", best.test_error).add_real("mean", task.mean());
  record.add_real("min", task.min()).add_real("max", task.max());
  return with_list(record, "runs", runs);
}

}  // namespace

std::string report_table(const BabiReport& report) {
  std::string text;
  for (const ReportGroup& group : report.groups) {
    text += (text.empty() ? "" : "\n") + title(group) + "\n\n" + text_rows(task_rows(group), false);
    if (any_generated(group)) text += std::string(kNoteGenerated) + "\n";
    text += std::string(kNoteBest) + "\n\n" + text_rows(summary_rows(group), true);
  }
  return text;
}

std::string report_markdown(const BabiReport& report) {
  std::string text;
  for (const ReportGroup& group : report.groups) {
    text += (text.empty() ? "" : "\n") + title(group) + "\n\n" + markdown_rows(task_rows(group)) + "\n";
    if (any_generated(group)) text += "\\" + std::string(kNoteGenerated) + "; ";
    text += std::string(kNoteBest) + "\n\n" + markdown_rows(summary_rows(group));
  }
  return text;
}

std::string report_csv(const BabiReport& report) {
  std::string text = "settings,task,trained_on,runs,best_seed,val_error,test_error,mean,min,max,memn2n,entnet\n";
  for (const ReportGroup& group : report.groups) {
    for (const ReportTask& task : group.tasks) {
      const ReportRun& best = task.best();
      const auto index = static_cast<size_t>(task.task - 1);
      text += csv_field(group.settings) + "," + std::to_string(task.task) + "," +
              (task.generated ? "generated" : "official") + "," + std::to_string(task.runs.size()) + "," +
              std::to_string(best.seed) + "," + (best.val_error ? number(*best.val_error) : "");
      for (const double value :
           {best.test_error, task.mean(), task.min(), task.max(), kMemN2N[index], kEntNet[index]}) {
        text += "," + number(value);
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
    record.add_text("preset", group.preset).add_text("commit", group.commit).add_text("settings", group.settings);
    record.add_text("training_set_size", group.training_set_size);
    record.add_real("mean_error", group.mean_error()).add_real("mean_of_means", group.mean_of_means());
    record.add_int("failed_tasks", group.failed_tasks());
    text += (text.empty() ? "" : ",\n") + with_list(record, "tasks", tasks);
  }
  return (report.groups.size() == 1 ? text : "[" + text + "]") + "\n";
}

}  // namespace hmem
