#include "hmem/tasks/images/association_experiment.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "hmem/core/check.h"
#include "hmem/core/hash.h"
#include "hmem/core/text.h"
#include "hmem/core/timer.h"
#include "hmem/data/images/association_strip.h"
#include "hmem/data/images/encode.h"
#include "hmem/sweep/plan.h"
#include "hmem/tasks/images/association_learner.h"
#include "hmem/tasks/images/conv_net_file.h"
#include "hmem/tasks/images/flags.h"
#include "hmem/tasks/signature.h"

namespace hmem {

namespace {

using Part = Learner::Part;

/// What results of the training do not depend on.
const std::vector<std::string> kTestFlags = {"test_timesteps", "strips", "strip_examples", "feature_cache"};

AssociationOptions association_options(const Options& options) {
  AssociationOptions association;
  association.timesteps = static_cast<int>(options.get_int("timesteps"));
  association.delay = options.get_int("delay");
  association.delay_padding =
      options.get_string("delay_padding") == "zeros" ? DelayPadding::kZeros : DelayPadding::kRandom;
  association.pairing = options.get_string("pairing") == "reference" ? Pairing::kReference : Pairing::kIndependent;
  association.validation_split = options.get_real("validation_split");
  association.noise_frames = options.get_int("noise_frames");
  return association;
}

AssociationExamples test_examples(const ImagePair& images, const AssociationOptions& association, uint64_t seed) {
  return make_association(images.a.test, images.a.classes(), images.b.test, images.b.classes(), association, seed,
                          "test");
}

AssociationData make_data(const ImagePair& images, const AssociationOptions& association, uint64_t seed) {
  const ImageData &a = images.a, &b = images.b;
  const bool noise = association.delay > 0 && association.delay_padding == DelayPadding::kRandom;
  return {make_association(a.train, a.classes(), b.train, b.classes(), association, seed, "train"),
          test_examples(images, association, seed), AssociationRenderer(a.train, b.train, seed, ImageSize()),
          AssociationRenderer(a.test, b.test, seed, ImageSize()), noise ? association.noise_frames : 0};
}

bool is_frozen(const Options& options) {
  return options.get_int("use_pretrained_convnet") == 1 && options.get_int("retrain_convnet") == 0;
}

/// Flags whose values a saved model keeps.
std::vector<std::string> kept_flags(const AssociationProgram& program) {
  std::vector<std::string> flags = program.model_flags;
  for (const char* flag : {"use_pretrained_convnet", "retrain_convnet"}) flags.emplace_back(flag);
  return flags;
}

/// Flags that were not given take the values of the model that is loaded.
Options with_model_flags(Options options, const ModelFile& file, const std::vector<std::string>& flags) {
  check_same_settings(file, options);
  for (const std::string& flag : flags) options.set_default(flag, file.require(flag));
  return options;
}

Record sizes_record(const AssociationLearner& learner, const AssociationData& data) {
  Record sizes;
  sizes.add_int("train", learner.count(Part::train)).add_int("validation", learner.count(Part::validation));
  sizes.add_int("test", learner.count(Part::test)).add_int("frames", data.train.frames());
  return sizes.add_int("noise_frames", data.noise_frames);
}

Record error_record(Learner& learner, int64_t batch_size) {
  const Evaluation found = evaluate(learner, Part::test, batch_size);
  Record line;
  return line.add_real("test_loss", found.loss).add_real("test_error", found.error, 4);
}

std::vector<int64_t> test_timesteps(const Options& options) {
  const std::string& list = options.get_string("test_timesteps");
  return list.empty() ? std::vector<int64_t>() : parse_number_list("test_timesteps", list, kAssociationTimesteps);
}

/// What can be said about --strips before the training.
void check_strips(const std::string& folder) {
  if (folder.empty()) return;
  need_png();
  HMEM_CHECK(!std::filesystem::exists(folder) || std::filesystem::is_directory(folder), "--strips: ", folder,
             " is no folder, expected one for pictures of examples");
}

void compute_features(FrozenAssociationLearner& learner, RunLog& log) {
  const Timer timer;
  learner.compute_features();
  const FeatureCache& cache = learner.cache();
  const std::string found =
      cache.found() > 0 ? " (" + std::to_string(cache.found()) + " of them read from the feature cache)" : "";
  log.write_note("features of " + std::to_string(cache.images()) + " images took " + format_real(timer.seconds(), 3) +
                 " s" + found);
  if (!cache.problem().empty()) log.write_note("the features are not kept: " + cache.problem());
}

/// Everything that a run is made of, in the order in which it is made.
class AssociationRun {
 public:
  AssociationRun(const Options& options, const AssociationProgram& program, const ModelFile* loaded)
      : options_(options),
        run_(options),
        other_timesteps_(test_timesteps(options)),
        images_(load_image_pair(options)),
        association_(association_options(options)),
        data_(make_data(images_, association_, run_.seed)),
        frozen_(is_frozen(options)),
        conv_net_(run_.seed) {
    for (const int64_t timesteps : other_timesteps_)
      test_of(timesteps);  // what cannot be made shows before the training
    check_strips(options.get_string("strips"));
    experiment_.data = images_.description;
    experiment_.notes = images_.notes;
    for (const std::string& flag : program.unused_flags) {
      if (options.was_given(flag)) experiment_.notes.push_back("--" + flag + " has no effect here: it is of H-Mem");
    }
    make_conv_net(loaded);
    make_net(program, loaded);
    make_learner();
    if (loaded) loaded->copy_to(experiment_.parameters, experiment_.buffers);
  }

