#include "hmem/nn/layers.h"

#include "hmem/autodiff/ops_basic.h"
#include "hmem/core/check.h"
#include "hmem/nn/init.h"

namespace hmem {

Dense::Dense(const std::string& name, int64_t in, int64_t out, Rng& rng) : Dense(name, in, out, rng, Options()) {}

Dense::Dense(const std::string& name, int64_t in, int64_t out, Rng& rng, const Options& options)
    : weight(name + ".weight", {in, out}), activation_(options.activation) {
  HMEM_CHECK(options.bias || options.activation == Activation::none, name, ": an activation needs a bias");
  initialise(weight.value, options.initialiser, in, out, rng);
  if (options.bias) bias = Parameter(name + ".bias", {out});
}

Var Dense::forward(Tape& tape, Var x) {
  const Var product = matmul(x, tape.leaf(weight));
  return bias.value.empty() ? product : add_bias(product, tape.leaf(bias), activation_);
}

void Dense::add_to(Weights& weights, bool regularised) {
  weights.add(weight, regularised);
  if (!bias.value.empty()) weights.add(bias);
}

SentenceEncoder::SentenceEncoder(EncodingType type_in, int64_t vocabulary, int64_t width, int64_t e, Rng& rng,
                                 const std::string& prefix)
    : type(type_in),
      table(prefix + "embedding.weight", {vocabulary, e}),
      encoding(prefix + "encoding.weight", {width, e}) {
  he_uniform(table.value, vocabulary, rng);
  encoding.value.fill(1);
  if (type != EncodingType::position) return;
  const double words = static_cast<double>(width), columns = static_cast<double>(e);
  for (int64_t w = 0; w + 1 < width; ++w) {
    for (int64_t j = 0; j < e; ++j) {
      const double from_middle =
          (static_cast<double>(j + 1) - (columns + 1) / 2) * (static_cast<double>(w + 1) - (words + 1) / 2);
      encoding.value[w * e + j] = static_cast<real>(1 + 4 * from_middle / columns / words);
    }
  }
}

Var SentenceEncoder::forward(Tape& tape, const IdTensor& ids) {
  const Var weights = type == EncodingType::learned ? tape.leaf(encoding) : tape.constant(encoding.value);
  return sentence_encoding(tape.leaf(table), weights, ids);
}

void SentenceEncoder::after_update() {
  if (type != EncodingType::learned) return;
  const int64_t width = encoding.value.size(0);
  TensorView last = encoding.value.view().rows(width - 1, width);
  for (int64_t j = 0; j < last.count(); ++j) last[j] = 1;
}

void SentenceEncoder::add_to(Weights& weights) {
  weights.add(table);
  if (type == EncodingType::learned) weights.add(encoding);
}

LayerNorm::LayerNorm(const std::string& name, int64_t e) : scale(name + ".scale", {e}), shift(name + ".shift", {e}) {
  scale.value.fill(1);
}

Var LayerNorm::forward(Tape& tape, Var x) { return layer_norm(x, tape.leaf(scale), tape.leaf(shift), kEpsilon); }

void LayerNorm::add_to(Weights& weights) {
  for (Parameter* parameter : {&scale, &shift}) weights.add(*parameter);
}

Dropout::Dropout(const std::string& name, double rate, uint64_t seed) {
  HMEM_CHECK(rate >= 0 && rate < 1, name, ": the rate of dropout is ", rate, ", expected 0 <= rate < 1");
  const Rng rng(seed, name);
  mask_.key[0] = rng.key()[0];
  mask_.key[1] = rng.key()[1];
  mask_.rate = rate;
}

Var Dropout::forward(Tape& tape, Var x, int application) const {
  const DropoutMask of_step = mask(tape, application);
  return of_step.rate == 0 ? x : dropout(x, of_step);
}

DropoutMask Dropout::mask(const Tape& tape, int application) const {
  constexpr int kElements = 32, kApplications = 2;  // bits for the elements of one application, and for its number
  HMEM_CHECK(application >= 0 && application < 1 << kApplications, "dropout: application ", application,
             ", expected 0 to 3");
  DropoutMask mask = mask_;
  mask.key[1] ^= static_cast<uint32_t>(tape.part().first);
  if (!tape.training()) mask.rate = 0;
  mask.first = (tape.step() << (kElements + kApplications)) + (static_cast<uint64_t>(application) << kElements);
  return mask;
}

BatchNorm::BatchNorm(const std::string& name, int64_t e, MovingVariance moving_variance)
    : scale(name + ".scale", {e}),
      shift(name + ".shift", {e}),
      moving_mean(name + ".moving_mean", {e}),
      moving_var(name + ".moving_var", {e}),
      moving_variance_(moving_variance) {
  scale.value.fill(1);
  moving_var.value.fill(1);
}

Var BatchNorm::forward(Tape& tape, Var x, int64_t padded) {
  const NormStatistics moving = {moving_mean.value.data(), moving_var.value.data()};
  NormStatistics batch;
  const NormSource source = {padded, tape.training() ? nullptr : &moving};
  const Var y = batch_norm(x, tape.leaf(scale), tape.leaf(shift), kEpsilon, source, &batch);
  follow(tape, batch);
  return y;
}

Var BatchNorm::forward_pairs(Tape& tape, Var rows, const RowPairs& pairs, int64_t padded) {
  const NormStatistics moving = {moving_mean.value.data(), moving_var.value.data()};
  NormStatistics batch;
  const NormSource source = {padded, tape.training() ? nullptr : &moving};
  const Var y = batch_norm_pairs(rows, pairs, tape.leaf(scale), tape.leaf(shift), kEpsilon, source, &batch);
  follow(tape, batch);
  return y;
}

void BatchNorm::follow(const Tape& tape, const NormStatistics& batch) {
  if (!tape.training() || tape.part().slot != 0) return;
  const real bessel = moving_variance_ == MovingVariance::biased || batch.n < 2
                          ? real(1)
                          : static_cast<real>(static_cast<double>(batch.n) / static_cast<double>(batch.n - 1));
  for (int64_t j = 0; j < moving_mean.value.count(); ++j) {
    real& mean = moving_mean.value[j];
    real& var = moving_var.value[j];
    mean = kMomentum * mean + (1 - kMomentum) * batch.mean[j];
    var = kMomentum * var + (1 - kMomentum) * (bessel * batch.variance[j]);
  }
}

void BatchNorm::add_to(Weights& weights) {
  for (Parameter* parameter : {&scale, &shift}) weights.add(*parameter);
  for (Buffer* buffer : {&moving_mean, &moving_var}) weights.add(*buffer);
}

}  // namespace hmem
