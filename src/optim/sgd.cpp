#include <utility>

#include "hmem/core/check.h"
#include "hmem/kernels/optim.h"
#include "hmem/optim/optimizer.h"

namespace hmem {

Sgd::Sgd(std::vector<Parameter*> parameters, const Settings& settings)
    : Optimizer(std::move(parameters), settings.max_grad_norm), settings_(settings), u_(add_state("sgd.momentum.")) {
  HMEM_CHECK(settings.momentum >= 0 && settings.momentum < 1, "Sgd: momentum ", settings.momentum,
             ", expected 0 <= momentum < 1");
}

void Sgd::begin_step(double learning_rate) { rate_ = static_cast<real>(learning_rate); }

void Sgd::update(size_t parameter, int64_t begin, int64_t count, real scale) {
  Parameter& p = *parameters()[parameter];
  sgd_update(p.value.data() + begin, state_of(u_, parameter) + begin, p.grad.data() + begin, scale, rate_,
             static_cast<real>(settings_.momentum), count);
}

}  // namespace hmem
