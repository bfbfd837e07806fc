#include "hmem/sweep/plan.h"

#include <algorithm>
#include <tuple>

#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/text.h"
#include "hmem/train/model_file.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

using Words = std::vector<std::string>;

bool is_flag(const std::string& argument) { return argument.size() > 2 && argument.compare(0, 2, "--") == 0; }

std::string flag_name(const std::string& argument) {
  std::string name = argument.substr(2, argument.find('=') - 2);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

/// A training flag and its values; none for a bare `--keep_best`.
struct SweepFlag {
  std::string name;
  Words values;
};

struct Combination {
  Words flags;
  Words varied;  // "hops=3" for every flag that has more than one value
};

/// The flag of the first program on which it has an effect; nothing without one.
std::optional<Options::Flag> find_flag(const std::vector<SweepProgram>& programs, const std::string& name) {
  for (const SweepProgram& program : programs) {
    for (const Options::Flag& flag : program.options.flags()) {
      if (flag.name == name && flag.role != Role::unused) return flag;
    }
  }
  return std::nullopt;
}

/// Parses a command line of training flags; a comma separates several values.
std::vector<SweepFlag> parse_flags(const Words& arguments, const std::vector<SweepProgram>& programs,
                                   const SweepAxis& axis) {
  std::vector<SweepFlag> flags;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!is_flag(argument)) {
      throw UsageError("unexpected argument " + quote(argument) +
                       "; expected --flag=value, several values with commas and without blanks");
    }
    SweepFlag flag{flag_name(argument), {}};
    const auto known = find_flag(programs, flag.name);
    if (!known) {
      throw UsageError("--" + flag.name + ": has no effect on the models of this sweep, expected to be left out");
    }
    if (known->role == Role::output || known->role == Role::run || flag.name == axis.flag) {
      throw UsageError("--" + flag.name + ": found in a sweep, expected to be left out: every run gets its own");
    }
    for (const SweepFlag& other : flags) {
      if (other.name == flag.name) throw UsageError("--" + flag.name + ": given twice, expected once");
    }
    const size_t equals = argument.find('=');
    std::optional<std::string> text;
    if (equals != std::string::npos) {
      text = argument.substr(equals + 1);
    } else if (i + 1 < arguments.size() && !is_flag(arguments[i + 1])) {
      text = arguments[++i];
    }
    if (text) flag.values = known->is_whole() ? Words{*text} : split_at_commas(*text);
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

/// All combinations of values, the last flag fastest, of the flags that have an effect in `options`.
std::vector<Combination> combine(const std::vector<SweepFlag>& flags, const SweepProgram& program) {
  std::vector<Combination> all(1);
  for (const SweepFlag& flag : flags) {
    if (!find_flag({program}, flag.name)) continue;
    if (flag.values.empty()) {
      for (Combination& one : all) one.flags.push_back("--" + flag.name);
      continue;
    }
    if (all.size() * flag.values.size() > kMaxSweepRuns) {
      throw UsageError("--" + flag.name + ": more than " + std::to_string(kMaxSweepRuns) + " combinations");
    }
    std::vector<Combination> next;
    for (const Combination& one : all) {
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

/// The settings that identify a finished run. Settings that the model of --load defines are left out unless they were
/// given too. Throws Error when the model cannot be read.
Settings compared_settings(const Options& options) {
  const std::string& load = options.get_string("load");
  ModelInfo of_model;  // a missing file is reported by the run itself
  if (!load.empty() && file_exists(load)) of_model = ModelFile(load).info();
  Settings settings;
  for (const Options::Flag& flag : options.flags()) {
    const bool compared = flag.role == Role::setting || flag.role == Role::place || flag.role == Role::test;
    if (!compared && flag.name != "random_state") continue;
    if (of_model.count(flag.name) == 0 || flag.given) settings.emplace_back(flag.name, flag.value);
  }
  return settings;
}

}  // namespace

bool SweepRun::is_done(const RunRecord& record) const {
  const bool finished = record.finished() && record.metric("test_error");
  const bool reached = stop_after > 0 && !record.epochs.empty() && record.epochs.rbegin()->first + 1 >= stop_after;
  if (!finished && !reached) return false;
  return std::all_of(settings.begin(), settings.end(), [&](const auto& setting) {
    const auto found = record.header.find(setting.first);
    if (found != record.header.end()) return same_setting(found->second, setting.second);
    return std::find(defaults.begin(), defaults.end(), setting) != defaults.end();
  });
}

RunRecord record_of(const SweepRun& run) {
  const std::string path = run.file("run.jsonl");
  return file_exists(path) ? read_run_record(path) : RunRecord();
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

std::vector<SweepRun> plan_runs(const std::vector<SweepProgram>& programs, const SweepAxis& axis, int64_t runs,
                                const std::string& out, const Words& training, const fs::path& program_folder) {
  const std::vector<SweepFlag> flags = parse_flags(training, programs, axis);
  std::vector<SweepRun> plan;
  for (const SweepProgram& program : programs) {
    const std::vector<Combination> combinations = combine(flags, program);
    if (combinations.size() * axis.values.size() > kMaxSweepRuns / static_cast<size_t>(runs) / programs.size()) {
      throw UsageError("--runs: more than " + std::to_string(kMaxSweepRuns) + " runs in all");
    }
    std::vector<Options> parsed;
    for (const Combination& one : combinations) {
      parsed.push_back(parsed_options(program.options, one.flags));
      program.check(parsed.back());
    }
    for (const int64_t value : axis.values) {
      for (size_t i = 0; i < combinations.size(); ++i) {
        SweepRun run;
        run.program = (program_folder / program.options.program()).string();
        run.model = program.model;
        run.value = value;
        run.varied = join(combinations[i].varied, " ");
        std::string suffix;
        for (const std::string& one : combinations[i].varied) suffix += "_" + one;
        std::replace(suffix.begin(), suffix.end(), '/', '_');
        Words own = combinations[i].flags;
        if (axis.adjust) axis.adjust(value, parsed[i], own);
        if (!parsed[i].was_given("threads")) own.emplace_back("--threads=1");
        for (run.seed = 1; run.seed <= runs; ++run.seed) {
          const std::string seed = std::to_string(run.seed), axis_value = std::to_string(value);
          run.folder = (fs::path(out) / ((program.model.empty() ? "" : program.model + "_") + axis.label + axis_value +
                                         "_seed" + seed + suffix))
                           .string();
          run.label = Record();
          if (!program.model.empty()) run.label.add_text("model", program.model);
          run.label.add_int(axis.label, value).add_int("seed", run.seed);
          run.flags = {"--" + axis.flag + "=" + axis_value, "--random_state=" + seed};
          run.flags.insert(run.flags.end(), own.begin(), own.end());
          for (const auto& [flag, file] : {std::pair("out", "run.jsonl"),
                                           {"checkpoint", "checkpoint.safetensors"},
                                           {"save", "model.safetensors"}}) {
            run.flags.push_back(std::string("--") + flag + "=" + run.file(file));
          }
          run.flags.emplace_back("--resume");
          const Options whole = parsed_options(program.options, run.flags);
          run.settings = compared_settings(whole);
          run.defaults = whole.defaults();
          if (axis.more_settings) {
            const Settings more = axis.more_settings(whole);
            run.settings.insert(run.settings.end(), more.begin(), more.end());
          }
          plan.push_back(run);
        }
      }
    }
  }
  return plan;
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
          for (const Options::Flag& flag : options->flags()) {
            if (!all.has(flag.name)) all.add_string(flag.name, "", "");
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
