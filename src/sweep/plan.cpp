#include "hmem/sweep/plan.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <tuple>

#include "hmem/core/check.h"
#include "hmem/core/text.h"
#include "hmem/train/model_file.h"

namespace hmem {

namespace {

bool is_flag(const std::string& argument) { return argument.size() > 2 && argument.compare(0, 2, "--") == 0; }

std::string flag_name(const std::string& argument) {
  std::string name = argument.substr(2, argument.find('=') - 2);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace

std::vector<int64_t> parse_number_list(const std::string& flag, const std::string& text, IntRange range) {
  const auto wrong = [&](const std::string& found) {
    throw UsageError("--" + flag + ": found " + quote(found) + ", expected numbers and ranges in " + range.str() +
                     ", as 1-3,7");
  };
  const auto number = [&](const std::string& word, const std::string& part) {
    const auto value = parse_number<int64_t>(word);
    if (!value || !range.contains(*value)) wrong(part);
    return *value;
  };
  std::vector<int64_t> numbers;
  for (const std::string& part : split_at_commas(text)) {
    const size_t dash = part.find('-');
    const int64_t first = number(part.substr(0, dash), part);
    const int64_t last = dash == std::string::npos ? first : number(part.substr(dash + 1), part);
    if (last < first) wrong(part);
    for (int64_t value = first; value <= last; ++value) {
      if (std::find(numbers.begin(), numbers.end(), value) == numbers.end()) numbers.push_back(value);
    }
  }
  return numbers;
}

std::string number_list_text(const std::vector<int64_t>& numbers) {
  std::string text;
  for (size_t first = 0; first < numbers.size();) {
    size_t last = first;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    text += (text.empty() ? "" : ",") + std::to_string(numbers[first]);
    if (last > first) text += (last == first + 1 ? "," : "-") + std::to_string(numbers[last]);
    first = last + 1;
  }
  return text;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

bool SweepRun::is_done(const RunRecord& record) const {
  const bool finished = record.finished() && record.figure("test_error");
  const bool reached = stop_after > 0 && !record.epochs.empty() && record.epochs.rbegin()->first + 1 >= stop_after;
  if (!finished && !reached) return false;
  return std::all_of(settings.begin(), settings.end(), [&](const auto& setting) {
    const auto found = record.header.find(setting.first);
    return found != record.header.end() && same_setting(found->second, setting.second);
  });
}

SweepRun::Settings compared_settings(const Options& options,
                                     const std::function<bool(const std::string& name)>& has_effect) {
  const std::string& load = options.get_string("load");
  ModelInfo of_model;  // of a file that is not there the run will say so
  if (!load.empty() && std::filesystem::exists(load)) of_model = ModelFile(load).info();
  SweepRun::Settings settings;
  for (const auto& setting : options.settings()) {
    const std::string& name = setting.first;
    if (name != "epochs" && name != "random_state" && !has_effect(name)) continue;
    if (of_model.count(name) == 0 || options.was_given(name)) settings.push_back(setting);
  }
  return settings;
}

RunRecord record_of(const SweepRun& run) {
  const std::string path = run.file("run.jsonl");
  return std::filesystem::exists(path) ? read_run_record(path) : RunRecord();
}

std::vector<SweepRun> trials_of(std::vector<SweepRun> plan, int64_t epochs) {
  for (SweepRun& run : plan) {
    run.stop_after = epochs;
    run.flags.push_back("--stop_after=" + std::to_string(epochs));
  }
  return plan;
}

std::optional<RunRecord::Epoch> best_epoch(const RunRecord& record, int64_t epochs) {
  std::optional<RunRecord::Epoch> best;
  for (const auto& [epoch, found] : record.epochs) {
    const auto score = [](const RunRecord::Epoch& one) { return std::make_tuple(one.val_error, one.val_loss); };
    if (epoch < epochs && (!best || score(found) < score(*best))) best = found;
  }
  return best;
}

std::vector<SweepRun> best_trials(const std::vector<SweepRun>& plan, int64_t trials, int64_t epochs, int64_t keep) {
  using Score = std::tuple<double, double, size_t>;
  std::vector<SweepRun> chosen;
  for (size_t begin = 0; begin < plan.size(); begin += static_cast<size_t>(trials)) {
    std::vector<Score> scores;
    for (size_t i = begin; i < std::min(plan.size(), begin + static_cast<size_t>(trials)); ++i) {
      if (const auto best = best_epoch(record_of(plan[i]), epochs)) {
        scores.emplace_back(best->val_error, best->val_loss, i);
      }
    }
    std::sort(scores.begin(), scores.end());
    scores.resize(std::min(scores.size(), static_cast<size_t>(keep)));
    for (const Score& score : scores) chosen.push_back(plan[std::get<2>(score)]);
  }
  return chosen;
}

void add_run_files(SweepRun& run) {
  run.flags.push_back("--out=" + run.file("run.jsonl"));
  run.flags.push_back("--checkpoint=" + run.file("checkpoint.safetensors"));
  run.flags.push_back("--save=" + run.file("model.safetensors"));
  run.flags.emplace_back("--resume");
}

std::vector<SweepFlag> parse_sweep_flags(const std::vector<std::string>& arguments,
                                         const std::vector<std::string>& not_here,
                                         const std::vector<std::string>& whole) {
  std::vector<SweepFlag> flags;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!is_flag(argument)) {
      throw UsageError("unexpected argument " + quote(argument) +
                       "; expected --flag=value, several values with commas and without blanks");
    }
    SweepFlag flag{flag_name(argument), {}};
    if (contains(not_here, flag.name)) {
      throw UsageError("--" + flag.name + ": found in a sweep, expected to be left out: every run gets its own");
    }
    for (const SweepFlag& other : flags) {
      if (other.name == flag.name) throw UsageError("--" + flag.name + ": given twice, expected once");
    }
    const size_t equals = argument.find('=');
    std::string text;
    bool bare = false;
    if (equals != std::string::npos) {
      text = argument.substr(equals + 1);
    } else if (i + 1 < arguments.size() && !is_flag(arguments[i + 1])) {
      text = arguments[++i];
    } else {
      bare = true;
    }
    if (!bare) flag.values = contains(whole, flag.name) ? std::vector<std::string>{text} : split_at_commas(text);
    for (const std::string& value : flag.values) {
      const auto same = [&value](const std::string& other) { return same_setting(value, other); };
      if (std::count_if(flag.values.begin(), flag.values.end(), same) > 1) {
        throw UsageError("--" + flag.name + ": found " + quote(value) + " twice, expected different values");
      }
    }
    flags.push_back(std::move(flag));
  }
  return flags;
}

std::string SweepCombination::suffix() const {
  std::string text;
  for (const std::string& one : varied) text += "_" + one;
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::vector<SweepCombination> combine(const std::vector<SweepFlag>& flags) {
  std::vector<SweepCombination> all(1);
  for (const SweepFlag& flag : flags) {
    if (flag.values.empty()) {
      for (SweepCombination& one : all) one.flags.push_back("--" + flag.name);
      continue;
    }
    if (all.size() * flag.values.size() > kMostSweepRuns) {
      throw UsageError("--" + flag.name + ": more than " + std::to_string(kMostSweepRuns) + " combinations");
    }
    std::vector<SweepCombination> next;
    for (const SweepCombination& one : all) {
      for (const std::string& value : flag.values) {
        next.push_back(one);
        next.back().flags.push_back("--" + flag.name + "=" + value);
        if (flag.values.size() > 1) next.back().varied.push_back(flag.name + "=" + value);
      }
    }
    all = std::move(next);
  }
  return all;
}

void divide_arguments(const std::vector<std::string>& arguments, const Options& own,
                      const std::vector<Options>& training, std::vector<std::string>& of_sweep,
                      std::vector<std::string>& of_training) {
  std::vector<std::string>* target = &of_sweep;
  for (const std::string& argument : arguments) {
    if (argument == "-h") {
      of_sweep.insert(of_sweep.begin(), argument);
      continue;
    }
    if (is_flag(argument)) {
      const std::string name = flag_name(argument);
      const bool ours = own.has(name) || name == "help" || name == "version";
      const bool theirs = std::any_of(training.begin(), training.end(), [&](const Options& o) { return o.has(name); });
      if (!ours && !theirs) {  // let a parser that knows all flags name the nearest one
        Options all(own.program(), "");
        std::vector<const Options*> known = {&own};
        for (const Options& options : training) known.push_back(&options);
        for (const Options* options : known) {
          for (const auto& [flag, value] : options->settings()) {
            if (!all.has(flag)) all.add_string(flag, "", "");
          }
        }
        const char* argv[] = {"", argument.c_str()};
        all.parse(2, argv);
      }
      target = ours ? &of_sweep : &of_training;
    }
    target->push_back(argument);
  }
}

Options parsed_options(Options options, const std::vector<std::string>& flags) {
  std::vector<const char*> argv = {options.program().c_str()};
  for (const std::string& flag : flags) argv.push_back(flag.c_str());
  options.parse(static_cast<int>(argv.size()), argv.data());
  return options;
}

std::string shell_word(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-+=./:,@%").find(c) != std::string_view::npos;
  });
  if (plain) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string shell_command(const SweepRun& run) {
  std::string line = "mkdir -p " + shell_word(run.folder) + " && " + shell_word(run.program);
  for (const std::string& flag : run.flags) line += " " + shell_word(flag);
  return line + " >> " + shell_word(run.file("run.log")) + " 2>&1";
}

}  // namespace hmem
