#pragma once
/// \file grad_check.h
/// Gradient check: directional derivatives of the tape against central differences. For the double build: in float the
/// differences are too coarse to reveal any but gross mistakes.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hmem/autodiff/tape.h"

namespace hmem {

/// Computes a scalar loss of the parameters on a tape in training mode. It is called many times with slightly different
/// values and must not depend on anything else that changes. Losses should be weighted_sum with random weights: a plain
/// sum hides mistakes (the gradient of the sum of a softmax is zero, right or wrong).
using LossFunction = std::function<Var(Tape& tape)>;

struct GradCheckSettings {
  double step = 1e-5;       ///< of the central difference (loss(x + step u) - loss(x - step u)) / (2 step)
  double tolerance = 1e-7;  ///< largest relative error
  int directions = 2;       ///< random directions u for each parameter
  uint64_t seed = 1;
};

struct GradReport {
  double worst_error = 0;  ///< largest relative error over parameters and directions
  std::string problem;     ///< the problem, with the parameter's name; empty: none

  bool ok() const { return problem.empty(); }
};

/// Checks d loss / d p for every parameter on its own, so that a large gradient cannot hide a small one:
///   * grad . u equals the central difference along random directions u, entries +-[0.5, 1], mostly uphill;
///   * the backward pass adds to the gradient instead of overwriting it;
///   * no gradient is zero everywhere, which would prove nothing;
///   * no value comes from uninitialised memory: the tape's memory is filled with NaN first.
/// Stops at the first problem. Parameter values are restored afterwards, gradients are not.
GradReport check_gradients(const std::vector<Parameter*>& parameters, const LossFunction& loss,
                           const GradCheckSettings& settings = {});

}  // namespace hmem
