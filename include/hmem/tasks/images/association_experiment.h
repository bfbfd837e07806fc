#pragma once
/// \file association_experiment.h
/// The parts of an image association program: images and examples, ConvNet, network, and output. The programs differ
/// only in the network.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hmem/tasks/images/association_learner.h"
#include "hmem/tasks/images/flags.h"
#include "hmem/train/experiment.h"

namespace hmem {

/// One kind of network. A new one is a row of the table in association_experiment.cpp, and a driver.
struct AssociationKind {
  std::string name;     ///< name in sweeps: "hmem"
  std::string model;    ///< name in files: "hmem_image"
  std::string program;  ///< the program that trains it
  std::string summary;
  std::function<void(Options&)> add_flags;
  /// Settings of the model from `saved`, those of its training (dropout) from `flags`.
  std::function<std::unique_ptr<AssociationNet>(const SettingReader& saved, const SettingReader& flags,
                                                const AssociationConfig& sizes, uint64_t seed)>
      make;
};

const std::vector<AssociationKind>& association_kinds();
/// Throws Error for an unknown name.
const AssociationKind& association_kind(const std::string& name);

/// All flags of the kind's program.
Options association_options(const AssociationKind& kind);
/// The flags that choose data and ConvNet for a model of --load, without those of a model and its training.
void add_association_test_flags(Options& options);
/// Throws UsageError when the flags contradict each other, as far as this can be checked without data.
void check_association_flags(const Options& options);

/// Settings of the ConvNet below the network, kept in files.
struct ConvNetSettings {
  bool pretrained = false, retrain = false;

  bool frozen() const { return pretrained && !retrain; }
  template <typename Visitor>
  void visit(Visitor&& v) {
    v("use_pretrained_convnet", pretrained,
      "1: start the ConvNet from weights pretrained by convnet14_cifar10_mnist_joint; 0: from random weights");
    v("retrain_convnet", retrain, "1: continue to train the pretrained ConvNet; 0: freeze it");
  }
};

/// Test examples with another number of pairs or another delay than those of the training.
struct FurtherTest {
  int64_t timesteps;
  int64_t delay;
};

/// Images and examples of a run, and the ConvNet.
class AssociationTask {
 public:
  /// `run` must outlive the task. Reads the file of --load when it is given, which must be of `kind`. Throws Error, one
  /// line, when something cannot be read or does not fit.
  AssociationTask(const TrainingRun& run, const AssociationKind& kind)
      : AssociationTask(run.options, run.seed, run.settings, kind) {}
  /// The same for programs that do not train: `options` has add_association_test_flags().
  AssociationTask(const Options& options, uint64_t seed, const TrainingSettings& settings, const AssociationKind& kind);

  /// The network, with the weights of --load if given.
  std::unique_ptr<AssociationNet> make_net();
  /// A learner on features computed once when the ConvNet is frozen, else end to end.
  std::unique_ptr<AssociationLearner> make_learner(AssociationNet& net);
  Experiment experiment(const AssociationNet& net, AssociationLearner& learner);
  const ImagePair& images() const { return images_; }
  const AssociationData& data() const { return data_; }

 private:
  void load_conv_net();
  void use_held_out_images(const ModelInfo& info, const std::string& path);
  AssociationExamples examples_of(const FurtherTest& test) const;
  void before_training(AssociationLearner& learner, RunLog& log) const;
  Record test(AssociationLearner& learner, RunLog& log) const;

  const Options& options_;
  uint64_t seed_;
  TrainingSettings settings_;
  const AssociationKind& kind_;
  std::unique_ptr<ModelFile> loaded_;  ///< null: none
  std::vector<FurtherTest> further_tests_;
  ImagePair images_;
  AssociationOptions association_;
  AssociationData data_;
  ConvNetSettings conv_settings_;
  FeatureSettings feature_settings_;
  std::unique_ptr<ConvNet14> conv_net_;
  std::string conv_net_hash_;
  std::vector<std::string> notes_;
};

}  // namespace hmem
