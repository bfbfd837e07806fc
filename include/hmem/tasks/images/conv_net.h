#pragma once
/// \file conv_net.h
/// ConvNet14 for the image experiments: its pretraining task (classify the images of two data sets, their classes
/// together), and its file (safetensors, convolution kernels float16, the rest float32).

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hmem/data/images/augmentation.h"
#include "hmem/data/images/set.h"
#include "hmem/models/conv_net14.h"
#include "hmem/train/classifier.h"
#include "hmem/train/model_file.h"

namespace hmem {

/// How ConvNet14 is pretrained; the defaults are the published training.
struct ConvNetTraining {
  double validation_split = 0;
  double l2 = 0;
  double label_smoothing = 0;
  int64_t images_b_per_epoch = 0;  ///< 0: all
  Augmentation augmentation = {};

  template <typename Visitor>
  void visit(Visitor&& v) {
    v("label_smoothing", label_smoothing, RealRange::half_open(0, 1),
      "training only: share of a label's probability that is spread over all classes");
    v("images_b_per_epoch", images_b_per_epoch, IntRange{0, 1000000},
      "number of digits in an epoch, drawn anew for each epoch, besides all photographs; 0: all digits");
    augmentation.visit(v);
  }
};

/// Mean and standard deviation of each channel over all pixels of images, in [0, 1].
struct ImageMoments {
  real mean[3];
  real deviation[3];
};
ImageMoments image_moments(const ImageSet& images);

/// Sets a and b as one problem of a.classes() + b.classes() classes, labels of b behind those of a. Training images of
/// both are permuted once (stream "conv_net.split"), the last int(validation_split n) validate. Test images stay in
/// order, set a first. Images are centred in 32 x 32 x 3; then those of set a that train are displaced as
/// the augmentation allows (stream "conv_net.augmentation", at a position that depends on step and example). Loss =
/// mean cross entropy + l2 * (sum of squares of the convolution kernels). With images_b_per_epoch an epoch has all
/// training images of set a and that many of set b (stream "conv_net.epoch", at a position that depends on the epoch).
class ConvNetLearner : public Classifier {
 public:
  /// All arguments must outlive the learner.
  ConvNetLearner(ConvNet14& net, ConvNet14Top& top, const ImageData& a, const ImageData& b, uint64_t seed,
                 const ConvNetTraining& training);

  void start_epoch(int64_t epoch) override;
  int64_t count(Part part) const override;

 protected:
  Var forward(Tape& tape, Part part, const int64_t* examples, int64_t count, IdTensor& labels) override;

 private:
  ConvNet14& net_;
  ConvNet14Top& top_;
  const ImageData& a_;
  const ImageData& b_;
  ConvNetTraining training_;
  std::vector<int64_t> train_, validation_;  // images: those of set a, then those of set b
  std::vector<int64_t> train_b_;             // the training images of set b, of which each epoch has some
  Rng displacements_, epochs_;
  ImageMoments moments_;
};

/// Metadata key for the ImagePair::hash() of the images that the network was trained on.
constexpr char kImagesHashKey[] = "images_hash";

/// `info` describes the training; "model" is added. The file is written atomically.
void export_conv_net(const std::string& path, ConvNet14& net, ModelInfo info);

/// Copies the values of such a file and returns its metadata. Throws Error, naming the file, when it is missing or
/// holds something else, also a network of another width; `net` is then unchanged.
ModelInfo import_conv_net(const ModelFile& file, ConvNet14& net);
ModelInfo import_conv_net(const std::string& path, ConvNet14& net);

struct PretrainedConvNet {
  std::unique_ptr<ConvNet14> net;
  ModelInfo info;
};
/// The network of such a file, as wide as the file says, and its metadata. `seed` is for dropout. Throws Error as
/// above.
PretrainedConvNet read_conv_net(const std::string& path, uint64_t seed);
/// Channels of the first block in a file that holds a ConvNet14, alone or below another network. Throws Error when it
/// holds none.
int64_t conv_net_channels(const ModelFile& file);

/// The training images of set a, then those of set b, `count` in all: true for those that the pretraining held out for
/// validation, by the metadata of its file. Throws Error when these do not tell: also when the network was trained on
/// images other than those of `images_hash` (ImagePair::hash()), or from other weights.
std::vector<bool> held_out_images(const ModelInfo& info, int64_t count, const std::string& images_hash);

/// `given`, or a file in the folder `weights` of `data_dir` or where find_data() finds it: convnet14.safetensors; for
/// embedded images, convnet14_embedded.safetensors is preferred. Throws Error when there is none.
std::string find_conv_net(const std::string& given, const std::string& data_dir, bool embedded_images);

}  // namespace hmem
