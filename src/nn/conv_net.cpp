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

Var ConvBlock::forward(Tape& tape, Var x, int application, int64_t piece) {
  if (piece > 0) return forward_in_pieces(tape, x, application, piece);
  x = norm_pixels(tape, norm1, conv1.forward(tape, x));
  x = norm_pixels(tape, norm2, conv2.forward(tape, x));
  return dropout_.forward(tape, max_pool(x), application);
}

Var ConvBlock::forward_in_pieces(Tape& tape, Var x, int application, int64_t piece) {
  BatchNorm* norms[] = {&norm1, &norm2};
  Conv2d* convolutions[] = {&conv1, &conv2};
  ConvStageVars stages[2];
  NormStatistics moving[2], used[2];
  for (int i = 0; i < 2; ++i) {
    moving[i] = {norms[i]->moving_mean.value.data(), norms[i]->moving_var.value.data()};
    stages[i] = {tape.leaf(convolutions[i]->weight), tape.leaf(convolutions[i]->bias), tape.leaf(norms[i]->scale),
                 tape.leaf(norms[i]->shift), tape.training() ? nullptr : &moving[i]};
  }
  const Var y = conv_block(x, stages, BatchNorm::kEpsilon, dropout_.mask(tape, application), piece, used);
  for (int i = 0; i < 2; ++i) norms[i]->follow(tape, used[i]);
  return y;
}

void ConvBlock::add_to(Weights& weights) {
  conv1.add_to(weights);
  norm1.add_to(weights);
  conv2.add_to(weights);
  norm2.add_to(weights);
}

}  // namespace hmem
