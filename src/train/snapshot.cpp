#include "hmem/train/snapshot.h"

#include <algorithm>

#include "hmem/core/check.h"

namespace hmem {

Snapshot::Snapshot(const Weights& weights, const std::string& prefix) {
  const auto add = [&](const std::string& name, Tensor& value) {
    originals_.push_back(&value);
    copies_.emplace_back(prefix + name, value.shape());
  };
  for (Parameter* parameter : weights.parameters) add(parameter->name, parameter->value);
  for (Buffer* buffer : weights.buffers) add(buffer->name, buffer->value);
  take();
}

void Snapshot::take() {
  for (size_t i = 0; i < copies_.size(); ++i) {
    std::copy(originals_[i]->begin(), originals_[i]->end(), copies_[i].value.begin());
  }
}

void Snapshot::restore() const {
  for (size_t i = 0; i < copies_.size(); ++i) {
    std::copy(copies_[i].value.begin(), copies_[i].value.end(), originals_[i]->begin());
  }
}

void Snapshot::update_average(int64_t steps, double decay) {
  HMEM_CHECK(decay > 0 && decay < 1, "the decay of a weight average must be between 0 and 1, found ", decay);
  const double t = static_cast<double>(steps);
  const real rate = static_cast<real>(1 - std::min(decay, (1 + t) / (10 + t)));
  for (size_t i = 0; i < copies_.size(); ++i) {
    real* average = copies_[i].value.data();
    const real* weight = originals_[i]->data();
    const int64_t count = originals_[i]->count();
    for (int64_t j = 0; j < count; ++j) average[j] += rate * (weight[j] - average[j]);
  }
}

void Snapshot::exchange() {
  for (size_t i = 0; i < copies_.size(); ++i) {
    std::swap_ranges(originals_[i]->begin(), originals_[i]->end(), copies_[i].value.begin());
  }
}

std::vector<Buffer*> Snapshot::state() {
  std::vector<Buffer*> all;
  for (Buffer& copy : copies_) all.push_back(&copy);
  return all;
}

}  // namespace hmem
