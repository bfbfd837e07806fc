#include "hmem/nn/layers.h"

#include "hmem/autodiff/ops_basic.h"
#include "hmem/core/check.h"
#include "hmem/nn/init.h"

namespace hmem {

Dense::Dense(const std::string& name, int64_t in, int64_t out, Rng& rng) : weight(name + ".weight", {in, out}) {
  he_uniform(weight.value, in, rng);
}

Var Dense::forward(Tape& tape, Var x) { return matmul(x, tape.leaf(weight)); }

EncodingType encoding_type(const std::string& name) {
  if (name == "identity_encoding") return EncodingType::identity;
  if (name == "position_encoding") return EncodingType::position;
  if (name == "learned_encoding") return EncodingType::learned;
  throw UsageError("unknown encoding '" + name +
                   "', expected identity_encoding, position_encoding or learned_encoding");
}

SentenceEncoder::SentenceEncoder(EncodingType type_in, int64_t vocabulary, int64_t width, int64_t e, Rng& rng)
    : type(type_in), table("embedding.weight", {vocabulary, e}), encoding("encoding.weight", {width, e}) {
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

SentenceEncoder::Weights SentenceEncoder::weights(Tape& tape) {
  return {tape.leaf(table), type == EncodingType::learned ? tape.leaf(encoding) : tape.constant(encoding.value)};
}

Var SentenceEncoder::forward(const Weights& weights, const IdTensor& ids) {
  return sentence_encoding(weights.table, weights.encoding, ids);
}

void SentenceEncoder::after_update() {
  if (type != EncodingType::learned) return;
  const int64_t width = encoding.value.size(0);
  TensorView last = encoding.value.view().rows(width - 1, width);
  for (int64_t j = 0; j < last.count(); ++j) last[j] = 1;
}

void SentenceEncoder::add_parameters(std::vector<Parameter*>& parameters) {
  parameters.push_back(&table);
  if (type == EncodingType::learned) parameters.push_back(&encoding);
}

LayerNorm::LayerNorm(const std::string& name, int64_t e) : scale(name + ".scale", {e}), shift(name + ".shift", {e}) {
  scale.value.fill(1);
}

Var LayerNorm::forward(Tape& tape, Var x) { return layer_norm(x, tape.leaf(scale), tape.leaf(shift), kEpsilon); }

Dropout::Dropout(const std::string& name, double rate, uint64_t seed) {
  HMEM_CHECK(rate >= 0 && rate < 1, name, ": the rate of dropout is ", rate, ", expected 0 <= rate < 1");
  const Rng rng(seed, name);
  mask_.key[0] = rng.key()[0];
  mask_.key[1] = rng.key()[1];
  mask_.rate = rate;
}

Var Dropout::forward(Tape& tape, Var x) const {
  constexpr int kElements = 34;  // bits for the elements of one application
  if (!tape.training() || mask_.rate == 0) return x;
  DropoutMask mask = mask_;
  mask.first = tape.step() << kElements;
  return dropout(x, mask);
}

BatchNorm::BatchNorm(const std::string& name, int64_t e)
    : scale(name + ".scale", {e}),
      shift(name + ".shift", {e}),
      moving_mean(name + ".moving_mean", {e}),
      moving_var(name + ".moving_var", {e}) {
  scale.value.fill(1);
  moving_var.value.fill(1);
}

Var BatchNorm::forward(Tape& tape, Var x, int64_t padded) {
  const NormStatistics moving = {moving_mean.value.data(), moving_var.value.data()};
  NormStatistics batch;
  const NormSource source = {padded, tape.training() ? nullptr : &moving};
  const Var y = batch_norm(x, tape.leaf(scale), tape.leaf(shift), kEpsilon, source, &batch);
  if (tape.training()) follow(batch);
  return y;
}

Var BatchNorm::forward_pairs(Tape& tape, Var rows, const RowPairs& pairs, int64_t padded) {
  const NormStatistics moving = {moving_mean.value.data(), moving_var.value.data()};
  NormStatistics batch;
  const NormSource source = {padded, tape.training() ? nullptr : &moving};
  const Var y = batch_norm_pairs(rows, pairs, tape.leaf(scale), tape.leaf(shift), kEpsilon, source, &batch);
  if (tape.training()) follow(batch);
  return y;
}

void BatchNorm::follow(const NormStatistics& batch) {
  for (int64_t j = 0; j < moving_mean.value.count(); ++j) {
    real& mean = moving_mean.value[j];
    real& var = moving_var.value[j];
    mean = kMomentum * mean + (1 - kMomentum) * batch.mean[j];
    var = kMomentum * var + (1 - kMomentum) * batch.variance[j];
  }
}

}  // namespace hmem