  int train() {
    experiment_.max_grad_norm = options_.get_real("max_grad_norm");
    experiment_.fit = image_fit_settings(options_);
    experiment_.run_info = image_run_info(options_, run_.seed, experiment_.model, images_, kTestFlags);
    experiment_.run_info.emplace_back("convnet_hash", conv_net_hash_);
    experiment_.sizes = sizes_record(*learner_, data_);
    experiment_.test = [this](RunLog& log) { return test(log); };
    experiment_.after_header = [this](RunLog& log) {
      write_strips();
      if (on_features_) compute_features(*on_features_, log);
    };
    return run_.train(experiment_);
  }

 private:
  /// Test examples with another number of pairs.
  AssociationExamples test_of(int64_t timesteps) const {
    AssociationOptions other = association_;
    other.timesteps = static_cast<int>(timesteps);
    try {
      return test_examples(images_, other, run_.seed);
    } catch (const Error& error) {
      fail("--test_timesteps=", options_.get_string("test_timesteps"), ": ", error.what());
    }
  }

  /// Its weights are in the model that is loaded unless it is frozen.
  void make_conv_net(const ModelFile* loaded) {
    if (loaded && !frozen_) {
      if (options_.was_given("pretrained_weights")) {
        throw UsageError("--pretrained_weights: found with --load=" + loaded->path() +
                         ", which has a ConvNet of its own, expected one of them");
      }
      experiment_.notes.push_back("the ConvNet is that of " + loaded->path() + ", trained further");
    } else if (options_.get_int("use_pretrained_convnet") == 1) {
      const std::string path =
          find_conv_net(options_.get_string("pretrained_weights"), options_.get_string("data_dir"));
      check_not_written(options_, {"checkpoint", "out", "save"}, path, "the pretrained ConvNet");
      const ModelInfo made = import_conv_net(path, conv_net_);
      experiment_.notes.push_back("the ConvNet is that of " + path + (frozen_ ? ", frozen" : ", trained further"));
      const auto trained_on = made.find(kImagesHashKey);
      if (trained_on != made.end() && trained_on->second != image_data_hash(images_)) {
        experiment_.notes.emplace_back("it was pretrained on other images than these, or on another part of them");
      }
    } else {
      experiment_.notes.emplace_back(
          "the ConvNet is trained end to end, which takes long; --use_pretrained_convnet=1 does not");
    }
    conv_net_hash_ = hash_text(value_hash(conv_net_.parameters(), conv_net_.buffers()));
  }

  void make_net(const AssociationProgram& program, const ModelFile* loaded) {
    const ImageSize image;
    const int64_t squares = data_.train_renderer.frame_size() / (image.height * image.width * image.channels);
    const AssociationSizes sizes = {squares * ConvNet14::kFeatures, images_.b.classes()};
    net_ = program.make_net(options_, sizes, run_.seed);
    ModelInfo& info = experiment_.model;
    info = {{"model", program.model},
            {"features", std::to_string(sizes.features)},
            {"classes", std::to_string(sizes.classes)},
            {"convnet", frozen_ ? "frozen " + conv_net_hash_ : "trained"}};
    const std::vector<std::string> kept = kept_flags(program);
    for (const auto& [name, value] : options_.settings()) {
      if (std::find(kept.begin(), kept.end(), name) != kept.end()) info[name] = value;
    }
    if (!loaded) return;
    const std::string& found = loaded->require("convnet");
    HMEM_CHECK(!frozen_ || found == info["convnet"], loaded->path(), ": was trained on another ConvNet: found ", found,
               ", expected ", info["convnet"], "; name the one it was trained on with --pretrained_weights");
    check_same_model(*loaded, info);
  }

