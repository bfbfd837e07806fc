#include "hmem/tasks/images/conv_net.h"

#include <algorithm>
#include <cmath>

#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/parallel.h"
#include "hmem/core/text.h"
#include "hmem/data/search.h"

namespace hmem {

namespace {

// Upper bounds for the examples of a step, for the random words of one example, and for those that permute all images.
constexpr uint64_t kMaxExamples = 1 << 20, kMaxDraws = 64, kMaxImages = uint64_t{1} << 34;

constexpr char kModel[] = "convnet14";
constexpr char kFile[] = "weights/convnet14.safetensors";
constexpr char kEmbeddedFile[] = "weights/convnet14_embedded.safetensors";

void check_conv_net(const ModelFile& file) {
  HMEM_CHECK(file.model() == kModel, file.path(), ": model: found ", file.model().empty() ? "none" : file.model(),
             ", expected ", kModel, ", as convnet14_cifar10_mnist_joint --export_weights writes it");
}

/// Training images in random order; the last `held_out` of them validate.
struct Split {
  std::vector<int64_t> order;
  int64_t held_out;
};

Split split_images(int64_t count, uint64_t seed, double validation_split) {
  return {Rng(seed, "conv_net.split").permutation(count),
          static_cast<int64_t>(validation_split * static_cast<double>(count))};
}

Weights both(ConvNet14& net, ConvNet14Top& top) {
  Weights weights = net.weights();
  top.add_to(weights);
  return weights;
}

}  // namespace

ImageMoments image_moments(const ImageSet& images) {
  double sums[3] = {}, squares[3] = {};
  const int64_t pixels = images.count() * images.height * images.width;
  HMEM_CHECK(pixels > 0, "there are no images");
  for (int64_t i = 0; i < pixels; ++i) {
    for (int64_t c = 0; c < 3; ++c) {
      const double value = images.pixels[static_cast<size_t>(i * images.channels + c % images.channels)] / 255.0;
      sums[c] += value;
      squares[c] += value * value;
    }
  }
  ImageMoments moments;
  for (int64_t c = 0; c < 3; ++c) {
    const double mean = sums[c] / static_cast<double>(pixels);
    moments.mean[c] = static_cast<real>(mean);
    moments.deviation[c] = static_cast<real>(std::sqrt(squares[c] / static_cast<double>(pixels) - mean * mean));
  }
  return moments;
}

ConvNetLearner::ConvNetLearner(ConvNet14& net, ConvNet14Top& top, const ImageData& a, const ImageData& b, uint64_t seed,
                               const ConvNetTraining& training)
    : Classifier(both(net, top), training.l2, training.label_smoothing),
      net_(net),
      top_(top),
      a_(a),
      b_(b),
      training_(training),
      displacements_(seed, "conv_net.augmentation"),
      epochs_(seed, "conv_net.epoch"),
      moments_(image_moments(a.train)) {
  const int64_t in_a = a.train.count(), n = in_a + b.train.count();
  const Split split = split_images(n, seed, training.validation_split);
  train_.assign(split.order.begin(), split.order.end() - split.held_out);
  validation_.assign(split.order.end() - split.held_out, split.order.end());
  if (training.images_b_per_epoch == 0) return;
  const auto first_b = std::stable_partition(train_.begin(), train_.end(), [&](int64_t i) { return i < in_a; });
  train_b_.assign(first_b, train_.end());
  const auto most = static_cast<int64_t>(train_b_.size());
  HMEM_CHECK(training.images_b_per_epoch <= most, "--images_b_per_epoch: found ", training.images_b_per_epoch,
             ", expected at most ", most, ", the training images of the second set");
  train_.resize(train_.size() - static_cast<size_t>(most - training.images_b_per_epoch));
}

void ConvNetLearner::start_epoch(int64_t epoch) {
  if (train_b_.empty()) return;
  const auto all = static_cast<int64_t>(train_b_.size());
  Rng rng = epochs_;
  rng.set_position({static_cast<uint64_t>(epoch) * kMaxImages});
  const std::vector<int64_t> drawn = rng.permutation(all);
  const int64_t first = static_cast<int64_t>(train_.size()) - training_.images_b_per_epoch;
  for (int64_t i = 0; i < training_.images_b_per_epoch; ++i) {
    train_[static_cast<size_t>(first + i)] = train_b_[static_cast<size_t>(drawn[static_cast<size_t>(i)])];
  }
}

int64_t ConvNetLearner::count(Part part) const {
  if (part == Part::test) return a_.test.count() + b_.test.count();
  return static_cast<int64_t>((part == Part::train ? train_ : validation_).size());
}

Var ConvNetLearner::forward(Tape& tape, Part part, const int64_t* examples, int64_t count, IdTensor& labels) {
  const ImageSize canvas;
  const int64_t size = canvas.height * canvas.width * canvas.channels;
  const Augmentation& augmentation = training_.augmentation;
  const ImageSet& a = part == Part::test ? a_.test : a_.train;
  const ImageSet& b = part == Part::test ? b_.test : b_.train;
  real* pixels = tape.allocate<real>(count * size);
  const bool augment = tape.training() && augmentation.any();
  real* as_read = augment ? tape.allocate<real>(count * size) : nullptr;
  parallel_for(count, 16, [&](int64_t i) {
    int64_t image = examples[i];
    if (part != Part::test) image = (part == Part::train ? train_ : validation_)[static_cast<size_t>(image)];
    const bool in_a = image < a.count();
    const ImageSet& set = in_a ? a : b;
    if (!in_a) image -= a.count();
    const bool displaced = augment && in_a;
    real* out = (displaced ? as_read : pixels) + i * size;
    std::fill_n(out, size, real{0});
    place_image(set, image, canvas, canvas.width, out);
    if (displaced) {
      Rng rng = displacements_;
      const auto in_batch = static_cast<uint64_t>(tape.part().first + i);
      rng.set_position({(tape.step() * kMaxExamples + in_batch) * kMaxDraws});
      const Displacement displacement = draw_displacement(augmentation, canvas, rng);
      displace_image(out, canvas, displacement, augmentation.shift_fill, pixels + i * size);
      cut_out(pixels + i * size, canvas, displacement, augmentation.cutout, moments_.mean);
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

ModelInfo import_conv_net(const ModelFile& file, ConvNet14& net) {
  check_conv_net(file);
  file.copy_to(net.weights());
  return file.info();
}

ModelInfo import_conv_net(const std::string& path, ConvNet14& net) { return import_conv_net(ModelFile(path), net); }

int64_t conv_net_channels(const ModelFile& file) {
  const Shape& kernel = file.shape_of("convnet14.block1.conv1.weight");
  HMEM_CHECK(kernel.rank() == 4, file.path(), ": convnet14.block1.conv1.weight: found ", kernel,
             ", expected the kernel of a convolution");
  return kernel[3];
}

PretrainedConvNet read_conv_net(const std::string& path, uint64_t seed) {
  const ModelFile file(path);
  check_conv_net(file);
  PretrainedConvNet found = {std::make_unique<ConvNet14>(seed, 1, conv_net_channels(file)), file.info()};
  file.copy_to(found.net->weights());
  return found;
}

std::vector<bool> held_out_images(const ModelInfo& info, int64_t count, const std::string& images_hash) {
  const auto text = [&](const std::string& key) {
    const auto found = info.find(key);
    return found == info.end() ? std::string() : found->second;
  };
  const auto seed = parse_number<uint64_t>(text("seed"));
  const auto fraction = parse_number<double>(text("validation_split"));
  HMEM_CHECK(seed && fraction && *fraction >= 0 && *fraction < 1,
             "found no seed and validation_split of its training, expected a ConvNet of convnet14_cifar10_mnist_joint");
  HMEM_CHECK(!text(kImagesHashKey).empty(), "found no ", kImagesHashKey,
             ", expected that of the images of its training");
  HMEM_CHECK(text("start_hash").empty(),
             "its training started from other weights; which images these have seen is not known");
  HMEM_CHECK(text(kImagesHashKey) == images_hash,
             "it was pretrained on images other than these; which of these it held out is not known");
  const Split split = split_images(count, *seed, *fraction);
  std::vector<bool> held_out(static_cast<size_t>(count), false);
  for (auto i = split.order.end() - split.held_out; i != split.order.end(); ++i)
    held_out[static_cast<size_t>(*i)] = true;
  return held_out;
}

std::string find_conv_net(const std::string& given, const std::string& data_dir, bool embedded_images) {
  if (!given.empty()) return given;
  for (const char* file : {kEmbeddedFile, kFile}) {
    if (!embedded_images && file == kEmbeddedFile) continue;
    // The images in data_dir may have no weights beside them.
    for (const std::string& place : {data_dir, std::string()}) {
      if (const auto found = find_data(place, {file}, is_file)) return found->path.string();
    }
  }
  fail("there is no pretrained ConvNet: found no ", kFile,
       " in datasets, $HMEM_DATA or --data_dir, expected one (make ",
       "it with convnet14_cifar10_mnist_joint --export_weights=FILE and name it with --pretrained_weights=FILE)");
}

}  // namespace hmem
