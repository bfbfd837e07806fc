// Pretrains ConvNet14 on CIFAR-10 and MNIST together, 20 classes: the convolutional network of the image association
// experiments of Limbacher & Legenstein, NeurIPS 2020. Its convolutional part goes to --export_weights.

#include "hmem/core/check.h"
#include "hmem/core/hash.h"
#include "hmem/core/program.h"
#include "hmem/tasks/images/conv_net_file.h"
#include "hmem/tasks/images/conv_net_learner.h"
#include "hmem/tasks/images/flags.h"
#include "hmem/tasks/signature.h"

namespace {

using namespace hmem;
using Part = Learner::Part;

Options pretraining_options() {
  Options options("convnet14_cifar10_mnist_joint",
                  "Trains ConvNet14 to tell the classes of CIFAR-10 and MNIST, 20 together, and exports it.");
  options.section("Data");
  add_image_data_options(options);
  options.section("Training");
  add_image_training_options(options, 128, 0);
  options.add_switch("flip", false, "mirror photographs of a batch with probability 1/2, drawn anew");
  options.add_int("shift", 0, "move photographs by up to so many pixels, zeros around them", {0, 31});
  options.add_string("pretrained_weights", "", "start the convolutional part from this file; empty: at random");
  add_output_options(options);
  options.add_string("export_weights", "", "write the convolutional part, kernels as float16 (safetensors)");
  return options;
}

ModelInfo model_info(const ImagePair& data) {
  return {{"model", "convnet14_classifier"},
          {"classes_a", std::to_string(data.a.classes())},
          {"classes_b", std::to_string(data.b.classes())}};
}

Record sizes_record(const ConvNetLearner& learner, const ImagePair& data) {
  Record sizes;
  sizes.add_int("train", learner.count(Part::train)).add_int("validation", learner.count(Part::validation));
  sizes.add_int("test_a", data.a.test.count()).add_int("test_b", data.b.test.count());
  return sizes.add_int("classes", data.a.classes() + data.b.classes());
}

/// Errors on the test images of both sets and of each.
Record test_record(ConvNetLearner& learner, const ImagePair& data, int64_t batch_size, const std::string& prefix) {
  const int64_t in_a = data.a.test.count(), all = learner.count(Part::test);
  const RunningSums a = evaluate_range(learner, Part::test, 0, in_a, batch_size);
  const RunningSums b = evaluate_range(learner, Part::test, in_a, all, batch_size);
  RunningSums both = a;
  both.add(b);
  Record line;
  line.add_real(prefix + "loss", both.means().loss).add_real(prefix + "error", both.means().error, 4);
  return line.add_real(prefix + "error_a", a.means().error, 4).add_real(prefix + "error_b", b.means().error, 4);
}

int pretrain(const Options& options) {
  ExperimentRun run(options, {"export_weights"});
  const ImagePair data = load_image_pair(options);
  ConvNet14 net(run.seed);
  ConvNet14Top top(ConvNet14::kFeatures, data.a.classes() + data.b.classes(), run.seed);
  ConvNetLearner learner(net, top, data.a, data.b, options.get_real("validation_split"), options.get_real("l2"),
                         run.seed, {options.get_switch("flip"), options.get_int("shift")});
  Experiment experiment;
  experiment.learner = &learner;
  experiment.parameters = learner.parameters();
  experiment.buffers = learner.buffers();
  experiment.model = model_info(data);
  const std::string loaded = options.get_string("load"), weights = options.get_string("pretrained_weights");
  if (!loaded.empty() && !weights.empty()) {
    throw UsageError("--pretrained_weights: found with --load, expected one of them: a model has weights of its own");
  }
  if (!loaded.empty()) {
    const ModelFile file(loaded);
    check_same_model(file, experiment.model);
    file.copy_to(experiment.parameters, experiment.buffers);
  }
  experiment.max_grad_norm = options.get_real("max_grad_norm");
  experiment.fit = image_fit_settings(options);
  experiment.run_info = image_run_info(options, run.seed, experiment.model, data);
  experiment.data = data.description;
  experiment.sizes = sizes_record(learner, data);
  experiment.notes = data.notes;
  if (!weights.empty()) {
    import_conv_net(weights, net);
    experiment.notes.push_back("the convolutional part starts from " + weights);
    experiment.run_info.emplace_back("start_hash", hash_text(value_hash(net.parameters(), net.buffers())));
  }
  const std::string exported = options.get_string("export_weights");
  experiment.test = [&](RunLog&) {
    Record line = test_record(learner, data, experiment.fit.batch_size, "test_");
    if (exported.empty()) return line;
    ModelInfo info = settings_info(options, run.seed, data.description);
    info[kImagesHashKey] = image_data_hash(data);
    info["test"] = line.to_text();
    export_conv_net(exported, net, info);
    import_conv_net(exported, net);  // with kernels as they are in the file
    return line.append(test_record(learner, data, experiment.fit.batch_size, "exported_"));
  };
  return run.train(experiment);
}

}  // namespace

int main(int argc, char** argv) {
  Options options = pretraining_options();
  return run_program(argc, argv, options, pretrain);
}
