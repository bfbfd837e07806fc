#pragma once
/// \file conv_net.h
/// ConvNet14 for the image experiments: its pretraining task (classify the images of two data sets, their classes
/// together), and its file (safetensors, convolution kernels float16, the rest float32).

#include <cstdint>
#include <string>
#include <vector>

#include "hmem/data/images/augmentation.h"
#include "hmem/data/images/set.h"
#include "hmem/models/conv_net14.h"
#include "hmem/train/classifier.h"
#include "hmem/train/model_file.h"

namespace hmem {

/// Sets a and b as one problem of a.classes() + b.classes() classes, labels of b behind those of a. Training images of
/// both are permuted once (stream "conv_net.split"), the last int(validation_split n) validate. Test images stay in
/// order, set a first. Images are centred in 32 x 32 x 3; then those of set a that train are displaced as
/// `augmentation` allows (stream "conv_net.augmentation", at a position that depends on step and example). Loss = mean
/// cross entropy + l2 * (sum of squares of the convolution kernels).
class ConvNetLearner : public Classifier {
 public:
  /// All arguments must outlive the learner.
  ConvNetLearner(ConvNet14& net, ConvNet14Top& top, const ImageData& a, const ImageData& b, double validation_split,
                 double l2, uint64_t seed, const Augmentation& augmentation = {});

  int64_t count(Part part) const override;

 protected:
  Var forward(Tape& tape, Part part, const int64_t* examples, int64_t count, IdTensor& labels) override;

 private:
  ConvNet14& net_;
  ConvNet14Top& top_;
  const ImageData& a_;
  const ImageData& b_;
  std::vector<int64_t> order_;  // of the training images
  int64_t train_count_;
  Augmentation augmentation_;
  Rng displacements_;
};

/// Metadata key for the ImagePair::hash() of the images that the network was trained on.
constexpr char kImagesHashKey[] = "images_hash";

/// `info` describes the training; "model" is added. The file is written atomically.
void export_conv_net(const std::string& path, ConvNet14& net, ModelInfo info);

/// Copies the values of such a file and returns its metadata. Throws Error, naming the file, when it is missing or
/// holds something else; `net` is then unchanged.
ModelInfo import_conv_net(const std::string& path, ConvNet14& net);

/// `given`, or `weights/convnet14.safetensors` in `data_dir` or where find_data() finds it. Throws Error when there is
/// none.
std::string find_conv_net(const std::string& given, const std::string& data_dir);

}  // namespace hmem
