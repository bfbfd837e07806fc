#include "hmem/tasks/images/delay_curve.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "hmem/core/check.h"
#include "hmem/core/text.h"
#include "hmem/tasks/images/association_experiment.h"
#include "hmem/tasks/images/association_programs.h"
#include "hmem/train/experiment.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

using Names = std::vector<std::string>;

const Names kSetByUs = {"delay",   "random_state", "save",   "checkpoint",     "resume",    "limit_steps",
                        "verbose", "quiet",        "strips", "strip_examples", "stop_after"};
/// Paths, and lists of their own: may hold a comma.
const Names kWhole = {"data_dir", "images_a",       "images_b",     "pretrained_weights",
                      "load",     "test_timesteps", "feature_cache"};
const Names kNotCompared = {"strips", "strip_examples", "feature_cache"};

struct Model {
  std::string name;
  Options options;
  Names without_effect;

  bool takes(const std::string& flag) const { return options.has(flag) && !contains(without_effect, flag); }
};

const std::vector<Model>& known_models() {
  static const std::vector<Model> models = {{"hmem", hmem_association_options(), {}},
                                            {"lstm", lstm_association_options(), lstm_flags_without_effect()}};
  return models;
}

const Model& find_model(const std::string& name) {
  for (const Model& model : known_models()) {
    if (model.name == name) return model;
  }
  throw UsageError("--models: found " + quote(name) + ", expected some of hmem and lstm, as hmem,lstm");
}

/// Folders of data count: the checkpoint knows whether the images are the same.
bool is_compared(const std::string& name) { return flag_has_effect(name) && !contains(kNotCompared, name); }

std::string percent(double value) { return format_real(value, 4); }

std::string spread(const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return percent(*low) + " to " + percent(*high);
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

using Group = std::vector<const DelayResult*>;

/// Runs that differ in the seed only, in the order of the plan.
std::vector<Group> group_results(const std::vector<DelayResult>& results) {
  std::vector<Group> groups;
  std::map<std::tuple<std::string, int64_t, std::string>, size_t> place;
  for (const DelayResult& result : results) {
    const DelayPoint& point = result.point;
    const auto [found, is_new] = place.try_emplace({point.model, point.delay, point.settings}, groups.size());
    if (is_new) groups.emplace_back();
    groups[found->second].push_back(&result);
  }
  return groups;
}

const DelayResult& best_of(const Group& group) {
  return **std::min_element(group.begin(), group.end(), [](const DelayResult* a, const DelayResult* b) {
    const double first = a->val_accuracy.value_or(-1), second = b->val_accuracy.value_or(-1);
    return first != second ? first > second : a->seed < b->seed;
  });
}

using Row = std::vector<std::string>;

std::string markdown_row(const Row& row) {
  std::string line = "|";
  for (const std::string& cell : row) line += " " + cell + " |";
  return line + "\n";
}

std::string markdown_head(const Row& row) {
  std::string line = markdown_row(row) + "|";
  for (size_t i = 0; i < row.size(); ++i) line += "---|";
  return line + "\n";
}

bool has_settings(const std::vector<DelayResult>& results) {
  return std::any_of(results.begin(), results.end(), [](const DelayResult& r) { return !r.point.settings.empty(); });
}

Row begin_of_row(const DelayPoint& point, bool settings) {
  Row row = {point.model, std::to_string(point.delay)};
  if (settings) row.push_back(point.settings);
  return row;
}

std::string timesteps_table(const std::vector<Group>& groups, bool settings) {
  std::set<int64_t> columns;
  for (const Group& group : groups) {
    for (const DelayResult* result : group) {
      for (const auto& [timesteps, accuracy] : result->other_timesteps) columns.insert(timesteps);
    }
  }
  if (columns.empty()) return "";
  Row head = {"model", "delay"};
  if (settings) head.emplace_back("settings");
  head.emplace_back("trained with");
  for (const int64_t timesteps : columns) head.push_back(std::to_string(timesteps) + " pairs");
  std::string text = "\nTest accuracy in % by the number of pairs in the test, mean (smallest to largest):\n\n";
  text += markdown_head(head);
  for (const Group& group : groups) {
    Row row = begin_of_row(group[0]->point, settings);
    row.push_back(std::to_string(group[0]->timesteps) + " pairs");
    for (const int64_t timesteps : columns) {
      std::vector<double> values;
      for (const DelayResult* result : group) {
        const auto found = result->other_timesteps.find(timesteps);
        if (found != result->other_timesteps.end()) values.push_back(found->second);
      }
      row.push_back(values.empty() ? "-" : percent(mean(values)));
      if (values.size() > 1) row.back() += " (" + spread(values) + ")";
    }
    text += markdown_row(row);
  }
  return text;
}

}  // namespace

std::vector<std::string> parse_association_models(const std::string& text) {
  Names models = split_at_commas(text);
  for (const std::string& model : models) {
    find_model(model);
    if (std::count(models.begin(), models.end(), model) > 1) {
      throw UsageError("--models: found " + quote(model) + " twice, expected different ones");
    }
  }
  return models;
}

