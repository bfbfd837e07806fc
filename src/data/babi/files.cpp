#include "hmem/data/babi/files.h"

#include <algorithm>
#include <istream>
#include <streambuf>
#include <vector>

#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/parallel.h"
#include "hmem/core/rng.h"
#include "hmem/core/text.h"
#include "hmem/data/search.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kMaxGenerated = 10000000;
constexpr int64_t kPartsOfEpoch = 8;

const char* name_of(BabiPart part) {
  return part == BabiPart::train ? "train" : part == BabiPart::validation ? "valid" : "test";
}

bool holds_babi(const fs::path& folder) { return is_folder(folder / "en") || is_folder(folder / "en-10k"); }

/// "a, b, c and 7 more"
std::string list(const std::vector<std::string>& names) {
  constexpr size_t kShown = 5;
  if (names.empty()) return "nothing";
  std::string text;
  for (size_t i = 0; i < std::min(kShown, names.size()); ++i) text += (i > 0 ? ", " : "") + names[i];
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

bool has_ends(const std::string& name, const std::string& begin, const std::string& end) {
  return name.size() >= begin.size() + end.size() && name.compare(0, begin.size(), begin) == 0 &&
         name.compare(name.size() - end.size(), end.size(), end) == 0;
}

/// Files of that part of a task in `folder`, and in `names` all names there.
std::vector<std::string> files_of(const fs::path& folder, int task, BabiPart part, std::vector<std::string>& names) {
  const std::string begin = "qa" + std::to_string(task) + "_", end = std::string(name_of(part)) + ".txt";
  names = names_in(folder);
  std::vector<std::string> found;
  std::copy_if(names.begin(), names.end(), std::back_inserter(found),
               [&](const std::string& name) { return has_ends(name, begin, "_" + end); });
  if (found.empty() && contains(names, begin + end)) found.push_back(begin + end);  // as in en-valid
  return found;
}

bool has_file(const fs::path& folder, int task, BabiPart part) {
  std::vector<std::string> names;
  return is_folder(folder) && files_of(folder, task, part, names).size() == 1;
}

/// Whether the folder itself holds files of tasks.
bool holds_tasks(const fs::path& folder) {
  if (!is_folder(folder)) return false;
  const std::vector<std::string> names = names_in(folder);
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name.size() > 2 && name[2] >= '1' && name[2] <= '9' && has_ends(name, "qa", "_train.txt");
  });
}

/// Reads a string in place, without a copy.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(const std::string& text) {
    char* begin = const_cast<char*>(text.data());  // a get area is never written to
    setg(begin, begin, begin + text.size());
  }
};

BabiStories parse_generated(int task, const std::string& text, BabiPart part) {
  TextBuffer buffer(text);
  std::istream in(&buffer);
  return parse_babi(in, "generated task " + std::to_string(task) + " " + name_of(part));
}

}  // namespace

BabiSource find_babi(const std::string& data_dir, const fs::path& program_folder) {
  constexpr char kBabi[] = "babi/tasks_1-20_v1-2";
  if (data_dir == "generated") return {{}, "bAbI stories generated in the process, as asked"};
  if (!data_dir.empty() && holds_tasks(data_dir)) return {data_dir, "bAbI stories from " + data_dir, true};
  const auto found = find_data(data_dir, {data_dir.empty() ? kBabi : ""}, holds_babi, program_folder);
  if (found) return {found->path, "bAbI stories from " + found->name};
  if (data_dir.empty()) {
    return {{},
            "bAbI stories generated in the process: no official ones found (get them with datasets/fetch.sh babi, or "
            "name their folder with --data_dir)"};
  }
  HMEM_CHECK(
      is_folder(data_dir), data_dir,
      ": there is no such folder, expected the one that holds en/ and en-10k/ (get it with datasets/fetch.sh babi)");
  for (const char* inner : {"tasks_1-20_v1-2", kBabi}) {
    const fs::path folder = fs::path(data_dir) / inner;
    HMEM_CHECK(!holds_babi(folder), data_dir, ": holds neither en/ nor en-10k/; did you mean ", folder.string(), "?");
  }
  for (const std::string& name : names_in(data_dir)) {  // Hindi, shuffled letters, the split for validation
    const fs::path folder = fs::path(data_dir) / name;
    HMEM_CHECK(!holds_tasks(folder), data_dir, ": holds neither en/ nor en-10k/; did you mean ", folder.string(), "?");
  }
  fail(data_dir, ": holds neither en/ nor en-10k/ nor files qa*_train.txt, expected the folder tasks_1-20_v1-2 of the ",
       "bAbI tasks, or one below it");
}

fs::path find_babi_file(const fs::path& folder, int task, BabiPart part) {
  const std::string pattern = "qa" + std::to_string(task) + "_*_" + name_of(part) + ".txt";
  std::vector<std::string> names;
  const std::vector<std::string> found = files_of(folder, task, part, names);
  HMEM_CHECK(!found.empty(), folder.string(), ": there is no file ", pattern, "; the folder holds ", list(names),
             " (get it with datasets/fetch.sh babi)");
  HMEM_CHECK(found.size() == 1, folder.string(), ": expected one file ", pattern, ", found ", list(found));
  return folder / found.front();
}

std::string babi_file_name(int task, BabiPart part) {
  return "qa" + std::to_string(task) + "_" + std::string(babi_task_name(task)) + "_" + name_of(part) + ".txt";
}

std::string generate_babi_part(int task, int64_t questions, BabiPart part, uint64_t seed,
                               const BabiStoryOptions& options) {
  Rng rng(seed, std::string("babi.") + name_of(part));
  return generate_babi(task, questions, rng, options);
}

