#include "hmem/tasks/images/delay_curve.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <tuple>

#include "hmem/core/atomic_file.h"
#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/text.h"
#include "hmem/tasks/images/association_experiment.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

constexpr char kCsvHead[] = "model,delay,run,seed,epochs,val_acc,test_acc";

using Group = std::vector<const DelayResult*>;

std::vector<Group> groups_of(const std::vector<DelayResult>& results) {
  return group_by(results, [](const DelayResult& one) { return std::make_tuple(one.model, one.delay, one.settings); });
}

bool has_settings(const std::vector<DelayResult>& results) {
  return std::any_of(results.begin(), results.end(), [](const DelayResult& one) { return !one.settings.empty(); });
}

Row begin_of_row(const DelayResult& one, bool settings) {
  Row row = {one.model, std::to_string(one.delay)};
  if (settings) row.push_back(one.settings);
  return row;
}

std::string range_text(const Spread& spread) { return metric_text(spread.min) + " to " + metric_text(spread.max); }

std::string timesteps_table(const std::vector<Group>& groups, bool settings) {
  std::set<int64_t> columns;
  for (const Group& group : groups) {
    for (const DelayResult* one : group) {
      for (const auto& [timesteps, error] : one->other_timesteps) columns.insert(timesteps);
    }
  }
  if (columns.empty()) return "";
  Table table(1, {"model", "delay"});
  if (settings) table[0].emplace_back("settings");
  table[0].emplace_back("trained with");
  for (const int64_t timesteps : columns) table[0].push_back(std::to_string(timesteps) + " pairs");
  for (const Group& group : groups) {
    if (std::all_of(group.begin(), group.end(), [](const DelayResult* one) { return one->other_timesteps.empty(); })) {
      continue;
    }
    Row row = begin_of_row(*group[0], settings);
    row.push_back(std::to_string(group[0]->timesteps) + " pairs");
    for (const int64_t timesteps : columns) {
      std::vector<double> values;
      for (const DelayResult* one : group) {
        const auto found = one->other_timesteps.find(timesteps);
        if (found != one->other_timesteps.end()) values.push_back(100 - found->second);
      }
      row.push_back(values.empty() ? "-" : metric_text(spread_of(values).mean));
      if (values.size() > 1) row.back() += " (" + range_text(spread_of(values)) + ")";
    }
    table.push_back(row);
  }
  return "\nTest accuracy in % by the number of pairs in the test, mean (smallest to largest):\n\n" +
         markdown_table(table);
}

}  // namespace

std::vector<std::string> parse_association_models(const std::string& text) {
  std::vector<std::string> known;
  for (const AssociationKind& kind : association_kinds()) known.push_back(kind.name);
  std::vector<std::string> models = split_at_commas(text);
  for (const std::string& model : models) {
    if (!contains(known, model)) {
      throw UsageError("--models: found " + quote(model) + ", expected some of " + join(known, ", "));
    }
    if (std::count(models.begin(), models.end(), model) > 1) {
      throw UsageError("--models: found " + quote(model) + " twice, expected different ones");
    }
  }
  return models;
}

std::vector<SweepRun> plan_delay_sweep(const std::vector<std::string>& models, const std::vector<int64_t>& delays,
                                       int64_t runs, const std::string& out, const std::vector<std::string>& training,
                                       const fs::path& program_folder) {
  std::vector<SweepProgram> programs;
  for (const std::string& model : models) {
    programs.push_back({model, association_options(association_kind(model)), check_association_flags});
  }
  return plan_runs(programs, {"delay", "delay", delays, {}, {}}, runs, out, training, program_folder);
}

std::string result_settings(const SweepRun& run) {
  const auto tested = std::find_if(run.settings.begin(), run.settings.end(),
                                   [](const auto& setting) { return setting.first == "test_delays"; });
  if (tested == run.settings.end() || tested->second.empty()) return run.varied;
  return run.varied + (run.varied.empty() ? "" : " ") + "trained with delay " + std::to_string(run.value);
}

