#include "hmem/data/babi_files.h"

#include <algorithm>
#include <sstream>
#include <vector>

#include "hmem/core/check.h"
#include "hmem/data/babi_tasks.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

const char* name_of(BabiPart part) { return part == BabiPart::kTrain ? "train" : "test"; }

std::vector<std::string> file_names(const fs::path& folder) {
  std::error_code status;
  fs::directory_iterator entries(folder, status);
  HMEM_CHECK(!status, folder.string(), ": cannot be listed: ", status.message());
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : entries) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

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

}  // namespace

fs::path find_babi_file(const fs::path& folder, int task, BabiPart part) {
  const std::string begin = "qa" + std::to_string(task) + "_";
  const std::string end = std::string("_") + name_of(part) + ".txt";
  const std::vector<std::string> names = file_names(folder);
  std::vector<std::string> found;
  std::copy_if(names.begin(), names.end(), std::back_inserter(found),
               [&](const std::string& name) { return has_ends(name, begin, end); });
  HMEM_CHECK(!found.empty(), folder.string(), ": there is no file ", begin, "*", end, "; the folder holds ",
             list(names), " (get it with datasets/fetch.sh babi)");
  HMEM_CHECK(found.size() == 1, folder.string(), ": expected one file ", begin, "*", end, ", found ", list(found));
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

void add_babi_story_options(Options& options) {
  options.add_optional_int("story_length", "statements in a story", {1, 100000});
  options.add_optional_int("actors", "people, or animals, in a story", {1, 1000});
  options.add_optional_int("places", "rooms", {1, 1000});
  options.add_optional_int("objects", "things to carry, shapes, things of different size", {1, 1000});
  options.add_optional_int("distractors", "statements that the answer does not need", {0, 100000});
  options.add_optional_int("path_length", "steps of the path, links of the chain", {1, 1000});
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
                      uint64_t seed) {
  if (task < 1 || task > 20) throw UsageError("there is no bAbI task " + std::to_string(task) + ", expected 1 to 20");
  const bool large = training_set_size == "10k";
  if (!large && training_set_size != "1k") {
    throw UsageError("the training set size must be 1k or 10k, found '" + training_set_size + "'");
  }
  if (!source.generated()) {
    return read_babi_file(find_babi_file(source.folder / (large ? "en-10k" : "en"), task, part).string());
  }
  std::istringstream text(generate_babi_part(task, large && part == BabiPart::kTrain ? 10000 : 1000, part, seed));
  return parse_babi(text, "generated task " + std::to_string(task) + " " + name_of(part));
}

}  // namespace hmem
