#pragma once
/// \file conv_net14.h
/// ConvNet14, the convolutional network of the image experiments (Limbacher & Legenstein, NeurIPS 2020): ten
/// convolutions in five blocks, and the four dense layers with which it is pretrained.

#include <cstdint>
#include <vector>

#include "hmem/nn/conv_net.h"

namespace hmem {

/// Images [B, H, W, 3], H and W multiples of 32, to features [B, H/32 W/32 16c] in five ConvBlocks of c, 2c, 4c, 8c and
/// 16c channels with dropout .1 .1 .2 .3 .3. As published, c = 32: 512 features for each 32 x 32 pixels. Parameters
/// "convnet14.block<1..5>.{conv1,norm1,conv2,norm2}.*".
class ConvNet14 : public Network {
 public:
  static constexpr int64_t kChannels = 32;              ///< c, as published
  static constexpr int64_t kFeatures = 16 * kChannels;  ///< for each 32 x 32 pixels, as published

  /// Weights are drawn from the stream "init.convnet14" of `seed`. The dropout rates are multiplied by `dropout_scale`
  /// (in [0, 2], else throws Error); `channels` is c (in [1, 256], else throws Error).
  explicit ConvNet14(uint64_t seed, double dropout_scale = 1, int64_t channels = kChannels);
  /// For each 32 x 32 pixels.
  int64_t features() const { return features_; }
  /// In training mode the moving averages follow this batch. `application` (0 to 3) distinguishes several uses of the
  /// network in one step; each draws its own dropout masks. Throws Error on other shapes.
  /// `piece`: number of images at a time (0: all): the same bits in less memory and more time.
  Var forward(Tape& tape, Var images, int application = 0, int64_t piece = 0);
  /// The convolution kernels are regularised.
  void add_to(Weights& weights) override;
  /// Changes the first convolution so that it does with x what it did with (x - mean) / deviation of each channel,
  /// where no padding is in reach (padding stays 0: black, not the mean):
  ///   W_c <- W_c / deviation_c,   b <- b - sum_c W_c mean_c / deviation_c (sum over the nine taps too)
  /// Before a training: the network starts as with standardised images, and needs no standardised images later. Throws
  /// Error on a deviation that is not positive.
  void standardise_inputs(const real (&mean)[3], const real (&deviation)[3]);

 private:
  int64_t features_;
  std::vector<ConvBlock> blocks_;
};

/// The pretraining top: features [B, n] to logits [B, classes] through dense 512, 256, 128, each with ELU and batch
/// norm, dropout .4, dense (glorot-uniform). Biases everywhere, hidden layers he-uniform, no L2. Parameters
/// "top.{dense,norm}<1..3>.*", "top.output.*".
class ConvNet14Top : public Network {
 public:
  ConvNet14Top(int64_t features, int64_t classes, uint64_t seed, double dropout_scale = 1);
  Var forward(Tape& tape, Var features);
  void add_to(Weights& weights) override;

 private:
  ConvNet14Top(int64_t features, int64_t classes, uint64_t seed, double dropout_scale, Rng rng);

  std::vector<Dense> dense_;
  std::vector<BatchNorm> norm_;
  Dropout dropout_;
  Dense output_;
};

}  // namespace hmem
