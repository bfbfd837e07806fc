#pragma once
/// \file sgd.h
/// Gradient descent with momentum.

#include <vector>

#include "hmem/optim/optimizer.h"

namespace hmem {

/// Gradient descent with momentum (Polyak, 1964), Keras form: u = momentum u - lr g, p += u; with `nesterov` (Sutskever
/// et al., ICML 2013) p += momentum u - lr g. With a weight decay it is SGDW: p -= lr * weight_decay * p in addition,
/// for the decayed parameters.
class Sgd : public Optimizer {
 public:
  struct Settings {
    double momentum = 0;
    double max_grad_norm = 0;
    double weight_decay = 0;
    bool nesterov = false;
  };
  /// Throws Error unless 0 <= momentum < 1, when nesterov is set without momentum, and as Optimizer does.
  Sgd(std::vector<Parameter*> parameters, const Settings& settings, const std::vector<Parameter*>& decayed = {});

 private:
  void begin_step(double learning_rate) override;
  void update(size_t parameter, int64_t begin, int64_t count, real scale, real decay) override;

  Settings settings_;
  int u_;
  real rate_ = 0;
};

}  // namespace hmem
