#include "hmem/tasks/babi/flags.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/core/program.h"
#include "hmem/data/babi/files.h"
#include "hmem/optim/schedule.h"
#include "hmem/tasks/babi/presets.h"
#include "hmem/train/experiment.h"

namespace hmem {

namespace {

/// With jitter, ages go beyond the number of sentences.
constexpr double kAgesForJitter = 0.5;

void add_data_options(Options& options) {
  options.add_string("training_set_size", "10k", "training questions: 1k, 10k or, of generated stories, any number");
  options.add_string("data_dir", "", "folder that holds en/ and en-10k/; 'generated' makes stories; else searched for");
  options.add_string("test_data_dir", "",
                     "test on this folder's questions; vocabulary and sizes from the training data");
  options.add_int("max_num_sentences", -1, "leave out stories with more sentences; -1: no limit", {-1, 1000000});
  options.add_switch("keep_latest", false,
                     "keep the latest max_num_sentences sentences instead of leaving stories out");
  options.add_real("validation_split", 0.1, "part of the training questions set aside, from the end of the file",
                   RealRange::half_open(0, 1));
  options.add_switch("online", false, "generated stories: new ones for every epoch");
  add_babi_story_options(options);
}

void add_model_options(Options& options) {
  options.section("Model");
  options.add_int("memory_size", 100, "side of the associative memory", {1, 4096});
  options.add_int("embeddings_size", 80, "length of word vectors", {1, 4096});
  options.add_int("hops", 3, "reads of the memory per question", {1, MemoryGrad::kMaxReads});
  options.add_choice("encodings_type", "learned_encoding", "weights of the words of a sentence",
                     {"identity_encoding", "position_encoding", "learned_encoding"});
  options.add_choice("batch_norm", "padded", "padded: padding counts as in the authors' program; masked; none",
                     {"padded", "masked", "none"});
  options.add_int("read_before_write", 0, "1: the value written depends on what the memory holds for its key", {0, 1});
  options.add_choice("write_rule", "hebbian", "hebbian: the paper's; outer: sum of outer products",
                     {"hebbian", "outer"});
  options.add_switch("learn_gamma_pos", false, "train the rate of growth, from gamma_pos");
  options.add_switch("learn_gamma_neg", false, "train the rate of decay, from gamma_neg");
  options.add_switch("tie_keys", false, "questions and sentences share the weights of their keys");
  options.add_real("gamma_pos", 0.01, "Hebbian write: rate of growth", RealRange::at_least(0));
  options.add_real("gamma_neg", 0.01, "Hebbian write: rate of decay", RealRange::at_least(0));
  options.add_real("w_assoc_max", 1, "Hebbian write: largest weight", RealRange::above(0));
}

void add_training_options(Options& options) {
  options.section("Training");
  options.add_int("epochs", 100, "passes over the training questions; 0: only test", {0, 1000000});
  options.add_real("learning_rate", 0.003, "Adam: at the begin", RealRange::above(0));
  options.add_choice(
      "schedule", "paper",
      "paper: times 0.85 every 20 epochs, read-before-write falls after epoch 150; stable: constant for 60 % "
      "of the epochs, then linearly to 0",
      {"paper", "stable"});
  options.add_int("batch_size_per_replica", 128, "questions per update (there is one replica)", {1, 1000000});
  options.add_real("max_grad_norm", 20, "clip each parameter's gradient to this norm; 0: never",
                   RealRange::at_least(0));
  options.add_real("l2", 1e-3, "penalty: this times the sum of the squared weights", RealRange::at_least(0));
  options.add_real("dropout", 0, "of the value read last, before the answer", RealRange::half_open(0, 1));
  options.add_real("story_dropout", 0, "of keys and values of sentences", RealRange::half_open(0, 1));
  options.add_real("age_jitter", 0, "probability that a training story skips an age between two sentences",
                   RealRange::half_open(0, 1));
  options.add_real("weight_average", 0, "validate and test a moving average of the weights with this decay; 0: off",
                   RealRange::half_open(0, 1));
  options.add_int("stop_when_solved", 0,
                  "end the training when so many epochs in a row had no validation error; 0: never", {0, 1000000});
  options.add_switch("keep_best", false,
                     "test and save the weights of the epoch with the lowest validation error, not of the last");
  add_run_options(options);
}

}  // namespace

void add_babi_options(Options& options) {
  add_data_options(options);
  add_model_options(options);
  add_training_options(options);
  add_output_options(options);
  options.add_int("logging", 0, "1: CSV in results/, as the authors' program writes it", {0, 1});
  options.add_presets("preset", "defaults of other flags: the paper's read-before-write runs, or our best so far",
                      babi_presets());
}

Options babi_task_single_options() {
  Options options("babi_task_single", "Trains H-Mem on one bAbI question-answering task and tests it.");
  options.section("Data");
  options.add_int("task_id", 1, "bAbI task", {1, 20});
  add_babi_options(options);
  return options;
}

Options babi_task_joint_options() {
  Options options("babi_task_joint",
                  "Trains one H-Mem with one vocabulary on several bAbI tasks together and tests it on each.\n"
                  "Stories of different tasks have very different lengths. So max_num_sentences, which holds for all,\n"
                  "keep_latest and batch_norm have defaults that babi_task_single does not have.");
  options.section("Data");
  options.add_string("tasks", "1-20", "bAbI tasks, as 1-3,7");
  add_babi_options(options);
  options.set_default("max_num_sentences", "130");
  options.set_default("keep_latest", "1");
  options.set_default("batch_norm", "masked");
  return options;
}

void check_babi_options(const Options& options) {
  if (options.get_string("write_rule") == "outer" && options.get_switch("learn_gamma_neg")) {
    throw UsageError("--learn_gamma_neg: found with --write_rule=outer, which has no decay, expected one of them");
  }
}

BabiDataFlags::BabiDataFlags(const Options& options, uint64_t seed_in)
    : source(find_babi(options.get_string("data_dir"), program_folder())),
      test_source(source),
      size(options.get_string("training_set_size")),
      stories(babi_story_options(options)),
      seed(seed_in) {
  if (options.get_switch("online") && !source.generated()) {
    throw UsageError("--online makes new stories for every epoch and needs --data_dir=generated, found " +
                     source.description);
  }
  vectorise.max_num_sentences = static_cast<int>(options.get_int("max_num_sentences"));
  vectorise.keep_latest = options.get_switch("keep_latest");
  if (options.get_real("age_jitter") > 0) vectorise.extra_ages = kAgesForJitter;
  vectorise.separate_test = !options.get_string("test_data_dir").empty();
  if (vectorise.separate_test) test_source = find_babi(options.get_string("test_data_dir"), program_folder());
}

BabiStories BabiDataFlags::train(int task) const {
  return load_babi(source, task, size, BabiPart::kTrain, seed, stories);
}

BabiStories BabiDataFlags::test(int task) const {
  if (!vectorise.separate_test) return load_babi(source, task, size, BabiPart::kTest, seed, stories);
  const std::string& test_size = test_source.generated() || size == "1k" ? size : "10k";  // the test sets are the same
  return load_babi(test_source, task, test_size, BabiPart::kTest, seed);
}

BabiTask load_babi_task(const Options& options, int64_t task_id, uint64_t seed, std::string& description) {
  const BabiDataFlags flags(options, seed);
  description = flags.source.description;
  const int task = static_cast<int>(task_id);
  const BabiStories train = flags.train(task);
  return vectorise_babi(train, flags.test(task), flags.vectorise);
}

HMemQa::Config babi_config(const Options& options, const BabiTask& task) {
  HMemQa::Config config;
  config.vocabulary = task.vocabulary.size();
  config.words_per_sentence = task.words_per_sentence;
  config.embeddings_size = options.get_int("embeddings_size");
  config.memory_size = options.get_int("memory_size");
  config.hops = static_cast<int>(options.get_int("hops"));
  config.rule = {static_cast<real>(options.get_real("gamma_pos")), static_cast<real>(options.get_real("gamma_neg")),
                 static_cast<real>(options.get_real("w_assoc_max"))};
  config.encoding = encoding_type(options.get_string("encodings_type"));
  config.norm = story_norm(options.get_string("batch_norm"));
  config.read_before_write = options.get_int("read_before_write") == 1;
  config.write_rule = write_rule(options.get_string("write_rule"));
  config.learn_gamma_pos = options.get_switch("learn_gamma_pos");
  config.learn_gamma_neg = options.get_switch("learn_gamma_neg");
  config.tie_keys = options.get_switch("tie_keys");
  set_regularisation(config, options);
  return config;
}

void set_regularisation(HMemQa::Config& config, const Options& options) {
  config.l2 = options.get_real("l2");
  config.dropout = options.get_real("dropout");
  config.story_dropout = options.get_real("story_dropout");
}

std::function<double(int64_t epoch)> babi_learning_rate(const Options& options, const HMemQa::Config& config) {
  const double base = options.get_real("learning_rate");
  if (options.get_string("schedule") == "stable") {
    const int64_t epochs = std::max<int64_t>(options.get_int("epochs"), 1);  // --limit_steps needs none
    return [base, epochs](int64_t epoch) { return stable_decay(base, epoch, epochs); };
  }
  if (config.read_before_write) return [base](int64_t epoch) { return exponential_decay(base, epoch, 150, 0.01); };
  return [base](int64_t epoch) { return step_decay(base, epoch, 0.85, 20); };
}

}  // namespace hmem
