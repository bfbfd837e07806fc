#pragma once
/// \file snapshot.h
/// A second set of a model's weights: those of its best epoch, or their moving average.

#include <cstdint>
#include <string>
#include <vector>

#include "hmem/nn/network.h"

namespace hmem {

class Snapshot {
 public:
  /// Starts as a copy of the tensors, which must outlive it. Checkpoints name the copies `prefix` + name: "best.",
  /// "average.".
  Snapshot(const Weights& weights, const std::string& prefix);
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  /// Copies the model as it is now.
  void take();
  /// Puts the copy into the model.
  void restore() const;
  /// Exponential moving average over training steps; `steps` are done (from 1):
  ///   a <- d_t a + (1 - d_t) w,   d_t = min(decay, (1 + t) / (10 + t)),   t = steps
  /// for every parameter and moving statistic w (Polyak & Juditsky, SIAM J. Control Optim. 30, 1992; d_t as in
  /// TensorFlow's ExponentialMovingAverage).
  void update_average(int64_t steps, double decay);
  /// Exchanges the copy and the model's weights; a second call puts both back.
  void exchange();
  std::vector<Buffer*> state();

 private:
  std::vector<Tensor*> originals_;
  std::vector<Buffer> copies_;
};

}  // namespace hmem
