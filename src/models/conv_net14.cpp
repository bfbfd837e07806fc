#include "hmem/models/conv_net14.h"

#include <string>

#include "hmem/core/check.h"

namespace hmem {

ConvNet14::ConvNet14(uint64_t seed) {
  struct BlockSize {
    int64_t channels;
    double dropout;
  };
  Rng rng(seed, "init.convnet14");
  int64_t in = 3;
  for (const BlockSize& size : {BlockSize{32, .1}, {64, .1}, {128, .2}, {256, .3}, {kFeatures, .3}}) {
    const std::string name = "convnet14.block" + std::to_string(blocks_.size() + 1);
    blocks_.emplace_back(name, in, size.channels, size.dropout, rng, seed);
    in = size.channels;
  }
}

Var ConvNet14::forward(Tape& tape, Var images, int application) {
  const Shape shape = images.shape();
  HMEM_CHECK(
      shape.rank() == 4 && shape[3] == 3 && shape[1] > 0 && shape[1] % 32 == 0 && shape[2] > 0 && shape[2] % 32 == 0,
      "convnet14: images ", shape, ", expected [B, H, W, 3] with H and W multiples of 32");
  Var x = images;
  for (ConvBlock& block : blocks_) x = block.forward(tape, x, application);
  return tape.reshape(x, {shape[0], shape[1] / 32 * (shape[2] / 32) * kFeatures});
}

void ConvNet14::add_to(Weights& weights) {
  for (ConvBlock& block : blocks_) block.add_to(weights);
}

ConvNet14Top::ConvNet14Top(int64_t features, int64_t classes, uint64_t seed)
    : ConvNet14Top(features, classes, seed, Rng(seed, "init.convnet14_top")) {}

ConvNet14Top::ConvNet14Top(int64_t features, int64_t classes, uint64_t seed, Rng rng)
    : dropout_("top.dropout", .4, seed),
      output_("top.output", 128, classes, rng, {true, Activation::none, Initialiser::glorot_uniform}) {
  int64_t in = features;
  for (const int64_t size : {512, 256, 128}) {
    const std::string number = std::to_string(dense_.size() + 1);
    dense_.emplace_back("top.dense" + number, in, size, rng,
                        Dense::Options{true, Activation::elu, Initialiser::he_uniform});
    norm_.emplace_back("top.norm" + number, size);
    in = size;
  }
}

Var ConvNet14Top::forward(Tape& tape, Var features) {
  Var x = features;
  for (size_t i = 0; i < dense_.size(); ++i) x = norm_[i].forward(tape, dense_[i].forward(tape, x), 0);
  return output_.forward(tape, dropout_.forward(tape, x));
}

void ConvNet14Top::add_to(Weights& weights) {
  for (size_t i = 0; i < dense_.size(); ++i) {
    dense_[i].add_to(weights);
    norm_[i].add_to(weights);
  }
  output_.add_to(weights);
}

}  // namespace hmem
