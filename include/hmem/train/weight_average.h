#pragma once
/// \file weight_average.h
/// Exponential moving average of a model's weights over its training steps.
///
///   a <- d_t a + (1 - d_t) w,   d_t = min(decay, (1 + t) / (10 + t)),   t = training steps done
///
/// for every parameter and every moving statistic w (Polyak & Juditsky, SIAM J. Control Optim. 30, 1992; d_t as in
/// TensorFlow's ExponentialMovingAverage). The training itself goes on with w: only validation and test use a.

#include <cstdint>
#include <vector>

#include "hmem/autodiff/parameter.h"

namespace hmem {

class WeightAverage {
 public:
  /// The tensors must outlive this. Starts from the model as it is. Throws Error unless 0 < decay < 1.
  WeightAverage(const std::vector<Parameter*>& parameters, const std::vector<Buffer*>& buffers, double decay);
  WeightAverage(const WeightAverage&) = delete;
  WeightAverage& operator=(const WeightAverage&) = delete;

  /// After training step `steps` (from 1).
  void follow(int64_t steps);
  /// Exchanges the average and the model's weights; a second call puts both back.
  void exchange();
  /// The averages, as "average.<name>", for checkpoints.
  std::vector<Buffer*> state();

 private:
  double decay_;
  std::vector<Tensor*> originals_;
  std::vector<Buffer> averages_;
};

}  // namespace hmem
