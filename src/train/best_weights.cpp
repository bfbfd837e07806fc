#include "hmem/train/best_weights.h"

#include <algorithm>

namespace hmem {

BestWeights::BestWeights(const std::vector<Parameter*>& parameters, const std::vector<Buffer*>& buffers) {
  const auto add = [this](const std::string& name, Tensor& value) {
    originals_.push_back(&value);
    copies_.emplace_back("best." + name, value.shape());
  };
  for (Parameter* parameter : parameters) add(parameter->name, parameter->value);
  for (Buffer* buffer : buffers) add(buffer->name, buffer->value);
  take();
}

void BestWeights::take() {
  for (size_t i = 0; i < copies_.size(); ++i) {
    std::copy(originals_[i]->begin(), originals_[i]->end(), copies_[i].value.begin());
  }
}

void BestWeights::restore() const {
  for (size_t i = 0; i < copies_.size(); ++i) {
    std::copy(copies_[i].value.begin(), copies_[i].value.end(), originals_[i]->begin());
  }
}

std::vector<Buffer*> BestWeights::state() {
  std::vector<Buffer*> all;
  for (Buffer& copy : copies_) all.push_back(&copy);
  return all;
}

}  // namespace hmem
