#include "hmem/nn/conv_net.h"

namespace hmem {

namespace {

/// Batch norm over the pixels of all images.
Var norm_pixels(Tape& tape, BatchNorm& norm, Var x) {
  const Shape shape = x.shape();
  const Var rows = tape.reshape(x, {shape.count() / shape[3], shape[3]});
  return tape.reshape(norm.forward(tape, rows, 0), shape);
}

}  // namespace

Conv2d::Conv2d(const std::string& name, int64_t in, int64_t out, Activation activation, Rng& rng)
    : weight(name + ".weight", {3, 3, in, out}), bias(name + ".bias", {out}), activation_(activation) {
  he_uniform(weight.value, 9 * in, rng);
}

Var Conv2d::forward(Tape& tape, Var x) { return conv2d(x, tape.leaf(weight), tape.leaf(bias), activation_); }

void Conv2d::add_to(Weights& weights) {
  weights.add(weight, /*is_regularised=*/true);
  weights.add(bias);
}

ConvBlock::ConvBlock(const std::string& name, int64_t in, int64_t out, double dropout, Rng& rng, uint64_t seed)
    : conv1(name + ".conv1", in, out, Activation::elu, rng),
      norm1(name + ".norm1", out, BatchNorm::MovingVariance::unbiased),
      conv2(name + ".conv2", out, out, Activation::elu, rng),
      norm2(name + ".norm2", out, BatchNorm::MovingVariance::unbiased),
      dropout_(name + ".dropout", dropout, seed) {}

Var ConvBlock::forward(Tape& tape, Var x, int application) {
  x = norm_pixels(tape, norm1, conv1.forward(tape, x));
  x = norm_pixels(tape, norm2, conv2.forward(tape, x));
  return dropout_.forward(tape, max_pool(x), application);
}

void ConvBlock::add_to(Weights& weights) {
  conv1.add_to(weights);
  norm1.add_to(weights);
  conv2.add_to(weights);
  norm2.add_to(weights);
}

}  // namespace hmem
