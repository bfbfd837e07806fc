#include "hmem/train/babi_sweep.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "hmem/core/check.h"
#include "hmem/core/text.h"
#include "hmem/data/babi_files.h"
#include "hmem/train/babi_options.h"
#include "hmem/train/babi_run_info.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMostRuns = 1000000;

/// A training flag and its values; none for a bare `--keep_best`.
struct Flag {
  std::string name;
  std::vector<std::string> values;
};

using Values = std::vector<std::pair<std::string, std::string>>;

bool is_flag(const std::string& argument) { return argument.size() > 2 && argument.compare(0, 2, "--") == 0; }

std::string flag_name(const std::string& argument) {
  std::string name = argument.substr(2, argument.find('=') - 2);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::vector<std::string> split(const std::string& text) {
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

std::vector<Flag> parse_flags(const std::vector<std::string>& arguments) {
  static const std::set<std::string> kSetByUs = {"task_id", "random_state", "out",     "save",    "checkpoint",
                                                 "resume",  "limit_steps",  "logging", "verbose", "quiet"};
  static const std::set<std::string> kPaths = {"data_dir", "test_data_dir", "load"};  // may hold a comma
  std::vector<Flag> flags;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    Flag flag{flag_name(argument), {}};
    if (kSetByUs.count(flag.name) == 1) {
      throw UsageError("--" + flag.name + ": found in a sweep, expected to be left out: every run gets its own");
    }
    for (const Flag& other : flags) {
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
    if (!bare) flag.values = kPaths.count(flag.name) == 1 ? std::vector<std::string>{text} : split(text);
    for (size_t a = 0; a < flag.values.size(); ++a) {
      if (std::count(flag.values.begin(), flag.values.end(), flag.values[a]) > 1) {
        throw UsageError("--" + flag.name + ": found " + quote(flag.values[a]) + " twice, expected different values");
      }
    }
    flags.push_back(std::move(flag));
  }
  return flags;
}

struct Combination {
  std::vector<std::string> flags;
  std::string suffix;  ///< "_hops=3" for flags with more than one value
};

std::vector<Combination> combine(const std::vector<Flag>& flags) {
  std::vector<Combination> all(1);
  for (const Flag& flag : flags) {
    if (flag.values.empty()) {
      for (Combination& one : all) one.flags.push_back("--" + flag.name);
      continue;
    }
    if (all.size() * flag.values.size() > kMostRuns) {
      throw UsageError("--" + flag.name + ": more than " + std::to_string(kMostRuns) + " combinations");
    }
    std::vector<Combination> next;
    for (const Combination& one : all) {
      for (const std::string& value : flag.values) {
        next.push_back(one);
        next.back().flags.push_back("--" + flag.name + "=" + value);
        if (flag.values.size() > 1) next.back().suffix += "_" + flag.name + "=" + value;
      }
    }
    all = std::move(next);
  }
  return all;
}

Options parsed_options(const std::vector<std::string>& flags) {
  Options options = babi_task_single_options();
  std::vector<const char*> argv = {"babi_task_single"};
  for (const std::string& flag : flags) argv.push_back(flag.c_str());
  options.parse(static_cast<int>(argv.size()), argv.data());
  return options;
}

/// The official training file of task 3 is not to be had everywhere: flags that train on generated stories instead.
std::vector<std::string> data_flags(int64_t task, const Options& options, const fs::path& program_folder) {
  if (task != 3 || options.was_given("test_data_dir")) return {};
  const BabiSource source = find_babi(options.get_string("data_dir"), program_folder);
  if (!lacks_training_file(source, 3, options.get_string("training_set_size"))) return {};
  return {"--data_dir=generated", "--test_data_dir=" + source.folder.string()};
}

}  // namespace

std::vector<int64_t> parse_number_list(const std::string& flag, const std::string& text, IntRange range) {
  const auto wrong = [&](const std::string& found) {
    throw UsageError("--" + flag + ": found " + quote(found) + ", expected numbers and ranges in " + range.str() +
                     ", as 1-3,7");
  };
  const auto number = [&](const std::string& word, const std::string& part) {
    int64_t value = 0;
    const auto [end, status] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (status != std::errc() || end != word.data() + word.size() || !range.contains(value)) wrong(part);
    return value;
  };
  std::vector<int64_t> numbers;
  for (const std::string& part : split(text)) {
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

bool SweepRun::is_done(const RunRecord& record) const {
  if (!record.finished() || !record.figure("test_error")) return false;
  for (const auto& [name, value] : settings) {
    const bool counts = babi_flag_has_effect(name) || name == "epochs" || name == "random_state";
    const auto found = record.header.find(name);
    if (counts && (found == record.header.end() || found->second != value)) return false;
  }
  return true;
}

void divide_arguments(const std::vector<std::string>& arguments, const Options& own, std::vector<std::string>& of_sweep,
                      std::vector<std::string>& of_training) {
  const Options training = babi_task_single_options();
  std::vector<std::string>* target = &of_sweep;
  for (const std::string& argument : arguments) {
    if (is_flag(argument)) {
      const std::string name = flag_name(argument);
      const bool ours = own.has(name) || name == "help" || name == "version";
      if (!ours && !training.has(name)) {  // let a parser that knows all flags name the nearest one
        Options all("babi_sweep", "");
        for (const Options* options : {&own, &training}) {
          for (const auto& [known, value] : options->settings()) {
            if (!all.has(known)) all.add_string(known, "", "");
          }
        }
        const char* argv[] = {"babi_sweep", argument.c_str()};
        all.parse(2, argv);
      }
      target = ours ? &of_sweep : &of_training;
    }
    target->push_back(argument);
  }
}

std::vector<SweepRun> plan_sweep(const std::vector<int64_t>& tasks, int64_t runs, const std::string& out,
                                 const std::vector<std::string>& training, const fs::path& program_folder,
                                 std::vector<std::string>& notes) {
  const std::vector<Combination> combinations = combine(parse_flags(training));
  std::vector<Options> parsed;
  for (const Combination& one : combinations) parsed.push_back(parsed_options(one.flags));
  if (tasks.size() * combinations.size() > kMostRuns / static_cast<size_t>(runs)) {
    throw UsageError("--runs: more than " + std::to_string(kMostRuns) + " runs in all");
  }
  std::vector<SweepRun> plan;
  for (const int64_t task : tasks) {
    bool generated = false;
    for (size_t i = 0; i < combinations.size(); ++i) {
      std::vector<std::string> flags = combinations[i].flags;
      const std::vector<std::string> data = data_flags(task, parsed[i], program_folder);
      if (!data.empty()) {
        generated = true;
        flags.erase(std::remove_if(flags.begin(), flags.end(),
                                   [](const std::string& flag) { return flag.compare(0, 11, "--data_dir=") == 0; }),
                    flags.end());
        flags.insert(flags.end(), data.begin(), data.end());
      }
      if (!parsed[i].was_given("threads")) flags.push_back("--threads=1");
      for (int64_t seed = 1; seed <= runs; ++seed) {
        SweepRun run;
        run.task = task;
        run.seed = seed;
        std::string name = "task" + std::to_string(task) + "_seed" + std::to_string(seed) + combinations[i].suffix;
        std::replace(name.begin(), name.end(), '/', '_');
        run.folder = (fs::path(out) / name).string();
        run.flags = {"--task_id=" + std::to_string(task), "--random_state=" + std::to_string(seed)};
        run.flags.insert(run.flags.end(), flags.begin(), flags.end());
        for (const auto& [flag, file] : Values{{"--out=", "run.jsonl"},
                                               {"--checkpoint=", "checkpoint.safetensors"},
                                               {"--save=", "model.safetensors"}}) {
          run.flags.push_back(flag + run.file(file.c_str()));
        }
        run.flags.emplace_back("--resume");
        run.settings = parsed_options(run.flags).settings();
        plan.push_back(std::move(run));
      }
    }
    if (generated) {
      notes.push_back("task " + std::to_string(task) +
                      ": its official training file is missing: trained on generated stories, tested on the official "
                      "questions");
    }
  }
  return plan;
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

std::string shell_command(const std::string& program, const SweepRun& run) {
  std::string line = "mkdir -p " + shell_word(run.folder) + " && " + shell_word(program);
  for (const std::string& flag : run.flags) line += " " + shell_word(flag);
  return line + " >> " + shell_word(run.file("run.log")) + " 2>&1";
}

}  // namespace hmem
