#include "hmem/tasks/images/conv_net.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/parallel.h"
#include "hmem/data/search.h"

namespace hmem {

namespace {

// Upper bounds for the examples of a step and for the random words of one example.
constexpr uint64_t kMaxExamples = 1 << 20, kMaxDraws = 64;

constexpr char kModel[] = "convnet14";
constexpr char kFile[] = "weights/convnet14.safetensors";

Weights both(ConvNet14& net, ConvNet14Top& top) {
  Weights weights = net.weights();
  top.add_to(weights);
  return weights;
}

}  // namespace

ConvNetLearner::ConvNetLearner(ConvNet14& net, ConvNet14Top& top, const ImageData& a, const ImageData& b,
                               double validation_split, double l2, uint64_t seed, const Augmentation& augmentation)
    : Classifier(both(net, top), l2),
      net_(net),
      top_(top),
      a_(a),
      b_(b),
      augmentation_(augmentation),
      displacements_(seed, "conv_net.augmentation") {
  const int64_t n = a.train.count() + b.train.count();
  order_ = Rng(seed, "conv_net.split").permutation(n);
  train_count_ = n - static_cast<int64_t>(validation_split * static_cast<double>(n));
}

int64_t ConvNetLearner::count(Part part) const {
  const auto n = static_cast<int64_t>(order_.size());
  if (part == Part::train) return train_count_;
  return part == Part::validation ? n - train_count_ : a_.test.count() + b_.test.count();
}

Var ConvNetLearner::forward(Tape& tape, Part part, const int64_t* examples, int64_t count, IdTensor& labels) {
  const ImageSize canvas;
  const int64_t size = canvas.height * canvas.width * canvas.channels;
  const ImageSet& a = part == Part::test ? a_.test : a_.train;
  const ImageSet& b = part == Part::test ? b_.test : b_.train;
  real* pixels = tape.allocate<real>(count * size);
  const bool augment = tape.training() && augmentation_.any();
  real* as_read = augment ? tape.allocate<real>(count * size) : nullptr;
  parallel_for(count, 16, [&](int64_t i) {
    int64_t image = examples[i];
    if (part != Part::test) image = order_[static_cast<size_t>(image + (part == Part::train ? 0 : train_count_))];
    const bool in_a = image < a.count();
    const ImageSet& set = in_a ? a : b;
    if (!in_a) image -= a.count();
    const bool displaced = augment && in_a;
    real* out = (displaced ? as_read : pixels) + i * size;
    std::fill_n(out, size, real{0});
    place_image(set, image, canvas, canvas.width, out);
    if (displaced) {
      Rng rng = displacements_;
      rng.set_position({(tape.step() * kMaxExamples + static_cast<uint64_t>(i)) * kMaxDraws});
      displace_image(out, canvas, draw_displacement(augmentation_, rng), pixels + i * size);
    }
    labels[i] = set.labels[static_cast<size_t>(image)] + (in_a ? 0 : static_cast<int32_t>(a_.classes()));
  });

  const Var images = tape.constant(ConstTensorView(pixels, Shape{count, canvas.height, canvas.width, canvas.channels}));
  return top_.forward(tape, net_.forward(tape, images));
}

void export_conv_net(const std::string& path, ConvNet14& net, ModelInfo info) {
  info["model"] = kModel;
  const Weights weights = net.weights();
  save_model(path, info, weights, weights.regularised);
}

ModelInfo import_conv_net(const std::string& path, ConvNet14& net) {
  const ModelFile file(path);
  HMEM_CHECK(file.model() == kModel, path, ": model: found ", file.model().empty() ? "none" : file.model(),
             ", expected ", kModel, ", as convnet14_cifar10_mnist_joint --export_weights writes it");
  file.copy_to(net.weights());
  return file.info();
}

std::string find_conv_net(const std::string& given, const std::string& data_dir) {
  if (!given.empty()) return given;
  auto found = find_data(data_dir, {kFile}, is_file);
  if (!found) found = find_data("", {kFile}, is_file);  // the images in data_dir may have no weights beside them
  HMEM_CHECK(found, "there is no pretrained ConvNet: found no ", kFile,
             " in datasets, $HMEM_DATA or --data_dir, expected one (make ",
             "it with convnet14_cifar10_mnist_joint --export_weights=FILE and name it with --pretrained_weights=FILE)");
  return found->path.string();
}

}  // namespace hmem
