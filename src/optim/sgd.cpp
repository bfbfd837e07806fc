#include "hmem/optim/sgd.h"

#include <utility>

#include "hmem/core/check.h"
#include "hmem/kernels/optim.h"

namespace hmem {

Sgd::Sgd(std::vector<Parameter*> parameters, const Settings& settings, const std::vector<Parameter*>& decayed)
    : Optimizer(std::move(parameters), settings.max_grad_norm, settings.weight_decay, decayed),
      settings_(settings),
      u_(add_state("sgd.momentum.")) {
  HMEM_CHECK(settings.momentum >= 0 && settings.momentum < 1, "Sgd: momentum ", settings.momentum,
             ", expected 0 <= momentum < 1");
  HMEM_CHECK(!settings.nesterov || settings.momentum > 0, "Sgd: nesterov needs a momentum above 0, found ",
             settings.momentum);
}

void Sgd::begin_step(double learning_rate) { rate_ = static_cast<real>(learning_rate); }

void Sgd::update(size_t parameter, int64_t begin, int64_t count, real scale, real decay) {
  Parameter& p = *parameters()[parameter];
  sgd_update(p.value.data() + begin, state_of(u_, parameter) + begin, p.grad.data() + begin, scale, rate_,
             static_cast<real>(settings_.momentum), settings_.nesterov, decay, count);
}

}  // namespace hmem
