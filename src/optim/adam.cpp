#include "hmem/optim/adam.h"

#include <cmath>
#include <utility>

#include "hmem/core/check.h"
#include "hmem/kernels/optim.h"

namespace hmem {

Adam::Adam(std::vector<Parameter*> parameters, const Settings& settings, const std::vector<Parameter*>& decayed)
    : Optimizer(std::move(parameters), settings.max_grad_norm, settings.weight_decay, decayed),
      settings_(settings),
      m_(add_state("adam.m.")),
      v_(add_state("adam.v.")) {
  HMEM_CHECK(
      settings.beta1 >= 0 && settings.beta1 < 1 && settings.beta2 >= 0 && settings.beta2 < 1 && settings.epsilon > 0,
      "Adam: beta1 ", settings.beta1, ", beta2 ", settings.beta2, ", epsilon ", settings.epsilon,
      ", expected 0 <= beta < 1 and epsilon > 0");
}

void Adam::begin_step(double learning_rate) {
  beta1_power_ *= settings_.beta1;
  beta2_power_ *= settings_.beta2;
  rate_ = static_cast<real>(learning_rate * std::sqrt(1 - beta2_power_) / (1 - beta1_power_));
}

// The powers are products of the same factors in the same order: std::pow would round differently. They converge to a
// number that no longer changes, so the loop is short whatever step count a file holds.
void Adam::set_steps(int64_t steps) {
  beta1_power_ = beta2_power_ = 1;
  for (int64_t step = 0; step < steps; ++step) {
    const double next1 = beta1_power_ * settings_.beta1, next2 = beta2_power_ * settings_.beta2;
    if (next1 == beta1_power_ && next2 == beta2_power_) break;
    beta1_power_ = next1;
    beta2_power_ = next2;
  }
}

void Adam::update(size_t parameter, int64_t begin, int64_t count, real scale, real decay) {
  Parameter& p = *parameters()[parameter];
  adam_update(p.value.data() + begin, state_of(m_, parameter) + begin, state_of(v_, parameter) + begin,
              p.grad.data() + begin, scale, rate_, static_cast<real>(settings_.beta1),
              static_cast<real>(settings_.beta2), static_cast<real>(settings_.epsilon), decay, count);
}

}  // namespace hmem
