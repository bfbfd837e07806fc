#pragma once
/// \file adam.h
/// Adam and AdamW.

#include <vector>

#include "hmem/optim/optimizer.h"

namespace hmem {

/// Adam (Kingma & Ba, ICLR 2015) in the "epsilon hat" form of the paragraph before section 2.1, as in Keras:
///   m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,  p -= lr sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + epsilon)
/// With a weight decay it is AdamW: p -= lr * weight_decay * p in addition, for the decayed parameters.
class Adam : public Optimizer {
 public:
  struct Settings {
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-7;
    double max_grad_norm = 0;
    double weight_decay = 0;
  };
  /// Throws Error unless 0 <= beta < 1 and epsilon > 0, and as Optimizer does.
  Adam(std::vector<Parameter*> parameters, const Settings& settings, const std::vector<Parameter*>& decayed = {});

 private:
  void begin_step(double learning_rate) override;
  void set_steps(int64_t steps) override;
  void update(size_t parameter, int64_t begin, int64_t count, real scale, real decay) override;

  Settings settings_;
  int m_, v_;
  double beta1_power_ = 1, beta2_power_ = 1;
  real rate_ = 0;
};

}  // namespace hmem
