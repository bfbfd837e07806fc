#include "hmem/tasks/babi/flags.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "hmem/core/check.h"
#include "hmem/core/text.h"
#include "hmem/data/babi/files.h"
#include "hmem/tasks/babi/model.h"
#include "hmem/train/experiment.h"

namespace hmem {

namespace {

void add_data_flags(Options& options) {
  options.add_string("training_set_size", "10k",
                     "number of training questions: 1k, 10k or, for generated stories, any number");
  options.add_folder(
      "data_dir",
      "bAbI folder with en/ and en-10k/, or one of its folders itself (hn-10k, en-valid, ...); 'generated': generate "
      "stories; empty: search $HMEM_DATA, ./datasets and the datasets folder beside the program's, else "
      "generate stories",
      Role::place);
  options.add_folder(
      "test_data_dir",
      "test on the questions of this bAbI folder; vocabulary and sizes come from the training data alone", Role::place);
  options.add_int("max_num_sentences", -1, "leave out stories with more than this many sentences; -1: no limit",
                  {-1, 1000000});
  options.add_switch("keep_latest", false,
                     "cut longer stories to their latest max_num_sentences sentences instead of leaving them out");
  options.add_real("validation_split", 0.1,
                   "fraction of the training questions held out for validation, from the end of the file",
                   RealRange::half_open(0, 1));
  options.add_switch("online", false, "train on newly generated stories in every epoch");
  options.add_int("online_from", 0, "with --online: first epoch with new stories; the epochs before have the same ones",
                  {0, 1000000});
  add_babi_story_options(options);
}

std::vector<Options::Preset> presets(bool joint) {
  using Values = std::map<std::string, std::string>;
  const Values best = {{"read_before_write", "1"},
                       {"write_rule", "signed"},
                       {"memory_size", "128"},
                       {"separate_hops", "1"},
                       {"read_norm", "1"},
                       {"hop_sum", "1"},
                       {"extractor_layers", "2"},
                       {"answer_layer", "1"},
                       {"epochs", "180"},
                       {"schedule", "stable"},
                       {"l2", "0"},
                       {"weight_decay", "0.5"},
                       {"age_jitter", "0.1"},
                       {"weight_average", "0.999"},
                       {"stop_when_solved", "30"},
                       {"keep_best", "1"}};
  // What 1k and joint share. Their batches have 32 questions of each task, so that gradients are noisy, and renaming
  // replaces the heavy weight decay (pilots: docs/experiments.md).
  const Values renamed = {
      {"batch_norm", "none"}, {"learning_rate", "0.0015"}, {"weight_decay", "0.1"}, {"rename", "0.5"}};
  // The first value of a flag counts.
  const auto preset = [](const std::string& name, Values values, const std::vector<Values>& bases) {
    for (const Values& base : bases) values.insert(base.begin(), base.end());
    return Options::Preset{name, {values.begin(), values.end()}};
  };
  std::vector<Options::Preset> all = {preset("paper", {{"read_before_write", "1"}, {"epochs", "250"}}, {}),
                                      preset("best", best, {}),
                                      preset("1k",
                                             {{"training_set_size", "1k"},
                                              {"batch_size_per_replica", "32"},
                                              {"epochs", "1500"},
                                              {"stop_when_solved", "60"}},
                                             {renamed, best})};
  if (joint) {
    // Renaming would keep the model on the plateaus if it started before they have ended.
    const Values values = {{"batch_size_per_replica", "640"}, {"rename_from", "40"}, {"epochs", "140"}};
    all.push_back(preset("joint", values, {renamed, best}));
  }
  return all;
}

/// Every flag except those that choose the tasks, which come first in the section "Data".
void add_babi_flags(Options& options, const std::vector<std::string>& models) {
  add_data_flags(options);
  options.section("Model");
  for (const std::string& model : models) qa_kind(model).add_flags(options);
  options.section("Training");
  TrainingSettings defaults;
  defaults.learning_rate = 0.003;
  defaults.batch_size = 128;
  defaults.max_grad_norm = 20;
  add_training_flags(options, defaults);
  for (const std::string& model : models) qa_kind(model).add_training_flags(options);
  options.add_real(
      "age_jitter", 0,
      "training only: probability that the numbering of sentence ages (1: the newest sentence) skips a number between "
      "two sentences",
      RealRange::half_open(0, 1));
  options.add_real(
      "rename", 0,
      "training only: probability that exchangeable words of a story (names, rooms, ..) are permuted in an "
      "epoch",
      {0, 1});
  options.add_int("rename_from", 0,
                  "with --rename: first epoch in which stories are renamed; the first epoch of a training is 0",
                  {0, 1000000});
  add_output_flags(options);
  options.add_file(
      "export_weights",
      "also write the model with float16 weights to this file, with settings, seed and test error in its metadata, and "
      "test it as written",
      Role::output);
  options.add_int("logging", 0, "1: write a CSV log to results/ in the format of the authors' program", {0, 1},
                  Role::output);
}

void add_hmem_flags(Options& options, bool joint = false) {
  add_babi_flags(options, {"hmem_qa"});
  options.add_presets("preset",
                      std::string("defaults for other flags; paper: --read_before_write=1 --epochs=250, as published; "
                                  "best: the settings with the lowest error on single tasks so far; 1k: best, adapted "
                                  "to 1000 training questions; ") +
                          (joint ? "joint: best, adapted to 20 tasks; " : "") + "docs/guide.md lists them",
                      presets(joint));
}

}  // namespace

Options babi_task_single_options() {
  Options options("babi_task_single", "Trains H-Mem on one bAbI question-answering task and tests it.");
  options.section("Data");
  options.add_int("task_id", 1, "bAbI task to train on", {1, 20});
  add_hmem_flags(options);
  return options;
}

Options babi_task_joint_options() {
  Options options(
      "babi_task_joint",
      "Trains one H-Mem with one vocabulary on several bAbI tasks together and tests it on each.\n"
      "Stories of different tasks differ greatly in length. So max_num_sentences, one limit for all tasks,\n"
      "keep_latest and batch_norm have other defaults than in babi_task_single.");
  options.section("Data");
  options.add_string("tasks", "1-20", "bAbI tasks to train on together, for example 1-3,7",
                     Role::place);  // in any order; records have them sorted
  add_hmem_flags(options, /*joint=*/true);
  options.set_default("max_num_sentences", "130");
  options.set_default("keep_latest", "1");
  options.set_default("batch_norm", "masked");
  return options;
}

Options babi_task_baseline_options() {
  Options options("babi_task_baseline", "Trains a baseline on one bAbI question-answering task and tests it.");
  options.section("Data");
  options.add_int("task_id", 1, "bAbI task to train on", {1, 20});
  const std::vector<std::string> models = qa_baselines();
  options.add_choice("model", models.front(), "baseline network to train", models);
  add_babi_flags(options, models);
  return options;
}

void check_babi_flags(const Options& options) {
  check_training_flags(options);
  const QaKind& kind = qa_kind(babi_model(options));
  kind.check_flags(options);
  const bool renames = options.get_real("rename") > 0;
  if (renames && options.get_switch("online")) {
    throw UsageError("--rename: found with --online, expected one of them: new stories cannot be learned by heart");
  }
  if (options.was_given("rename_from") && !renames) {
    throw UsageError("--rename_from: found without --rename, expected a probability above 0");
  }
  if (options.was_given("online_from") && !options.get_switch("online")) {
    throw UsageError("--online_from: found without --online, expected both or none");
  }
  for (const std::string& other : options.has("model") ? qa_baselines() : std::vector<std::string>()) {
    for (const std::string& name : qa_kind(other).settings) {
      if (!options.was_given(name) || contains(kind.settings, name)) continue;
      throw UsageError("--" + name + ": has no effect with --model=" + kind.name + ", expected to be left out");
    }
  }
}

}  // namespace hmem