DelayPlan plan_delay_sweep(const std::vector<std::string>& models, const std::vector<int64_t>& delays, int64_t runs,
                           const std::string& out, const std::vector<std::string>& training,
                           const fs::path& program_folder) {
  const std::vector<SweepFlag> flags = parse_sweep_flags(training, kSetByUs, kWhole);
  for (const SweepFlag& flag : flags) {
    if (std::none_of(models.begin(), models.end(),
                     [&](const auto& name) { return find_model(name).takes(flag.name); })) {
      throw UsageError("--" + flag.name + ": has no effect on the models of this sweep, expected to be left out");
    }
  }
  DelayPlan plan;
  for (const std::string& name : models) {
    const Model& model = find_model(name);
    std::vector<SweepFlag> taken;
    std::copy_if(flags.begin(), flags.end(), std::back_inserter(taken),
                 [&](const SweepFlag& flag) { return model.takes(flag.name); });
    const std::vector<SweepCombination> combinations = combine(taken);
    if (combinations.size() * delays.size() > kMostSweepRuns / static_cast<size_t>(runs) / models.size()) {
      throw UsageError("--runs: more than " + std::to_string(kMostSweepRuns) + " runs in all");
    }
    for (const int64_t delay : delays) {
      for (const SweepCombination& one : combinations) {
        std::string settings;
        for (const std::string& setting : one.varied) settings += (settings.empty() ? "" : " ") + setting;
        for (int64_t seed = 1; seed <= runs; ++seed) {
          SweepRun run;
          run.program = (program_folder / model.options.program()).string();
          run.label.add_text("model", name).add_int("delay", delay).add_int("seed", seed);
          const std::string place = name + "_delay" + std::to_string(delay) + "_seed" + std::to_string(seed);
          run.folder = (fs::path(out) / (place + one.suffix())).string();
          run.flags = {"--delay=" + std::to_string(delay), "--random_state=" + std::to_string(seed)};
          run.flags.insert(run.flags.end(), one.flags.begin(), one.flags.end());
          add_run_files(run);
          const Options parsed = parsed_options(model.options, run.flags);
          if (!parsed.was_given("threads")) run.flags.emplace_back("--threads=1");
          check_association_options(parsed);
          run.settings = compared_settings(parsed, is_compared);
          plan.points.push_back({name, delay, seed, settings});
          plan.runs.push_back(std::move(run));
        }
      }
    }
  }
  return plan;
}

DelayResult delay_result(const DelayPoint& point, const RunRecord& record) {
  const auto whole = [&](const char* key) { return std::llround(record.figure(key).value_or(0)); };
  DelayResult result;
  result.point = point;
  result.seed = point.run;
  result.epochs = whole("epochs");
  result.timesteps = whole("timesteps");
  if (const auto error = record.figure("val_error")) result.val_accuracy = 100 - *error;
  const auto error = record.figure("test_error");
  HMEM_CHECK(error, "a run of ", point.model, " with delay ", point.delay, " has no test_error in its final line");
  result.test_accuracy = 100 - *error;
  for (const auto& task : record.tasks) {
    const auto timesteps = figure_of(task, "timesteps"), task_error = figure_of(task, "test_error");
    if (timesteps && task_error) result.other_timesteps[std::llround(*timesteps)] = 100 - *task_error;
  }
  return result;
}

std::string delay_csv(const std::vector<DelayResult>& results) {
  const bool settings = has_settings(results);
  std::string text = "model,delay,run,seed,epochs,val_acc,test_acc";
  text += settings ? ",settings\n" : "\n";
  for (const DelayResult& result : results) {
    const DelayPoint& point = result.point;
    text += point.model + "," + std::to_string(point.delay) + "," + std::to_string(point.run) + "," +
            std::to_string(result.seed) + "," + std::to_string(result.epochs) + "," +
            (result.val_accuracy ? format_real(*result.val_accuracy, 6) : "") + "," +
            format_real(result.test_accuracy, 6) + (settings ? "," + point.settings : "") + "\n";
  }
  return text;
}

std::string delay_markdown(const std::vector<DelayResult>& results, size_t planned) {
  const bool settings = has_settings(results);
  std::string text = "Test accuracy in %";
  if (results.size() < planned) {
    text += ", after " + std::to_string(results.size()) + " of " + std::to_string(planned) + " runs";
  }
  Row head = {"model", "delay"};
  if (settings) head.emplace_back("settings");
  for (const char* column : {"runs", "epochs", "mean", "smallest to largest", "best by validation"}) {
    head.emplace_back(column);
  }
  text += ":\n\n" + markdown_head(head);
  const std::vector<Group> groups = group_results(results);
  for (const Group& group : groups) {
    std::vector<double> accuracies;
    std::set<int64_t> epochs;
    for (const DelayResult* result : group) {
      accuracies.push_back(result->test_accuracy);
      epochs.insert(result->epochs);
    }
    const DelayResult& best = best_of(group);
    Row row = begin_of_row(group[0]->point, settings);
    row.push_back(std::to_string(group.size()));
    row.push_back(number_list_text({epochs.begin(), epochs.end()}));
    row.push_back(percent(mean(accuracies)));
    row.push_back(spread(accuracies));
    row.push_back(best.val_accuracy ? percent(best.test_accuracy) + " (seed " + std::to_string(best.seed) +
                                          ", validation " + percent(*best.val_accuracy) + ")"
                                    : "-");
    text += markdown_row(row);
  }
  return text + timesteps_table(groups, settings);
}

}  // namespace hmem
