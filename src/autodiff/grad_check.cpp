#include "hmem/autodiff/grad_check.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hmem/core/check.h"
#include "hmem/core/rng.h"

namespace hmem {

namespace {

double evaluate(Tape& tape, const LossFunction& loss) {
  tape.reset(Tape::Mode::training);
  return static_cast<double>(*loss(tape).data());
}

/// Adds d loss / d p to the gradients, on a tape whose unwritten memory holds NaN; returns the loss.
double differentiate(const LossFunction& loss) {
  constexpr int64_t kDirty = 1 << 18;
  Tape tape;
  std::fill_n(tape.allocate<real>(kDirty), kDirty, std::numeric_limits<real>::quiet_NaN());
  tape.reset(Tape::Mode::training);
  const Var out = loss(tape);
  tape.backward(out);
  return static_cast<double>(*out.data());
}

double dot(const Tensor& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < b.size(); ++i) sum += static_cast<double>(a[static_cast<int64_t>(i)]) * b[i];
  return sum;
}

/// Random sizes in [0.5, 1]; three of four signs go uphill, so that large terms do not cancel in the derivative.
std::vector<double> random_direction(const Tensor& gradient, Rng& rng) {
  std::vector<double> direction;
  for (real g : gradient) {
    const double size = rng.uniform(0.5, 1);
    const bool uphill = rng.below(4) != 0;
    direction.push_back((g >= 0) == uphill ? size : -size);
  }
  return direction;
}

/// (loss(p + step u) - loss(p - step u)) / (2 step); p is put back.
double central_difference(Parameter& p, const std::vector<double>& direction, double step, Tape& tape,
                          const LossFunction& loss) {
  const Tensor value = p.value.clone();
  const auto loss_at = [&](double distance) {
    for (int64_t i = 0; i < value.count(); ++i) {
      p.value[i] = static_cast<real>(static_cast<double>(value[i]) + distance * direction[static_cast<size_t>(i)]);
    }
    return evaluate(tape, loss);
  };
  const double difference = loss_at(step) - loss_at(-step);
  std::copy(value.begin(), value.end(), p.value.begin());
  return difference / (2 * step);
}

/// Does `found` hold `before` + `gradient`? Sums run in another order when they start from another value, so the error
/// is of the size of the terms.
bool added(const Tensor& found, const Tensor& before, const Tensor& gradient) {
  double largest = 1;
  for (real g : gradient) largest = std::max(largest, std::abs(static_cast<double>(g)));
  const double tolerance = 1000 * static_cast<double>(std::numeric_limits<real>::epsilon()) * largest;
  for (int64_t i = 0; i < found.count(); ++i) {
    const double expected = static_cast<double>(before[i]) + static_cast<double>(gradient[i]);
    if (!(std::abs(static_cast<double>(found[i]) - expected) <= tolerance)) return false;
  }
  return true;
}

}  // namespace

GradReport check_gradients(const std::vector<Parameter*>& parameters, const LossFunction& loss,
                           const GradCheckSettings& settings) {
  HMEM_CHECK(!parameters.empty() && settings.directions > 0 && settings.step > 0,
             "a gradient check needs parameters, directions and a step");
  Rng rng(settings.seed, "grad_check");
  GradReport report;
  zero_gradients(parameters);
  if (const double value = differentiate(loss); !std::isfinite(value)) {
    report.problem = detail::join_text("the loss is ", value, ": is every element of every value written?");
    return report;
  }
  std::vector<Tensor> gradients;
  for (const Parameter* p : parameters) gradients.push_back(p->grad.clone());

  Tape tape;
  for (size_t i = 0; i < parameters.size(); ++i) {
    Parameter& p = *parameters[i];
    if (std::all_of(gradients[i].begin(), gradients[i].end(), [](real g) { return g == 0; })) {
      report.problem = p.name + ": the gradient is zero everywhere";
      return report;
    }
    for (int d = 0; d < settings.directions; ++d) {
      const std::vector<double> direction = random_direction(gradients[i], rng);
      const double by_tape = dot(gradients[i], direction);
      const double by_difference = central_difference(p, direction, settings.step, tape, loss);
      const double error = std::abs(by_tape - by_difference) / std::max(std::abs(by_tape), std::abs(by_difference));
      report.worst_error = std::max(report.worst_error, error);
      if (!(error <= settings.tolerance)) {  // also true for NaN
        report.worst_error = error;
        report.problem = detail::join_text(p.name, ": derivative ", by_tape, " by the tape, ", by_difference,
                                           " by differences, relative error ", error);
        return report;
      }
    }
  }

  std::vector<Tensor> before;
  for (Parameter* p : parameters) {
    for (real& g : p->grad) g = static_cast<real>(rng.uniform(-1, 1));
    before.push_back(p->grad.clone());
  }
  differentiate(loss);
  for (size_t i = 0; i < parameters.size() && report.ok(); ++i) {
    if (!added(parameters[i]->grad, before[i], gradients[i])) {
      report.problem = parameters[i]->name + ": the backward pass does not add to the gradient";
    }
  }
  return report;
}

}  // namespace hmem