std::vector<DelayResult> delay_results(const SweepRun& run, const RunRecord& record) {
  const auto whole = [&](const char* key) { return std::llround(record.metric(key).value_or(0)); };
  DelayResult result;
  result.model = run.model;
  result.delay = run.value;
  result.seed = run.seed;
  result.settings = result_settings(run);
  result.epochs = whole("epochs");
  result.timesteps = whole("timesteps");
  result.val_error = record.metric("val_error");
  result.seconds = record.metric("seconds").value_or(0);
  result.record = std::make_shared<RunRecord>(record);
  const auto error = record.metric("test_error");
  HMEM_CHECK(error, "a run of ", run.model, " with delay ", run.value, " has no test_error in its final line");
  result.test_error = *error;
  std::map<int64_t, double> other_delays;
  for (const auto& task : record.tasks) {
    const auto timesteps = metric_of(task, "timesteps"), task_error = metric_of(task, "test_error"),
               delay = metric_of(task, "delay");
    const bool part = task.count("query") > 0;  // only some of the examples
    if (!timesteps || !delay || !task_error || part) continue;
    if (std::llround(*delay) == run.value) {
      result.other_timesteps[std::llround(*timesteps)] = *task_error;
    } else {
      other_delays[std::llround(*delay)] = *task_error;
    }
  }
  std::vector<DelayResult> results = {result};
  for (const auto& [other, other_error] : other_delays) {
    DelayResult again = result;
    again.delay = other;
    again.test_error = other_error;
    again.other_timesteps.clear();
    again.record = nullptr;
    again.seconds = 0;
    results.push_back(again);
  }
  std::sort(results.begin(), results.end(),
            [](const DelayResult& a, const DelayResult& b) { return a.delay < b.delay; });
  return results;
}

std::string delay_csv(const std::vector<DelayResult>& results) {
  const bool settings = has_settings(results);
  std::string text = kCsvHead;
  text += settings ? ",settings\n" : "\n";
  for (const DelayResult& one : results) {
    const std::string seed = std::to_string(one.seed);
    text += one.model + "," + std::to_string(one.delay) + "," + seed + "," + seed + "," + std::to_string(one.epochs) +
            "," + (one.val_error ? format_real(100 - *one.val_error, 6) : "") + "," +
            format_real(one.test_accuracy(), 6) + (settings ? "," + one.settings : "") + "\n";
  }
  return text;
}

std::string delay_markdown(const std::vector<DelayResult>& results, size_t missing) {
  const bool settings = has_settings(results);
  std::string text = "Test accuracy in %";
  if (missing > 0) text += ", " + std::to_string(missing) + (missing == 1 ? " run" : " runs") + " still missing";
  Table table(1, {"model", "delay"});
  if (settings) table[0].emplace_back("settings");
  for (const char* column : {"runs", "epochs", "mean", "smallest to largest", "best by validation"}) {
    table[0].emplace_back(column);
  }
  const std::vector<Group> groups = groups_of(results);
  for (const Group& group : groups) {
    std::vector<double> accuracies;
    std::set<int64_t> epochs;
    RunGroup runs;
    for (const DelayResult* one : group) {
      accuracies.push_back(one->test_accuracy());
      epochs.insert(one->epochs);
      runs.runs.push_back(*one);
    }
    const RunResult& best = runs.best();
    const Spread spread = spread_of(accuracies);
    Row row = begin_of_row(*group[0], settings);
    row.push_back(std::to_string(group.size()));
    row.push_back(number_list_text({epochs.begin(), epochs.end()}));
    row.push_back(metric_text(spread.mean));
    row.push_back(range_text(spread));
    row.push_back(best.val_error ? metric_text(100 - best.test_error) + " (seed " + std::to_string(best.seed) +
                                       ", validation " + metric_text(100 - *best.val_error) + ")"
                                 : "-");
    table.push_back(row);
  }
  return text + ":\n\n" + markdown_table(table) + timesteps_table(groups, settings);
}

