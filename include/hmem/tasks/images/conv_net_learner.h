#pragma once
/// \file conv_net_learner.h
/// Pretraining of ConvNet14: which class of which of two image sets, for the training loop.

#include <cstdint>
#include <vector>

#include "hmem/data/images/augmentation.h"
#include "hmem/data/images/set.h"
#include "hmem/models/conv_net14.h"
#include "hmem/train/fit.h"

namespace hmem {

/// Sets a and b as one problem of a.classes() + b.classes() classes, labels of b behind those of a. Training images of
/// both are permuted once (stream "conv_net.split"), the last int(validation_split n) validate. Test images stay in
/// order, set a first. Images are centred in 32 x 32 x 3; then those of set a that train are displaced as
/// `augmentation` allows (stream "conv_net.augmentation", at a place that follows from step and example). Loss = mean
/// cross entropy + l2 * (sum of squares of the convolution kernels).
class ConvNetLearner : public Learner {
 public:
  /// Everything must outlive the learner.
  ConvNetLearner(ConvNet14& net, ConvNet14Top& top, const ImageData& a, const ImageData& b, double validation_split,
                 double l2, uint64_t seed, const Augmentation& augmentation = {});

  int64_t count(Part part) const override;
  BatchResult run(Tape& tape, Part part, const int64_t* examples, int64_t count) override;
  std::vector<Parameter*> parameters() override;
  std::vector<Buffer*> buffers();

 private:
  ConvNet14& net_;
  ConvNet14Top& top_;
  const ImageData& a_;
  const ImageData& b_;
  std::vector<int64_t> order_;  // of the training images
  int64_t train_count_;
  real l2_;
  Augmentation augmentation_;
  Rng displacements_;
  IdTensor labels_;
};

}  // namespace hmem
