#pragma once
/// \file files.h
/// The stories of one task, from the official files or generated.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "hmem/core/options.h"
#include "hmem/core/program.h"
#include "hmem/data/babi/parse.h"
#include "hmem/data/generator/registry.h"

namespace hmem {

/// The source of bAbI stories.
struct BabiSource {
  std::filesystem::path folder;  ///< holds en/ and en-10k/, or the files themselves; empty: stories are generated
  std::string description;       ///< one line for the header of a run, without paths that the user did not write

  bool direct = false;  ///< the folder itself holds the files

  bool generated() const { return folder.empty(); }
};

/// `data_dir`, or `babi/tasks_1-20_v1-2` where find_data() finds it, or generated stories. "generated" asks for
/// generated stories. Another `data_dir` holds en/ and en-10k/, or the files of tasks themselves: en-valid-10k, hn,
/// shuffled-10k, or a folder of your own. Anything else is an Error.
BabiSource find_babi(const std::string& data_dir, const std::filesystem::path& program_folder = hmem::program_folder());

enum class BabiPart { train, validation, test };

/// Questions of every test set, official or generated.
constexpr int64_t kBabiTestQuestions = 1000;

/// A task counts as failed above this test error, in %.
constexpr double kFailedTask = 5;

/// The only file `qa{task}_*_{train,valid,test}.txt` or `qa{task}_{train,valid,test}.txt` in `folder`. The name of the
/// folder does not matter. Throws Error when there is none or more than one; the message lists the files found.
std::filesystem::path find_babi_file(const std::filesystem::path& folder, int task, BabiPart part);

/// "qa{task}_{name}_{train,test}.txt", as the official file is called.
std::string babi_file_name(int task, BabiPart part);

/// Generated text of one part of a task: training and test stories use separate streams of the same seed.
std::string generate_babi_part(int task, int64_t questions, BabiPart part, uint64_t seed,
                               const BabiStoryOptions& options = {});

/// Questions of a training set: "1k", "10k" or a number. Throws UsageError for anything else.
int64_t babi_training_questions(const std::string& training_set_size);

/// Registers the flags --story_length, --actors, ... ("none": as official), and reads them again.
void add_babi_story_options(Options& options);
BabiStoryOptions babi_story_options(const Options& options);

/// Stories of `task`. `training_set_size`: "1k" (folder en) or "10k" (en-10k), for generated stories also a number;
/// test sets have 1000 questions. Generated stories depend on `seed` and `options`. Throws UsageError for a task
/// outside 1..20, an invalid size, or options with official stories.
BabiStories load_babi(const BabiSource& source, int task, const std::string& training_set_size, BabiPart part,
                      uint64_t seed = 0, const BabiStoryOptions& options = {});

/// Test stories of `task`, whatever the size of the training set: both folders hold the same.
BabiStories load_babi_test(const BabiSource& source, int task, uint64_t seed = 0);

/// The validation file of the task, which only the folders en-valid and en-valid-10k have; nothing elsewhere.
std::optional<BabiStories> load_babi_validation(const BabiSource& source, int task);

/// Whether `source` has the official test questions of the task but lacks its training stories of this size. This is
/// common for the 10k stories of task 3.
bool lacks_training_file(const BabiSource& source, int task, const std::string& training_set_size);

/// The note to print when such a task is trained on generated stories.
std::string generated_training_note(int64_t task, bool official_test);

/// Generated training stories of an epoch, for training on new ones in every epoch; those of epoch 0 are the text of
/// generate_babi_part. Parallel over parts of the questions; the same for any number of threads.
BabiStories generate_babi_epoch(int task, int64_t questions, uint64_t seed, const BabiStoryOptions& options,
                                int64_t epoch);

}  // namespace hmem