std::vector<DelayResult> read_delay_csv(const std::string& path) {
  std::ifstream in = open_file(path);
  std::vector<DelayResult> results;
  std::string line;
  for (int64_t number = 1; std::getline(in, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const bool head = line == kCsvHead || line == kCsvHead + std::string(",settings");
    HMEM_CHECK(head || number > 1, path, ":1: found ", quote(line), ", expected ", kCsvHead);
    if (head || line.empty()) continue;
    std::vector<std::string> fields = split_at_commas(line);
    fields.resize(std::max<size_t>(fields.size(), 8));
    const auto whole = [&](size_t i) { return parse_number<int64_t>(fields[i]); };
    const auto error = [&](size_t i) {
      const auto accuracy = parse_number<double>(fields[i]);
      return accuracy && *accuracy >= 0 && *accuracy <= 100 ? std::optional(100 - *accuracy) : std::nullopt;
    };
    const bool good = fields.size() == 8 && !fields[0].empty() && whole(1) && whole(3) && whole(4) && error(6) &&
                      (fields[5].empty() || error(5));
    HMEM_CHECK(good, path, ":", number, ": found ", quote(line), ", expected ", kCsvHead);
    DelayResult one;
    one.model = fields[0];
    one.delay = *whole(1);
    one.seed = *whole(3);
    one.epochs = *whole(4);
    one.val_error = error(5);
    one.test_error = *error(6);
    one.settings = fields[7];
    results.push_back(one);
  }
  HMEM_CHECK(!results.empty(), path, ": found no results, expected lines below ", kCsvHead);
  return results;
}

DelayCurve::DelayCurve(const std::vector<SweepRun>& plan, const std::string& out, Files given,
                       const std::vector<std::string>& with)
    : plan_(plan), files_(std::move(given)), results_(plan.size()) {
  if (files_.csv.empty()) files_.csv = (fs::path(out) / "delay.csv").string();
  if (files_.table.empty()) files_.table = (fs::path(out) / "delay.md").string();
  const auto normal = [](const std::string& path) { return fs::path(path).lexically_normal(); };
  const std::pair<const char*, std::string> files[] = {
      {"--csv", files_.csv}, {"--table", files_.table}, {"--html", files_.html}, {"--svg", files_.svg}};
  for (const auto& file : files) {
    for (const auto* other = files; other != &file; ++other) {
      if (file.second.empty() || normal(file.second) != normal(other->second)) continue;
      throw UsageError(std::string(file.first) + ": found " + quote(file.second) + ", the file of " + other->first +
                       ", expected a different file");
    }
  }
  for (const auto& [flag, path] : files) {
    if (normal(path).parent_path() != normal(out + "/").parent_path()) check_writable(path);  // else we make it
  }
  for (const std::string& path : with) {
    if (path.empty()) continue;
    for (const auto& [flag, own] : files) {
      if (normal(path) == normal(own)) {
        throw UsageError("--with: found " + quote(path) + ", which this sweep writes, expected another file");
      }
    }
    const std::vector<DelayResult> found = read_delay_csv(path);
    others_.insert(others_.end(), found.begin(), found.end());
  }
  check_distinct();
  make_folder(out);
  for (const auto& [flag, path] : files) check_writable(path);
  for (size_t i = 0; i < results_.size(); ++i) {
    try {
      const RunRecord record = record_of(plan_[i]);
      if (plan_[i].is_done(record)) results_[i] = delay_results(plan_[i], record);
    } catch (const Error&) {  // the sweep reports it when it reaches this run
    }
  }
  write();
}

void DelayCurve::check_distinct() const {
  using Key = std::tuple<std::string, int64_t, std::string, int64_t>;
  std::set<Key> known;
  for (const SweepRun& run : plan_) known.emplace(run.model, run.value, result_settings(run), run.seed);
  for (const DelayResult& one : others_) {
    if (known.emplace(one.model, one.delay, one.settings, one.seed).second) continue;
    throw UsageError("--with: found " + one.model + " with delay " + std::to_string(one.delay) + ", seed " +
                     std::to_string(one.seed) + (one.settings.empty() ? "" : ", " + one.settings) +
                     " twice, or also in this sweep, expected each result once");
  }
}

void DelayCurve::add(size_t run, const RunRecord& record) {
  results_[run] = delay_results(plan_[run], record);
  write();
}

void DelayCurve::write() {
  std::vector<DelayResult> finished;
  std::vector<std::string> missing;
  for (size_t i = 0; i < results_.size(); ++i) {
    finished.insert(finished.end(), results_[i].begin(), results_[i].end());
    if (results_[i].empty()) {
      missing.push_back(plan_[i].label.to_text() + (plan_[i].varied.empty() ? "" : " " + plan_[i].varied));
    }
  }
  if (finished.empty()) return;
  const std::string csv = delay_csv(finished);  // without those of others, which have their file
  if (csv == written_) return;
  write_file(files_.csv, csv);
  finished.insert(finished.end(), others_.begin(), others_.end());
  write_file(files_.table, delay_markdown(finished, missing.size()));
  if (!files_.html.empty()) write_file(files_.html, delay_html(finished, missing));
  if (!files_.svg.empty()) write_file(files_.svg, delay_svg(finished));
  written_ = csv;
}

}  // namespace hmem
