#pragma once
/// \file optimizer.h
/// Parameter updates from gradients, with clipping and decoupled weight decay: see adam.h, sgd.h.

#include <cstdint>
#include <string>
#include <vector>

#include "hmem/autodiff/parameter.h"

namespace hmem {

/// Report of one update.
struct UpdateReport {
  double largest_norm = 0;   ///< largest norm of a parameter's gradient, before clipping; NaN or infinite if one is
  std::string largest_name;  ///< name of that parameter
};

/// Base of the optimizers. Clipping is per parameter: a gradient whose own Euclidean norm exceeds `max_grad_norm` is
/// scaled down to it (Pascanu et al., ICML 2013, algorithm 1, applied to each parameter); 0 switches it off.
///
/// Weight decay is decoupled (Loshchilov & Hutter, ICLR 2019): the update of a parameter in `decayed` also subtracts
/// learning_rate * weight_decay * p, with p as it was before the update. The decay does not enter moments or clipping.
class Optimizer {
 public:
  /// The parameters must outlive the optimizer. Throws Error when max_grad_norm or weight_decay is negative, when a
  /// decayed parameter is not one of `parameters`, or when weight_decay is positive and `decayed` empty.
  Optimizer(std::vector<Parameter*> parameters, double max_grad_norm, double weight_decay = 0,
            const std::vector<Parameter*>& decayed = {});
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// One update with the current gradients. If a gradient is not finite, nothing changes and the report says so.
  UpdateReport step(double learning_rate);

  const std::vector<Parameter*>& parameters() const { return parameters_; }
  /// State of the optimizer for every parameter, by name ("adam.m.output.weight"): for checkpoints and tests.
  std::vector<Buffer*> state();
  int64_t steps() const { return steps_; }
  /// Continues bit for bit as after `steps` updates; the caller restores the tensors of state(). Throws Error on a
  /// negative number.
  void restore_steps(int64_t steps);

 protected:
  /// A state tensor of every parameter, named `prefix` + parameter name; returns its number.
  int add_state(const std::string& prefix);
  real* state_of(int number, size_t parameter) { return states_[static_cast<size_t>(number)][parameter].value.data(); }

 private:
  /// Called once per step before any update().
  virtual void begin_step(double learning_rate) = 0;
  /// Computes everything that depends only on the number of steps.
  virtual void set_steps(int64_t /*steps*/) {}
  /// Updates elements [begin, begin + count) of a parameter; the gradient is to be multiplied by `scale`, and `decay`
  /// times the old value is to be subtracted.
  virtual void update(size_t parameter, int64_t begin, int64_t count, real scale, real decay) = 0;

  struct Piece {
    size_t parameter;
    int64_t begin, count;
  };

  std::vector<Parameter*> parameters_;
  double max_grad_norm_;
  std::vector<double> weight_decays_;  // of each parameter
  std::vector<Piece> pieces_;
  std::vector<std::vector<Buffer>> states_;

 protected:
  int64_t steps_ = 0;  ///< updates done, the current one included
};

}  // namespace hmem
