#pragma once
/// \file checked.h
/// Parameters of one gradient check and the check of a value that is computed from them.

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "hmem/autodiff/grad_check.h"
#include "hmem/autodiff/ops_basic.h"
#include "hmem/core/rng.h"

namespace hmem::test {

class Checked {
 public:
  explicit Checked(uint64_t seed, const std::string& name = "") : rng_(seed, "gradient_table" + name) {}

  /// A parameter of normal numbers, none closer to zero (a kink of ReLU) than 1e-3.
  Parameter& parameter(const std::string& name, const Shape& shape, double deviation = 1) {
    Parameter& p = parameters_.emplace_back(name, shape);
    for (real& x : p.value) {
      do {
        x = static_cast<real>(deviation * rng_.normal());
      } while (x > real(-1e-3) && x < real(1e-3));
    }
    return p;
  }

  /// Checks the gradients of `value`, each element weighted by a random number.
  GradReport check(const std::function<Var(Tape&)>& value) {
    Tape tape(Tape::Mode::inference);
    Tensor weight({value(tape).count()});
    for (real& w : weight) w = static_cast<real>(rng_.normal());
    std::vector<Parameter*> all;
    for (Parameter& p : parameters_) all.push_back(&p);
    return check_gradients(all, [&](Tape& t) { return weighted_sum(value(t), weight); });
  }

  Rng& rng() { return rng_; }

 private:
  Rng rng_;
  std::deque<Parameter> parameters_;  // references stay valid
};

}  // namespace hmem::test
