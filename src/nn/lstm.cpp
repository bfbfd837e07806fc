#include "hmem/nn/lstm.h"

#include <algorithm>
#include <cmath>

#include "hmem/core/check.h"
#include "hmem/nn/init.h"

namespace hmem {

Lstm::Lstm(const std::string& name, int64_t in, int64_t hidden, Rng& rng)
    : kernel(name + ".kernel", {in, 4 * hidden}),
      recurrent(name + ".recurrent", {hidden, 4 * hidden}),
      bias(name + ".bias", {4 * hidden}) {
  glorot_uniform(kernel.value, in, 4 * hidden, rng);
  orthogonal(recurrent.value, 1, rng);
  std::fill_n(bias.value.data() + hidden, hidden, real(1));  // of the forget gates
}

void Lstm::set_chrono_bias(int64_t steps, Rng& rng) {
  HMEM_CHECK(steps >= 2, "chrono initialisation for ", steps, " steps, expected at least 2");
  const int64_t hidden = recurrent.value.size(0);
  for (int64_t j = 0; j < hidden; ++j) {
    const auto b = static_cast<real>(std::log(rng.uniform(1, std::max<double>(1, static_cast<double>(steps - 1)))));
    bias.value[j] = -b;          // input gate
    bias.value[hidden + j] = b;  // forget gate
  }
}

Var Lstm::forward(Tape& tape, Var x, LstmOutput output) {
  return lstm(x, tape.leaf(kernel), tape.leaf(recurrent), tape.leaf(bias), output);
}

void Lstm::add_to(Weights& weights) {
  for (Parameter* p : {&kernel, &recurrent, &bias}) weights.add(*p);
}

}  // namespace hmem
