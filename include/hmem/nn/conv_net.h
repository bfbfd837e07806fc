#pragma once
/// \file conv_net.h
/// Layers of convolutional networks. Activations NHWC.

#include <string>
#include <vector>

#include "hmem/autodiff/ops_image.h"
#include "hmem/nn/layers.h"

namespace hmem {

/// Convolution 3 x 3 "same" with bias (0) and activation; weights he-uniform by 9 in. Parameters "<name>.weight"
/// [3, 3, in, out], "<name>.bias" [out].
class Conv2d {
 public:
  Conv2d(const std::string& name, int64_t in, int64_t out, Activation activation, Rng& rng);
  Var forward(Tape& tape, Var x);
  void add_to(Weights& weights);  ///< the kernel is regularised

  Parameter weight, bias;

 private:
  Activation activation_;
};

/// [conv, ELU, batch norm] twice, max-pool 2, dropout: [B, H, W, in] to [B, H/2, W/2, out]. The moving variances follow
/// Bessel's correction. Names "<name>.conv1", ".norm1", ".conv2", ".norm2", ".dropout".
class ConvBlock {
 public:
  ConvBlock(const std::string& name, int64_t in, int64_t out, double dropout, Rng& rng, uint64_t seed);
  /// `application`: see Dropout. `piece`: number of images at a time (0: all), with the same bits, see conv_block() of
  /// ops_image.h.
  Var forward(Tape& tape, Var x, int application = 0, int64_t piece = 0);
  void add_to(Weights& weights);

  Conv2d conv1;
  BatchNorm norm1;
  Conv2d conv2;
  BatchNorm norm2;

 private:
  Var forward_in_pieces(Tape& tape, Var x, int application, int64_t piece);

  Dropout dropout_;
};

}  // namespace hmem
