#include "hmem/optim/schedule.h"

#include <cmath>

#include "hmem/core/check.h"

namespace hmem {

double step_decay(double base, int64_t epoch, double factor, int64_t every) {
  HMEM_CHECK(epoch >= 0 && every > 0, "step_decay: epoch ", epoch, ", every ", every);
  double rate = base;
  for (int64_t i = 0; i < epoch / every; ++i) rate *= factor;
  return rate;
}

double exponential_decay(double base, int64_t epoch, int64_t start, double rate) {
  HMEM_CHECK(epoch >= 0, "exponential_decay: epoch ", epoch);
  return epoch <= start ? base : base * std::exp(rate * static_cast<double>(start - epoch));
}

double cosine_decay(double base, int64_t epoch, int64_t epochs) {
  HMEM_CHECK(epoch >= 0 && epoch < epochs, "cosine_decay: epoch ", epoch, " of ", epochs);
  constexpr double kPi = 3.14159265358979323846;
  return base * 0.5 * (1 + std::cos(kPi * static_cast<double>(epoch) / static_cast<double>(epochs)));
}

}  // namespace hmem
