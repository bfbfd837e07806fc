// Trains and tests H-Mem on one bAbI task: the question-answering experiment of Limbacher & Legenstein, NeurIPS 2020.
// Flags of the authors' program keep their names and defaults; README.md has the table.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <random>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/core/program.h"
#include "hmem/core/run_log.h"
#include "hmem/core/timer.h"
#include "hmem/data/babi_files.h"
#include "hmem/kernels/isa.h"
#include "hmem/optim/schedule.h"
#include "hmem/train/babi_learner.h"
#include "hmem/train/babi_model_file.h"
#include "hmem/train/keras_csv_log.h"
#include "hmem/train/run_output.h"

namespace {

using namespace hmem;

Options make_options() {
  Options options("babi_task_single", "Trains H-Mem on one bAbI question-answering task and tests it.");
  options.section("Data");
  options.add_int("task_id", 1, "bAbI task", {1, 20});
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
  options.section("Training");
  options.add_int("epochs", 100, "passes over the training questions; 0: only test", {0, 1000000});
  options.add_real("learning_rate", 0.003, "Adam; times 0.85 every 20 epochs", RealRange::above(0));
  options.add_int("batch_size_per_replica", 128, "questions per update (there is one replica)", {1, 1000000});
  options.add_real("max_grad_norm", 20, "clip each parameter's gradient to this norm; 0: never",
                   RealRange::at_least(0));
  options.add_optional_int("random_state", "seed; none: drawn and printed", {0, int64_t{1} << 62});
  options.add_int("threads", std::min(available_threads(), 16), "threads; results do not depend on it", {1, 1024});
  options.add_int("limit_steps", 0, "time this many training steps and stop", {0, 1000000000});
  options.section("Output");
  options.add_string("save", "", "write the trained model (safetensors)");
  options.add_string("load", "", "start from this model");
  options.add_string("out", "", "also write every line as JSON to this file");
  options.add_int("logging", 0, "1: CSV in results/, as the authors' program writes it", {0, 1});
  options.add_int("verbose", 1, "0: no line per epoch; 1: with progress bar; 2: without", {0, 2});
  options.add_switch("quiet", false, "only the final line");
  return options;
}

BabiTask load_task(const Options& options, uint64_t seed, std::string& description) {
  const BabiSource source = find_babi(options.get_string("data_dir"), program_folder());
  description = source.description;
  if (options.get_switch("online") && !source.generated()) {
    throw UsageError("--online makes new stories for every epoch and needs --data_dir=generated, found " + description);
  }
  const BabiStoryOptions stories = babi_story_options(options);
  const int task = static_cast<int>(options.get_int("task_id"));
  const std::string& size = options.get_string("training_set_size");
  BabiOptions how;
  how.max_num_sentences = static_cast<int>(options.get_int("max_num_sentences"));
  how.keep_latest = options.get_switch("keep_latest");
  const BabiStories train = load_babi(source, task, size, BabiPart::kTrain, seed, stories);
  if (options.get_string("test_data_dir").empty()) {
    return vectorise_babi(train, load_babi(source, task, size, BabiPart::kTest, seed, stories), how);
  }
  how.separate_test = true;
  const BabiSource test_source = find_babi(options.get_string("test_data_dir"), program_folder());
  const std::string& test_size = test_source.generated() || size == "1k" ? size : "10k";  // the test sets are the same
  return vectorise_babi(train, load_babi(test_source, task, test_size, BabiPart::kTest, seed), how);
}

HMemQa::Config model_config(const Options& options, const BabiTask& task) {
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
  return config;
}

/// A flag that the user gave must not contradict the model that is loaded; other settings come from the file.
void check_same_settings(const ModelFile& file, const Options& options) {
  for (const auto& [name, value] : options.settings()) {
    const auto saved = file.info().find(name);
    if (saved == file.info().end() || !options.was_given(name)) continue;
    if (name == "max_num_sentences") continue;  // compared after it was applied to the data
    HMEM_CHECK(saved->second == value, file.path(), ": the model has ", name, " ", saved->second, ", but --", name, "=",
               value, " was given");
  }
}

uint64_t choose_seed(const Options& options) {
  if (const auto seed = options.get_optional_int("random_state")) return static_cast<uint64_t>(*seed);
  return std::random_device{}();
}

/// Everything that a run works with.
struct Run {
  const Options& options;
  int64_t task_id;
  uint64_t seed;
  std::string data_description;
  std::unique_ptr<BabiTask> task;  // the learner refers to it
  HMemQa::Config config;
  std::unique_ptr<HMemQa> model;
  std::unique_ptr<BabiLearner> learner;
};

Run prepare(const Options& options) {
  Run run{options, options.get_int("task_id"), choose_seed(options), {}, {}, {}, {}, {}};
  run.task = std::make_unique<BabiTask>(load_task(options, run.seed, run.data_description));
  run.config = model_config(options, *run.task);
  std::optional<ModelFile> loaded;
  if (!options.get_string("load").empty()) {
    loaded.emplace(options.get_string("load"));
    run.config = babi_model_config(*loaded, run.task_id, *run.task);
    check_same_settings(*loaded, options);
  }
  run.model = std::make_unique<HMemQa>(run.config, run.seed);
  if (loaded) loaded->copy_to(run.model->parameters(), run.model->buffers());
  const double split = options.get_real("validation_split");
  if (!options.get_switch("online")) {
    run.learner = std::make_unique<BabiLearner>(*run.model, *run.task, split);
    return run;
  }
  const auto new_stories = [task = static_cast<int>(run.task_id),
                            count = training_count(run.task->train.count(), split), seed = run.seed,
                            stories = babi_story_options(options)](int64_t epoch) {
    return generate_babi_epoch(task, count, seed, stories, epoch);
  };
  run.learner = std::make_unique<BabiOnlineLearner>(*run.model, *run.task, split, new_stories);
  return run;
}

void write_sizes(RunLog& log, const Run& run) {
  Record sizes;
  sizes.add_int("train", run.learner->count(Learner::Part::train));
  sizes.add_int("validation", run.learner->count(Learner::Part::validation));
  sizes.add_int("test", run.learner->count(Learner::Part::test)).add_int("vocabulary", run.task->vocabulary.size());
  sizes.add_int("words_per_sentence", run.task->words_per_sentence);
  sizes.add_int("max_num_sentences", run.task->max_num_sentences);
  log.write_header(sizes);
}

/// Says what happened to stories that did not fit: figures below cover the rest.
void write_data_notes(RunLog& log, const BabiTask& task) {
  const auto note = [&log](int64_t count, const std::string& text) {
    if (count > 0) log.write_note(std::to_string(count) + " " + text);
  };
  note(task.train.left_out, "training questions left out: their stories are longer than max_num_sentences");
  note(task.test.left_out, "test questions left out: their stories are longer; the test error covers the rest");
  note(task.train.shortened, "training stories cut to their latest max_num_sentences sentences");
  note(task.test.shortened, "test stories cut to their latest max_num_sentences sentences");
  note(task.test.unknown_words, "words of the test file are not in the training data: read as nil");
  note(task.test.unknown_answers, "test answers are not in the training data: they count as errors");
  note(task.test.cut, "test sentences or questions are longer than those of the training data: cut");
}

/// Where the authors' program writes its log.
std::string csv_path(const Run& run) {
  const auto seed = run.options.get_optional_int("random_state");
  const ModelInfo info = babi_model_info(run.task_id, *run.task, run.config);
  return "results/" + std::to_string(run.task_id) + "_" + run.options.get_string("training_set_size") + "_" +
         info.at("encodings_type") + "_" + info.at("hops") + "-" + (seed ? std::to_string(*seed) : "None") + ".log";
}

/// Trains, tests, saves, and returns the final line.
Record train_and_test(const Run& run, Optimizer& optimizer, FitSettings settings, RunLog& log, KerasCsvLog* csv) {
  const Options& options = run.options;
  const int64_t verbose = options.get_int("verbose");
  Progress progress(std::cerr, Progress::for_stderr(options.get_switch("quiet") || verbose != 1));
  settings.progress = &progress;
  Timer timer;
  EpochReport last;
  double training_seconds = 0;
  settings.on_epoch = [&](const EpochReport& report) {
    last = report;
    training_seconds += report.training_seconds;
    if (csv) csv->write_epoch(report);
    if (verbose != 0) log.write_epoch(epoch_record(report));
  };
  fit(*run.learner, optimizer, settings);
  const double seconds = timer.seconds();
  if (settings.epochs == 0) {
    last.train = evaluate(*run.learner, Learner::Part::train, settings.batch_size);
    last.validation = evaluate(*run.learner, Learner::Part::validation, settings.batch_size);
  }
  const Evaluation test = evaluate(*run.learner, Learner::Part::test, settings.batch_size);
  if (csv) csv->write_test(test.error);
  if (!options.get_string("save").empty()) {
    save_model(options.get_string("save"), babi_model_info(run.task_id, *run.task, run.config), run.model->parameters(),
               run.model->buffers());
  }

  const double examples = static_cast<double>(settings.epochs * run.learner->count(Learner::Part::train));
  Record line;
  line.add_int("task_id", run.task_id).add_int("epochs", settings.epochs).add_real("train_loss", last.train.loss);
  line.add_real("val_error", last.validation.error, 4).add_real("test_loss", test.loss);
  line.add_real("test_error", test.error, 4);
  line.add_int("examples_per_s", training_seconds > 0 ? std::llround(examples / training_seconds) : 0);
  line.add_real("peak_rss_mib", peak_rss_mib(), 4).add_real("seconds", seconds, 4);
  return line;
}

int run_experiment(const Options& options) {
  set_num_threads(static_cast<int>(options.get_int("threads")));
  kernel_set_name();  // throws when $HMEM_KERNELS asks for one that is not here
  const Run run = prepare(options);

  // Nothing is written before it is known that everything can be.
  check_writable(options.get_string("save"));
  // An --out that exists may be a device or a pipe.
  const std::filesystem::path out = options.get_string("out");
  if (!std::filesystem::exists(out) || std::filesystem::is_directory(out)) check_writable(out);
  const int64_t limit_steps = options.get_int("limit_steps");
  std::unique_ptr<KerasCsvLog> csv;
  if (options.get_int("logging") == 1 && limit_steps == 0) {
    csv = std::make_unique<KerasCsvLog>(csv_path(run));
  }
  RunLog log(std::cout, out);
  log.set_quiet(options.get_switch("quiet"));
  write_run_header(log, options, run.seed, run.data_description, babi_model_info(run.task_id, *run.task, run.config));
  write_sizes(log, run);
  write_data_notes(log, *run.task);

  Adam::Settings adam_settings;
  adam_settings.max_grad_norm = options.get_real("max_grad_norm");
  Adam adam(run.model->parameters(), adam_settings);
  FitSettings settings;
  settings.epochs = options.get_int("epochs");
  settings.batch_size = options.get_int("batch_size_per_replica");
  settings.seed = run.seed;
  const double base_rate = options.get_real("learning_rate");
  settings.learning_rate = [base_rate, extended = run.config.read_before_write](int64_t epoch) {
    return extended ? exponential_decay(base_rate, epoch, 150, 0.01) : step_decay(base_rate, epoch, 0.85, 20);
  };

  log.write_final(limit_steps > 0 ? step_times_record(time_steps(*run.learner, adam, settings, limit_steps))
                                  : train_and_test(run, adam, settings, log, csv.get()));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options = make_options();
  return run_program(argc, argv, options, run_experiment);
}
