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

double stable_decay(double base, int64_t epoch, int64_t epochs) {
  HMEM_CHECK(epoch >= 0 && epoch < epochs, "stable_decay: epoch ", epoch, " of ", epochs);
  const int64_t start = epochs * 3 / 5;
  return epoch <= start ? base : base * static_cast<double>(epochs - epoch) / static_cast<double>(epochs - start);
}

double cosine_decay(double base, int64_t epoch, int64_t epochs) {
  HMEM_CHECK(epoch >= 0 && epoch < epochs, "cosine_decay: epoch ", epoch, " of ", epochs);
  constexpr double kPi = 3.14159265358979323846;
  const int64_t rise = epochs / 10;
  if (epoch < rise) return base * static_cast<double>(epoch + 1) / static_cast<double>(rise + 1);
  return base / 2 * (1 + std::cos(kPi * static_cast<double>(epoch - rise) / static_cast<double>(epochs - rise)));
}

}  // namespace hmem
