// Your own operation: softplus, out = log(1 + exp(inp)), with its gradient checked against finite differences.

#include <cmath>
#include <cstdio>

#include "hmem/autodiff/grad_check.h"
#include "hmem/autodiff/ops_basic.h"
#include "hmem/core/rng.h"

using namespace hmem;

const Op kSoftplus("softplus");  // one static object for each operation

/// d out / d inp = 1 / (1 + exp(-inp)).
Var softplus(Var inp) {
  Tape& tape = inp.tape();
  // The backward pass gets the node of the output; it adds to the gradient of every input that needs one.
  Var out = tape.record(kSoftplus, inp.shape(), {inp}, [inp](Var y) {
    real* dinp = inp.grad();
    if (dinp == nullptr) return;
    for (int64_t i = 0; i < inp.count(); ++i) dinp[i] += y.grad()[i] / (1 + std::exp(-inp.data()[i]));
  });
  // The output is uninitialised: the forward pass must write all of it.
  for (int64_t i = 0; i < inp.count(); ++i) out.data()[i] = std::log1p(std::exp(inp.data()[i]));
  return out;
}

int main() {
  Rng rng(1, "own op");
  Parameter x("x", {4, 5});
  Tensor weight({4, 5});  // random weights: a plain sum can hide a mistake
  for (real& value : x.value) value = static_cast<real>(rng.uniform(-2, 2));
  for (real& value : weight) value = static_cast<real>(rng.uniform(-1, 1));

  GradCheckSettings settings;  // the defaults are for the double-precision build; these suit float
  settings.step = 1e-2;
  settings.tolerance = 1e-3;
  const GradReport report = check_gradients(
      {&x}, [&](Tape& tape) { return weighted_sum(softplus(tape.leaf(x)), weight); }, settings);
  std::printf("%s\n", report.ok() ? "the gradient agrees with differences" : report.problem.c_str());
  return report.ok() ? 0 : 1;
}
