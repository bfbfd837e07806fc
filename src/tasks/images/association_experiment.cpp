#include "hmem/tasks/images/association_experiment.h"

#include <algorithm>
#include <utility>

#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/hash.h"
#include "hmem/core/text.h"
#include "hmem/core/timer.h"
#include "hmem/data/images/association_strip.h"
#include "hmem/data/images/encode.h"
#include "hmem/models/hmem_image.h"
#include "hmem/models/lstm_image.h"
#include "hmem/tasks/images/association_examples.h"
#include "hmem/tasks/images/conv_net.h"

namespace hmem {

namespace {

using Part = Learner::Part;

template <typename Net>
std::unique_ptr<AssociationNet> make(const SettingReader& saved, const SettingReader& flags,
                                     const AssociationConfig& sizes, uint64_t seed) {
  typename Net::Config config;
  static_cast<AssociationConfig&>(config) = sizes;
  config.visit(saved);
  config.visit_training(flags);
  return std::make_unique<Net>(config, seed);
}

template <typename Net>
void add_net_flags(Options& options) {
  add_flags(options, typename Net::Config());
  typename Net::Config().visit_training(FlagAdder{options});
}

void add_lstm_flags(Options& options) {
  add_net_flags<LstmImage>(options);
  HebbianRule rule;  // the authors' program has these flags, too
  visit_rule(FlagAdder{options, Role::unused}, rule);
}

/// With `padded` some examples have padding frames.
AssociationData make_data(const ImagePair& images, const AssociationOptions& association, bool padded, uint64_t seed) {
  const bool noise = padded && association.delay_padding == DelayPadding::random;
  return {training_examples(images, association, seed, "train"), test_examples(images, association, seed),
          AssociationRenderer(images.a.train, images.b.train, seed, ImageSize()),
          AssociationRenderer(images.a.test, images.b.test, seed, ImageSize()), noise ? association.noise_frames : 0};
}

AssociationConfig net_sizes(const AssociationData& data, const ImagePair& images, const ConvNet14& conv_net) {
  const ImageSize image;
  const int64_t squares = data.train_renderer.frame_size() / (image.height * image.width * image.channels);
  return {squares * conv_net.features(), images.b.classes()};
}

Record error_record(Learner& learner, int64_t batch_size, const Options& options) {
  const Evaluation found = evaluate(learner, Part::test, batch_size, show_progress(options, "testing"));
  Record line;
  return line.add_real("test_loss", found.loss).add_real("test_error", found.error, 4);
}

std::vector<int64_t> number_list(const Options& options, const std::string& flag, IntRange range) {
  if (!options.has(flag) || options.get_string(flag).empty()) return {};
  return parse_number_list(flag, options.get_string(flag), range);
}

/// Those of --test_timesteps, then those of --test_delays; the delay of the training has its test already.
std::vector<FurtherTest> further_tests(const Options& options) {
  std::vector<FurtherTest> tests;
  const int64_t delay = options.get_int("delay");
  for (const int64_t timesteps : number_list(options, "test_timesteps", kAssociationTimesteps)) {
    tests.push_back({timesteps, delay});
  }
  for (const int64_t other : number_list(options, "test_delays", kAssociationDelay)) {
    if (other != delay) tests.push_back({options.get_int("timesteps"), other});
  }
  return tests;
}

bool has_delay(const std::vector<FurtherTest>& tests) {
  return std::any_of(tests.begin(), tests.end(), [](const FurtherTest& test) { return test.delay > 0; });
}

/// Checks --strips before the training.
void check_strips(const std::string& folder) {
  if (folder.empty()) return;
  need_png();
  HMEM_CHECK(!file_exists(folder) || is_folder(folder), "--strips: ", folder,
             " is not a folder, expected one for pictures of examples");
}

/// Reads settings of the training; a program that does not train lacks their flags.
SettingReader training_flags(const Options& options) {
  const auto find = [&options](const SettingName& name) {
    return options.has(name.text) ? std::optional(options.text(name.text)) : std::nullopt;
  };
  return {find, options.program()};
}

/// False, too, in a program that lacks the flag.
bool switched_on(const Options& options, const std::string& flag) {
  return options.has(flag) && options.get_switch(flag);
}

/// Throws UsageError when what is asked for needs another use of the ConvNet.
void check_conv_net_use(const Options& options, const ConvNetSettings& conv_net, const FeatureSettings& features) {
  if (features.split && !conv_net.frozen()) {
    throw UsageError("--split_frames: found without --use_pretrained_convnet=1, expected a frozen ConvNet");
  }
  if (switched_on(options, "unseen_validation") && !conv_net.pretrained) {
    throw UsageError("--unseen_validation: found without --use_pretrained_convnet=1, expected both or none");
  }
  if (switched_on(options, "redraw_examples") && conv_net.frozen() && !features.split) {
    throw UsageError(
        "--redraw_examples: found without --split_frames=1, expected both: features of whole frames are computed once");
  }
}

/// Settings of a model from `saved`, those of its training from flags.
FeatureSettings feature_flags(const SettingReader& saved, const Options& options) {
  FeatureSettings settings;
  settings.visit(saved);
  settings.visit_training(training_flags(options));
  return settings;
}

}  // namespace

const std::vector<AssociationKind>& association_kinds() {
  static const std::vector<AssociationKind> kinds = {
      {"hmem", "hmem_image", "image_association_task",
       "Trains H-Mem to associate photographs with digits from a single presentation.", add_net_flags<HMemImage>,
       make<HMemImage>},
      {"lstm", "lstm_image", "image_association_task_lstm",
       "Trains an LSTM to associate photographs with digits from a single presentation.", add_lstm_flags,
       make<LstmImage>}};
  return kinds;
}

const AssociationKind& association_kind(const std::string& name) {
  for (const AssociationKind& kind : association_kinds()) {
    if (kind.name == name) return kind;
  }
  fail("unknown association network ", quote(name));
}

void add_association_test_flags(Options& options) {
  options.section("Data");
  add_image_data_flags(options);
  add_flags(options, AssociationOptions());
  options.section("ConvNet");
  add_frozen_conv_net_flags(options);
}

Options association_options(const AssociationKind& kind) {
  Options options(kind.program, kind.summary);
  options.section("Data");
  add_image_data_flags(options);
  add_flags(options, AssociationOptions());
  options.add_switch("unseen_validation", false,
                     "with --use_pretrained_convnet: validation examples show the images that the pretraining held "
                     "out, training examples the others");
  options.add_switch("redraw_examples", false,
                     "with --unseen_validation: every epoch draws new training examples from the same images; a frozen "
                     "ConvNet needs --split_frames, too");
  options.add_string("test_timesteps", "", "also test with these numbers of pairs, for example 2-6", Role::test);
  options.add_string("test_delays", "", "also test with these numbers of padding frames, for example 0,5,40",
                     Role::test);
  options.add_folder("strips", "write pictures of test examples to this folder (PNG): the frames, then the query",
                     Role::output);
  options.add_int("strip_examples", 10, "number of test examples that --strips writes", {1, 10000}, Role::output);
  options.section("Model");
  add_flags(options, ConvNetSettings());
  add_frozen_conv_net_flags(options);
  options.add_int("frame_chunk", 0,
                  "number of frames that pass through the ConvNet at a time in end-to-end training; long delays need "
                  "less memory and 3.5 times the time, with the same result; 0: all frames of a batch at once",
                  {0, 1000000}, Role::neutral);
  add_flags(options, FeatureSettings());
  FeatureSettings().visit_training(FlagAdder{options});
  kind.add_flags(options);
  options.section("Training");
  TrainingSettings defaults;
  defaults.max_grad_norm = 10;
  add_training_flags(options, defaults);
  add_output_flags(options);
  return options;
}

void check_association_flags(const Options& options) {
  check_training_flags(options);
  if (options.was_given("pretrained_weights") && !options.get_switch("use_pretrained_convnet") &&
      options.get_string("load").empty()) {
    throw UsageError("--pretrained_weights: found without --use_pretrained_convnet=1, expected both or none");
  }
  if (options.get_switch("redraw_examples") && !options.get_switch("unseen_validation")) {
    throw UsageError("--redraw_examples: found without --unseen_validation=1, expected both or none");
  }
  if (options.was_given("validation_split") && options.get_switch("unseen_validation")) {
    throw UsageError("--validation_split: found with --unseen_validation=1, expected one of them");
  }
  const FeatureSettings features = feature_flags(SettingReader(options), options);
  const std::string wrong = features.contradiction();
  if (!wrong.empty()) throw UsageError("--" + wrong);
  // A loaded model has its own settings, which are checked when it is read.
  if (options.get_string("load").empty()) check_conv_net_use(options, config_of<ConvNetSettings>(options), features);
  further_tests(options);
}

AssociationTask::AssociationTask(const Options& options, uint64_t seed, const TrainingSettings& settings,
                                 const AssociationKind& kind)
    : options_(options),
      seed_(seed),
      settings_(settings),
      kind_(kind),
      loaded_(options_.get_string("load").empty() ? nullptr : std::make_unique<ModelFile>(options_.get_string("load"))),
      further_tests_(further_tests(options_)),
      images_(((loaded_ ? loaded_->expect_model(kind.model) : void()), load_image_pair(options_))),
      association_(config_of<AssociationOptions>(options_)),
      data_(make_data(images_, association_, association_.delay > 0 || has_delay(further_tests_), seed)) {
  conv_settings_.visit(loaded_ ? loaded_->settings() : SettingReader(options_));
  feature_settings_ = feature_flags(loaded_ ? loaded_->settings() : SettingReader(options_), options_);
  if (loaded_) check_conv_net_use(options_, conv_settings_, feature_settings_);
  for (const FurtherTest& test : further_tests_) examples_of(test);  // impossible numbers fail before the training
  if (options_.has("strips")) check_strips(options_.get_string("strips"));
  notes_ = images_.notes;
  load_conv_net();
}

AssociationExamples AssociationTask::examples_of(const FurtherTest& test) const {
  AssociationOptions other = association_;
  other.timesteps = static_cast<int>(test.timesteps);
  other.delay = test.delay;
  try {
    return test_examples(images_, other, seed_);
  } catch (const Error& error) {
    fail("--test_timesteps=", options_.get_string("test_timesteps"), ": ", error.what());
  }
}

/// Validation examples show what the pretraining of the ConvNet in the file `path` held out.
void AssociationTask::use_held_out_images(const ModelInfo& info, const std::string& path) {
  const int64_t count = images_.a.train.count() + images_.b.train.count();
  try {
    const auto split =
        std::make_shared<SplitExamples>(images_, association_, seed_, held_out_images(info, count, images_.hash()));
    data_.train = split->of_epoch(0);
    if (!switched_on(options_, "redraw_examples")) return;
    data_.redraw_train = [split](int64_t epoch) { return split->of_epoch(epoch); };
  } catch (const Error& error) {
    fail("--unseen_validation: ", path, ": ", error.what());
  }
}

/// A loaded model holds the weights of its ConvNet unless that is frozen.
void AssociationTask::load_conv_net() {
  const bool frozen = conv_settings_.frozen();
  if (loaded_ && !frozen) {
    if (options_.was_given("pretrained_weights")) {
      throw UsageError("--pretrained_weights: found with --load=" + loaded_->path() +
                       ", which has its own ConvNet, expected one of them");
    }
    if (switched_on(options_, "unseen_validation")) {
      throw UsageError("--unseen_validation: found with --load=" + loaded_->path() +
                       ", which has its own ConvNet, expected a frozen one, whose file tells what it held out");
    }
    conv_net_ = std::make_unique<ConvNet14>(seed_, 1, conv_net_channels(*loaded_));
    notes_.push_back("the ConvNet comes from " + loaded_->path() + ", trained further");
  } else if (conv_settings_.pretrained) {
    const std::string path =
        find_conv_net(options_.get_string("pretrained_weights"), options_.get_string("data_dir"), images_.embedded);
    check_not_written(options_, path, "the pretrained ConvNet");
    PretrainedConvNet found = read_conv_net(path, seed_);
    conv_net_ = std::move(found.net);
    const ModelInfo& made = found.info;
    notes_.push_back("the ConvNet comes from " + path + (frozen ? ", frozen" : ", trained further"));
    if (switched_on(options_, "unseen_validation")) use_held_out_images(made, path);
    const auto trained_on = made.find(kImagesHashKey);
    if (trained_on != made.end() && trained_on->second != images_.hash()) {
      notes_.emplace_back("it was pretrained on images other than these, or on another part of them");
    }
  } else {
    conv_net_ = std::make_unique<ConvNet14>(seed_);
    notes_.emplace_back(
        "the ConvNet is trained end to end, which takes long; --use_pretrained_convnet=1 is much faster");
  }
  conv_net_hash_ = hash_text(value_hash(conv_net_->weights()));
}

std::unique_ptr<AssociationNet> AssociationTask::make_net() {
  return kind_.make(loaded_ ? loaded_->settings() : SettingReader(options_), training_flags(options_),
                    net_sizes(data_, images_, *conv_net_), seed_);
}

std::unique_ptr<AssociationLearner> AssociationTask::make_learner(AssociationNet& net) {
  std::unique_ptr<AssociationLearner> learner;
  // Only training programs have the flag.
  const int64_t frame_chunk = options_.has("frame_chunk") ? options_.get_int("frame_chunk") : 0;
  if (conv_settings_.frozen()) {
    if (frame_chunk > 0) {
      notes_.emplace_back("--frame_chunk has no effect here: the ConvNet is frozen");
    }
    learner = std::make_unique<FrozenAssociationLearner>(net, *conv_net_, data_, settings_.l2,
                                                         feature_cache_place(options_), feature_settings_, seed_);
  } else {
    if (options_.was_given("feature_cache")) {
      notes_.emplace_back("--feature_cache has no effect here: the ConvNet is not frozen");
    }
    learner = std::make_unique<EndToEndAssociationLearner>(net, *conv_net_, data_, settings_.l2, frame_chunk);
  }
  return learner;
}

Experiment AssociationTask::experiment(const AssociationNet& net, AssociationLearner& learner) {
  const AssociationConfig sizes = net_sizes(data_, images_, *conv_net_);
  Experiment experiment(learner);
  experiment.model = kind_.model;
  experiment.model_settings = net.settings();
  for (const auto& setting : settings_of(conv_settings_)) experiment.model_settings.push_back(setting);
  for (const auto& setting : settings_of(feature_settings_)) experiment.model_settings.push_back(setting);
  experiment.model_facts = {{"features", std::to_string(sizes.features)},
                            {"classes", std::to_string(sizes.classes)},
                            {"convnet", conv_settings_.frozen() ? "frozen " + conv_net_hash_ : "trained"}};
  experiment.data_facts = {{"images_hash", images_.hash()}, {"convnet_hash", conv_net_hash_}};
  if (loaded_) {
    check_same_settings(*loaded_, options_, experiment.model_settings);
    for (const auto& [key, value] : experiment.model_facts) {
      loaded_->expect(key, value,
                      key == "convnet" ? "the model was trained with another ConvNet: name it with --pretrained_weights"
                                       : "the model was trained on other images: give its --data_dir");
    }
    loaded_->copy_to(learner.weights());
    experiment.data_facts.emplace_back("start_hash", hash_text(value_hash(learner.weights())));
  }
  experiment.paper_rate = image_paper_rate(settings_.learning_rate, settings_.epochs);
  experiment.paper_rate_needs_epochs = true;
  experiment.data = images_.description;
  experiment.notes = notes_;
  experiment.sizes.add_int("train", learner.count(Part::train));
  experiment.sizes.add_int("validation", learner.count(Part::validation)).add_int("test", learner.count(Part::test));
  experiment.sizes.add_int("frames", data_.train.frames()).add_int("noise_frames", data_.noise_frames);
  experiment.after_header = [this, &learner](RunLog& log) { before_training(learner, log); };
  experiment.test = [this, &learner](RunLog& log) { return test(learner, log); };
  return experiment;
}

/// Pictures of examples, and the features of a frozen ConvNet.
void AssociationTask::before_training(AssociationLearner& learner, RunLog& log) const {
  const std::string folder = options_.has("strips") ? options_.get_string("strips") : "";
  if (!folder.empty()) {
    write_association_strips(folder, data_.test, data_.test_renderer, images_.b.class_names,
                             options_.get_int("strip_examples"));
  }
  auto* frozen = dynamic_cast<FrozenAssociationLearner*>(&learner);
  if (frozen == nullptr) return;
  const Timer timer;
  frozen->set_progress(show_progress(options_, "features of images"));
  frozen->compute_features();
  const FeatureCache& cache = frozen->cache();
  const std::string found =
      cache.found() > 0 ? " (" + std::to_string(cache.found()) + " of them read from the feature cache)" : "";
  log.write_note("features of " + std::to_string(cache.images()) + " images took " + format_real(timer.seconds(), 3) +
                 " s" + found);
  if (!cache.problem().empty()) log.write_note("the features are not kept: " + cache.problem());
}

Record AssociationTask::test(AssociationLearner& learner, RunLog& log) const {
  Record line;
  line.add_int("timesteps", association_.timesteps).add_int("delay", association_.delay);
  line.append(error_record(learner, settings_.batch_size, options_));
  if (association_.held_out_classes > 0) {
    const AssociationExamples all = test_examples(images_, association_, seed_);
    const int64_t first = images_.a.classes() - association_.held_out_classes;
    for (const bool held_out : {true, false}) {
      learner.set_test(filter_examples(all, [&](int64_t i) {
        return (images_.a.test.labels[static_cast<size_t>(all.queries[static_cast<size_t>(i)])] >= first) == held_out;
      }));
      Record task;
      task.add_text("query", held_out ? "held_out" : "trained").add_int("timesteps", association_.timesteps);
      task.add_int("delay", association_.delay).add_int("test", learner.count(Part::test));
      log.write_task(task.append(error_record(learner, settings_.batch_size, options_)));
    }
  }
  for (const FurtherTest& test : further_tests_) {
    learner.set_test(examples_of(test));
    Record task;
    task.add_int("timesteps", test.timesteps).add_int("delay", test.delay);
    log.write_task(
        task.add_int("test", learner.count(Part::test)).append(error_record(learner, settings_.batch_size, options_)));
  }
  return line;
}

}  // namespace hmem
