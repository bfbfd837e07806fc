#include "hmem/models/conv_net14.h"

#include <string>

#include "hmem/core/check.h"

namespace hmem {

namespace {

void check_scale(double dropout_scale) {
  HMEM_CHECK(dropout_scale >= 0 && dropout_scale <= 2, "convnet14: dropout scale ", dropout_scale,
             ", expected in [0, 2]");
}

}  // namespace

ConvNet14::ConvNet14(uint64_t seed, double dropout_scale, int64_t channels) : features_(16 * channels) {
  check_scale(dropout_scale);
  HMEM_CHECK(channels >= 1 && channels <= 256, "convnet14: channels of the first block: found ", channels,
             ", expected in [1, 256]");
  Rng rng(seed, "init.convnet14");
  int64_t in = 3, out = channels;
  for (const double dropout : {.1, .1, .2, .3, .3}) {
    const std::string name = "convnet14.block" + std::to_string(blocks_.size() + 1);
    blocks_.emplace_back(name, in, out, dropout_scale * dropout, rng, seed);
    in = out;
    out *= 2;
  }
}

Var ConvNet14::forward(Tape& tape, Var images, int application, int64_t piece) {
  const Shape shape = images.shape();
  HMEM_CHECK(
      shape.rank() == 4 && shape[3] == 3 && shape[1] > 0 && shape[1] % 32 == 0 && shape[2] > 0 && shape[2] % 32 == 0,
      "convnet14: images ", shape, ", expected [B, H, W, 3] with H and W multiples of 32");
  Var x = images;
  for (ConvBlock& block : blocks_) x = block.forward(tape, x, application, piece);
  return tape.reshape(x, {shape[0], shape[1] / 32 * (shape[2] / 32) * features_});
}

void ConvNet14::add_to(Weights& weights) {
  for (ConvBlock& block : blocks_) block.add_to(weights);
}

void ConvNet14::standardise_inputs(const real (&mean)[3], const real (&deviation)[3]) {
  Conv2d& conv = blocks_.front().conv1;
  const int64_t out = conv.bias.value.count();
  for (int64_t tap = 0; tap < 9; ++tap) {
    for (int64_t c = 0; c < 3; ++c) {
      HMEM_CHECK(deviation[c] > 0, "convnet14: deviation ", deviation[c], " of channel ", c, ", expected above 0");
      for (int64_t o = 0; o < out; ++o) {
        real& weight = conv.weight.value[(tap * 3 + c) * out + o];
        weight /= deviation[c];
        conv.bias.value[o] -= weight * mean[c];
      }
    }
  }
}

ConvNet14Top::ConvNet14Top(int64_t features, int64_t classes, uint64_t seed, double dropout_scale)
    : ConvNet14Top(features, classes, seed, dropout_scale, Rng(seed, "init.convnet14_top")) {}

ConvNet14Top::ConvNet14Top(int64_t features, int64_t classes, uint64_t seed, double dropout_scale, Rng rng)
    : dropout_("top.dropout", (check_scale(dropout_scale), dropout_scale * .4), seed),
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
