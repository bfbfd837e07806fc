#include "hmem/train/weight_average.h"

#include <algorithm>

#include "hmem/core/check.h"

namespace hmem {

WeightAverage::WeightAverage(const std::vector<Parameter*>& parameters, const std::vector<Buffer*>& buffers,
                             double decay)
    : decay_(decay) {
  HMEM_CHECK(decay > 0 && decay < 1, "the decay of a weight average must be between 0 and 1, found ", decay);
  const auto add = [this](const std::string& name, Tensor& value) {
    originals_.push_back(&value);
    averages_.emplace_back("average." + name, value.shape());
    std::copy(value.begin(), value.end(), averages_.back().value.begin());
  };
  for (Parameter* parameter : parameters) add(parameter->name, parameter->value);
  for (Buffer* buffer : buffers) add(buffer->name, buffer->value);
}

void WeightAverage::follow(int64_t steps) {
  const double t = static_cast<double>(steps);
  const real rate = static_cast<real>(1 - std::min(decay_, (1 + t) / (10 + t)));
  for (size_t i = 0; i < averages_.size(); ++i) {
    real* average = averages_[i].value.data();
    const real* weight = originals_[i]->data();
    const int64_t count = originals_[i]->count();
    for (int64_t j = 0; j < count; ++j) average[j] += rate * (weight[j] - average[j]);
  }
}

void WeightAverage::exchange() {
  for (size_t i = 0; i < averages_.size(); ++i) {
    std::swap_ranges(originals_[i]->begin(), originals_[i]->end(), averages_[i].value.begin());
  }
}

std::vector<Buffer*> WeightAverage::state() {
  std::vector<Buffer*> all;
  for (Buffer& average : averages_) all.push_back(&average);
  return all;
}

}  // namespace hmem
