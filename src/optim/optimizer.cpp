#include "hmem/optim/optimizer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/kernels/elementwise.h"

namespace hmem {

namespace {
constexpr int64_t kPiece = 1 << 12;  // elements of one task; fixed, so that norms do not depend on threads
}

Optimizer::Optimizer(std::vector<Parameter*> parameters, double max_grad_norm, double weight_decay,
                     const std::vector<Parameter*>& decayed)
    : parameters_(std::move(parameters)), max_grad_norm_(max_grad_norm), weight_decays_(parameters_.size()) {
  HMEM_CHECK(max_grad_norm >= 0, "max_grad_norm must not be negative, found ", max_grad_norm);
  HMEM_CHECK(weight_decay >= 0, "weight_decay must not be negative, found ", weight_decay);
  HMEM_CHECK(weight_decay == 0 || !decayed.empty(), "weight_decay ", weight_decay, ", but no parameters to decay");
  for (const Parameter* parameter : decayed) {
    const auto found = std::find(parameters_.begin(), parameters_.end(), parameter);
    HMEM_CHECK(found != parameters_.end(), "parameter '", parameter->name, "' is to decay, but is not updated here");
    weight_decays_[static_cast<size_t>(found - parameters_.begin())] = weight_decay;
  }
  for (size_t p = 0; p < parameters_.size(); ++p) {
    const int64_t n = parameters_[p]->value.count();
    for (int64_t begin = 0; begin < n; begin += kPiece) pieces_.push_back({p, begin, std::min(kPiece, n - begin)});
  }
}

int Optimizer::add_state(const std::string& prefix) {
  std::vector<Buffer> state;
  for (const Parameter* parameter : parameters_) state.emplace_back(prefix + parameter->name, parameter->value.shape());
  states_.push_back(std::move(state));
  return static_cast<int>(states_.size()) - 1;
}

std::vector<Buffer*> Optimizer::state() {
  std::vector<Buffer*> all;
  for (std::vector<Buffer>& state : states_) {
    for (Buffer& buffer : state) all.push_back(&buffer);
  }
  return all;
}

void Optimizer::restore_steps(int64_t steps) {
  HMEM_CHECK(steps >= 0, "an optimizer cannot have done ", steps, " steps");
  steps_ = steps;
  set_steps(steps);
}

UpdateReport Optimizer::step(double learning_rate) {
  std::vector<double> squares(pieces_.size());
  parallel_for(static_cast<int64_t>(pieces_.size()), 16, [&](int64_t i) {
    const Piece& piece = pieces_[static_cast<size_t>(i)];
    squares[static_cast<size_t>(i)] =
        sum_of_squares(parameters_[piece.parameter]->grad.data() + piece.begin, piece.count);
  });
  std::vector<double> norms(parameters_.size(), 0.0);
  for (size_t i = 0; i < pieces_.size(); ++i) norms[pieces_[i].parameter] += squares[i];

  UpdateReport report;
  std::vector<real> scales(parameters_.size(), real(1));
  for (size_t p = 0; p < norms.size(); ++p) {
    const double norm = std::sqrt(norms[p]);
    if (report.largest_name.empty() || !(norm <= report.largest_norm)) {
      report = {norm, parameters_[p]->name};
      if (!std::isfinite(norm)) return report;
    }
    if (max_grad_norm_ > 0 && norm > max_grad_norm_) scales[p] = static_cast<real>(max_grad_norm_ / norm);
  }

  ++steps_;
  begin_step(learning_rate);
  parallel_for(static_cast<int64_t>(pieces_.size()), 1, [&](int64_t i) {
    const Piece& piece = pieces_[static_cast<size_t>(i)];
    update(piece.parameter, piece.begin, piece.count, scales[piece.parameter],
           static_cast<real>(learning_rate * weight_decays_[piece.parameter]));
  });
  return report;
}

}  // namespace hmem