  void make_learner() {
    const double l2 = options_.get_real("l2");
    if (frozen_) {
      auto on_features =
          std::make_unique<FrozenAssociationLearner>(*net_, conv_net_, data_, l2, options_.get_string("feature_cache"));
      on_features_ = on_features.get();
      learner_ = std::move(on_features);
    } else {
      if (options_.was_given("feature_cache")) {
        experiment_.notes.emplace_back("--feature_cache has no effect here: the ConvNet is not frozen");
      }
      learner_ = std::make_unique<EndToEndAssociationLearner>(*net_, conv_net_, data_, l2);
    }
    experiment_.learner = learner_.get();
    experiment_.parameters = learner_->parameters();
    experiment_.buffers = learner_->buffers();
  }

  void write_strips() const {
    const std::string& folder = options_.get_string("strips");
    if (folder.empty()) return;
    write_association_strips(folder, data_.test, data_.test_renderer, images_.b.class_names,
                             options_.get_int("strip_examples"));
  }

  Record test(RunLog& log) {
    const int64_t batch_size = experiment_.fit.batch_size;
    Record line;
    line.add_int("timesteps", association_.timesteps).add_int("delay", association_.delay);
    line.append(error_record(*learner_, batch_size));
    for (const int64_t timesteps : other_timesteps_) {
      learner_->set_test(test_of(timesteps));
      Record task;
      task.add_int("timesteps", timesteps).add_int("delay", association_.delay);
      log.write_task(task.add_int("test", learner_->count(Part::test)).append(error_record(*learner_, batch_size)));
    }
    return line;
  }

  const Options& options_;
  ExperimentRun run_;
  std::vector<int64_t> other_timesteps_;
  ImagePair images_;
  AssociationOptions association_;
  AssociationData data_;
  bool frozen_;
  ConvNet14 conv_net_;
  std::string conv_net_hash_;
  std::unique_ptr<AssociationNet> net_;
  std::unique_ptr<AssociationLearner> learner_;
  FrozenAssociationLearner* on_features_ = nullptr;  ///< learner_, where the ConvNet is frozen
  Experiment experiment_;
};

}  // namespace

void add_association_options(Options& options, const std::function<void(Options&)>& add_model) {
  options.section("Data");
  add_image_data_options(options);
  options.add_int("timesteps", 3, "pairs that are shown", kAssociationTimesteps);
  options.add_int("delay", 0, "frames of padding after every pair", {0, 1000});
  options.add_choice("delay_padding", "random", "random: noise; zeros: black frames", {"random", "zeros"});
  options.add_int("noise_frames", 1000, "size of the pool that noise is drawn from", {1, 1000000});
  options.add_choice("pairing", "independent", "reference: as in the authors' program, where pairs can be guessed",
                     {"independent", "reference"});
  options.add_string("test_timesteps", "", "test with these numbers of pairs too, as 2-6");
  options.add_string("strips", "", "folder that gets pictures of test examples: frames, then the query (PNG)");
  options.add_int("strip_examples", 10, "how many, the first ones", {1, 10000});
  options.section("Model");
  options.add_int("use_pretrained_convnet", 0, "1: weights of convnet14_cifar10_mnist_joint", {0, 1});
  options.add_int("retrain_convnet", 0, "1: train the pretrained ConvNet too; 0: freeze it", {0, 1});
  options.add_string("pretrained_weights", "", "its file; empty: weights/convnet14.safetensors is searched for");
  options.add_string("feature_cache", "", "folder that keeps features of the frozen ConvNet for other runs");
  add_model(options);
  options.section("Training");
  add_image_training_options(options, 32, 10);
  add_output_options(options);
}

void check_association_options(const Options& options) {
  if (options.was_given("pretrained_weights") && options.get_int("use_pretrained_convnet") != 1 &&
      options.get_string("load").empty()) {
    throw UsageError("--pretrained_weights: found without --use_pretrained_convnet=1, expected both or none");
  }
  if (options.get_switch("keep_best") && options.get_real("validation_split") == 0) {
    throw UsageError("--keep_best: found with --validation_split=0, expected validation examples to choose by");
  }
  test_timesteps(options);
}

int run_association_experiment(const Options& options, const AssociationProgram& program) {
  check_association_options(options);
  const std::string path = options.get_string("load");
  if (path.empty()) return AssociationRun(options, program, nullptr).train();
  const ModelFile loaded(path);
  check_same_model(loaded, {{"model", program.model}});
  const Options completed = with_model_flags(options, loaded, kept_flags(program));
  return AssociationRun(completed, program, &loaded).train();
}

}  // namespace hmem