int64_t babi_training_questions(const std::string& training_set_size) {
  if (training_set_size == "1k") return 1000;
  if (training_set_size == "10k") return 10000;
  const auto questions = parse_number<int64_t>(training_set_size);
  if (!questions || *questions < 1 || *questions > kMaxGenerated) {
    throw UsageError("--training_set_size: expected 1k, 10k or, for generated stories, a number from 1 to " +
                     std::to_string(kMaxGenerated) + ", found " + quote(training_set_size));
  }
  return *questions;
}

void add_babi_story_options(Options& options) {
  options.add_optional_int("story_length", "number of statements in a generated story", {1, 100000});
  options.add_optional_int("actors", "number of people (tasks 15, 16: animals) in a generated story", {1, 1000});
  options.add_optional_int("places", "number of rooms from which generated stories choose", {1, 1000});
  options.add_optional_int("objects",
                           "number of objects in generated stories: things to carry, shapes, or things of different "
                           "size, depending on the task",
                           {1, 1000});
  options.add_optional_int("distractors",
                           "number of statements before a question of a generated story that the answer does not need",
                           {0, 100000});
  options.add_optional_int("path_length",
                           "generated stories: steps of the path, or links of the chain, that a question asks about",
                           {1, 1000});
}

BabiStoryOptions babi_story_options(const Options& options) {
  const auto value = [&options](const char* name) -> std::optional<int> {
    const std::optional<int64_t> given = options.get_optional_int(name);
    return given ? std::optional<int>(static_cast<int>(*given)) : std::nullopt;
  };
  return {value("story_length"), value("actors"),      value("places"),
          value("objects"),      value("distractors"), value("path_length")};
}

BabiStories load_babi(const BabiSource& source, int task, const std::string& training_set_size, BabiPart part,
                      uint64_t seed, const BabiStoryOptions& options) {
  if (task < 1 || task > 20) throw UsageError("there is no bAbI task " + std::to_string(task) + ", expected 1 to 20");
  const int64_t questions = babi_training_questions(training_set_size);
  if (source.generated()) {
    return part == BabiPart::train
               ? generate_babi_epoch(task, questions, seed, options, 0)
               : parse_generated(task, generate_babi_part(task, kBabiTestQuestions, part, seed, options), part);
  }
  if (!(options == BabiStoryOptions{})) {
    throw UsageError("story_length, actors and the like are for generated stories (--data_dir=generated), found " +
                     source.description);
  }
  if (training_set_size != "1k" && training_set_size != "10k") {
    throw UsageError("--training_set_size=" + training_set_size +
                     " is for generated stories, the official files have 1k and 10k (or use --data_dir=generated)");
  }
  if (source.direct) return read_babi_file(find_babi_file(source.folder, task, part).string());
  const bool few = questions == 1000;
  const fs::path folder = source.folder / (few ? "en" : "en-10k"), other = source.folder / (few ? "en-10k" : "en");
  HMEM_CHECK(file_exists(folder) || !file_exists(other), source.folder.string(), ": found no ",
             folder.filename().string(), ", expected it for --training_set_size=", training_set_size,
             " (the stories there are those of --training_set_size=", few ? "10k)" : "1k)");
  return read_babi_file(find_babi_file(folder, task, part).string());
}

BabiStories load_babi_test(const BabiSource& source, int task, uint64_t seed) {
  const bool large = source.generated() || is_folder(source.folder / "en-10k");
  return load_babi(source, task, large ? "10k" : "1k", BabiPart::test, seed);
}

std::optional<BabiStories> load_babi_validation(const BabiSource& source, int task) {
  if (!source.direct || !has_file(source.folder, task, BabiPart::validation)) return std::nullopt;
  return read_babi_file(find_babi_file(source.folder, task, BabiPart::validation).string());
}

std::string generated_training_note(int64_t task, bool official_test) {
  return "task " + std::to_string(task) + ": its official training file is missing: trained on generated stories" +
         (official_test ? ", tested on the official questions" : "");
}

bool lacks_training_file(const BabiSource& source, int task, const std::string& training_set_size) {
  if (source.generated() || source.direct || training_set_size != "10k") return false;
  const fs::path folder = source.folder / "en-10k";
  return !has_file(folder, task, BabiPart::train) && has_file(folder, task, BabiPart::test);
}

BabiStories generate_babi_epoch(int task, int64_t questions, uint64_t seed, const BabiStoryOptions& options,
                                int64_t epoch) {
  // Each part of an epoch has its own stream, so that parts can be made in parallel; their number is fixed. The first
  // epoch equals the output of babi_generate.
  const int64_t parts = epoch == 0 ? 1 : std::min<int64_t>(kPartsOfEpoch, questions);
  std::vector<BabiStories> made(static_cast<size_t>(parts));
  parallel_for(parts, 1, [&](int64_t part) {
    const int64_t begin = questions * part / parts, end = questions * (part + 1) / parts;
    const std::string suffix = epoch == 0 ? "" : ".epoch" + std::to_string(epoch) + "." + std::to_string(part);
    Rng rng(seed, std::string("babi.") + name_of(BabiPart::train) + suffix);
    made[static_cast<size_t>(part)] =
        parse_generated(task, generate_babi(task, end - begin, rng, options), BabiPart::train);
  });
  for (size_t part = 1; part < made.size(); ++part) append_stories(made[0], made[part]);
  return std::move(made[0]);
}

}  // namespace hmem
