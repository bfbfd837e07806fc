// Pretrains ConvNet14 on CIFAR-10 and MNIST together, 20 classes: the convolutional network of the image association
// experiments of Limbacher & Legenstein, NeurIPS 2020. Its convolutional part goes to --export_weights.

#include "hmem/core/check.h"
#include "hmem/core/hash.h"
#include "hmem/core/program.h"
#include "hmem/core/ranks.h"
#include "hmem/tasks/images/conv_net.h"
#include "hmem/tasks/images/flags.h"
#include "hmem/train/experiment.h"

namespace {

using namespace hmem;
using Part = Learner::Part;

Options pretraining_options() {
  Options options("convnet14_cifar10_mnist_joint",
                  "Trains ConvNet14 to classify CIFAR-10 and MNIST images, 20 classes in all, and exports it.");
  options.section("Data");
  add_image_data_flags(options);
  options.add_real("validation_split", 0.1, "fraction of the training images held out for validation",
                   RealRange::half_open(0, 1));
  options.section("Training");
  TrainingSettings defaults;
  defaults.batch_size = 128;
  add_training_flags(options, defaults);
  options.add_int("channels", ConvNet14::kChannels,
                  "channels of the first block; each further block has twice as many as the one before", {1, 256});
  options.add_real("dropout_scale", 1, "multiply the network's dropout rates by this", {0, 2});
  options.add_switch("standardise_inputs", false,
                     "start as if each channel of the photographs had mean 0 and variance 1: scales the first "
                     "convolution's initial weights");
  add_flags(options, ConvNetTraining());
  options.add_file("pretrained_weights", "initial weights of the convolutional part; empty: random weights",
                   Role::place);
  add_output_flags(options);
  options.add_file("export_weights", "write the convolutional part to this file (safetensors, kernels as float16)",
                   Role::output);
  options.add_presets("preset",
                      "defaults for other flags; paper: as published; best: a recipe with fewer errors, listed in "
                      "docs/image_association.md",
                      {{"paper", {}},
                       {"best",
                        {{"epochs", "40"},
                         {"optimizer", "sgd"},
                         {"nesterov", "1"},
                         {"learning_rate", "0.1"},
                         {"schedule", "cosine"},
                         {"l2", "0"},
                         {"weight_decay", "0.005"},
                         {"weight_average", "0.999"},
                         {"label_smoothing", "0.1"},
                         {"dropout_scale", "0.5"},
                         {"standardise_inputs", "1"},
                         {"images_b_per_epoch", "10000"},
                         {"flip", "1"},
                         {"shift", "4"},
                         {"shift_fill", "reflect"},
                         {"cutout", "8"}}}});
  return options;
}

Record sizes_record(const ConvNetLearner& learner, const ImagePair& data) {
  Record sizes;
  sizes.add_int("train", learner.count(Part::train)).add_int("validation", learner.count(Part::validation));
  sizes.add_int("test_a", data.a.test.count()).add_int("test_b", data.b.test.count());
  return sizes.add_int("classes", data.a.classes() + data.b.classes());
}

/// Errors on the test images of both sets and of each.
Record test_record(ConvNetLearner& learner, const ImagePair& data, const TrainingRun& run, const std::string& prefix) {
  const int64_t batch_size = run.settings.batch_size;
  const ShowProgress show = show_progress(run.options, "testing");
  const int64_t in_a = data.a.test.count(), all = learner.count(Part::test);
  const RunningSums a = evaluate_range(learner, Part::test, 0, in_a, batch_size, show);
  const RunningSums b = evaluate_range(learner, Part::test, in_a, all, batch_size, show);
  RunningSums both = a;
  both.add(b);
  Record line;
  line.add_real(prefix + "loss", both.means().loss).add_real(prefix + "error", both.means().error, 4);
  return line.add_real(prefix + "error_a", a.means().error, 4).add_real(prefix + "error_b", b.means().error, 4);
}

/// Seed, data, version, and every setting: a record for the exported file.
ModelInfo export_info(const TrainingRun& run, const Experiment& experiment) {
  ModelInfo info;
  for (const auto& [name, value] : run_info(run.options, run.seed, experiment)) info[name] = value;
  info["data"] = experiment.data;
  info["version"] = build_info().version;
  info["git"] = build_info().git_sha;
  return info;
}

/// Throws UsageError when --channels is not the width of the network in the file.
void check_channels(const Options& options, const ModelFile& file) {
  const int64_t found = options.get_int("channels"), expected = conv_net_channels(file);
  if (found == expected) return;
  throw UsageError("--channels: found " + std::to_string(found) + ", expected " + std::to_string(expected) +
                   ", as in " + file.path());
}

int pretrain(const Options& options) {
  const std::string &loaded = options.get_string("load"), &weights = options.get_string("pretrained_weights");
  if (!loaded.empty() && !weights.empty()) {
    throw UsageError(
        "--pretrained_weights: found with --load, expected one of them: a loaded model has its own weights");
  }
  TrainingRun run(options);  // threads, seed, checkpoint
  const ImagePair data = load_image_pair(options);
  const std::string hash = data.hash();
  const double dropout_scale = options.get_real("dropout_scale");
  ConvNet14 net(run.seed, dropout_scale, options.get_int("channels"));
  ConvNet14Top top(net.features(), data.a.classes() + data.b.classes(), run.seed, dropout_scale);
  auto training = config_of<ConvNetTraining>(options);
  training.validation_split = options.get_real("validation_split");
  training.l2 = run.settings.l2;
  if (options.get_switch("standardise_inputs")) {
    const ImageMoments moments = image_moments(data.a.train);
    net.standardise_inputs(moments.mean, moments.deviation);
  }
  ConvNetLearner learner(net, top, data.a, data.b, run.seed, training);
  Experiment experiment(learner);
  experiment.model = "convnet14_classifier";
  experiment.model_facts = {{"classes_a", std::to_string(data.a.classes())},
                            {"classes_b", std::to_string(data.b.classes())}};
  experiment.data_facts = {{kImagesHashKey, hash}};
  experiment.data = data.description;
  experiment.notes = data.notes;
  experiment.sizes = sizes_record(learner, data);
  experiment.paper_rate = image_paper_rate(run.settings.learning_rate, run.settings.epochs);
  experiment.paper_rate_needs_epochs = true;
  if (!loaded.empty()) {
    const ModelFile file(loaded);
    file.expect_model(experiment.model);
    check_channels(options, file);
    for (const auto& [key, value] : experiment.model_facts) file.expect(key, value, "it was trained on other images");
    file.copy_to(learner.weights());
  } else if (!weights.empty()) {
    const ModelFile file(weights);
    check_channels(options, file);
    import_conv_net(file, net);
    experiment.notes.push_back("the convolutional part starts from " + weights);
  }
  if (!loaded.empty() || !weights.empty()) {
    experiment.data_facts.emplace_back("start_hash", hash_text(value_hash(learner.weights())));
  }
  const std::string& exported = options.get_string("export_weights");
  experiment.test = [&](RunLog&) {
    Record line = test_record(learner, data, run, "test_");
    if (exported.empty()) return line;
    ModelInfo info = export_info(run, experiment);
    info["test"] = line.to_text();
    export_conv_net(exported, net, info);
    ranks::agree();                  // rank 0 has written it
    import_conv_net(exported, net);  // with the kernels rounded as in the file
    return line.append(test_record(learner, data, run, "exported_"));
  };
  return run.train(experiment);  // header, training, test, final line
}

}  // namespace

int main(int argc, char** argv) {
  Options options = pretraining_options();
  return run_ranks(argc, argv, options, pretrain);
}
