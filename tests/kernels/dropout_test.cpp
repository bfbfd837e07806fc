#include "hmem/kernels/dropout.h"

#include <cmath>

#include "catch.h"
#include "hmem/core/check.h"
#include "hmem/core/rng.h"
#include "hmem/nn/layers.h"
#include "support/numbers.h"
#include "support/settings.h"

namespace hmem {
namespace {

DropoutMask mask_of(const Rng& rng, uint64_t first, double rate) { return {{rng.key()[0], rng.key()[1]}, first, rate}; }

TEST_CASE("dropout drops the elements whose number in the stream is small", "[kernel]") {
  const double rate = GENERATE(0.0, 0.1, 0.5, 0.9);
  const uint64_t first = GENERATE(uint64_t{0}, uint64_t{4}, uint64_t{1} << 34);
  constexpr int64_t kN = 10003;  // more than two pieces, and not a multiple of four
  CAPTURE(rate, first);
  Rng data(1, "dropout_test");
  const Tensor x = test::random_tensor({kN}, data), dy = test::random_tensor({kN}, data);
  Tensor y = test::nan_tensor({kN}), dx = test::random_tensor({kN}, data);
  const Tensor before = dx.clone();
  Rng stream(7, "dropout.name");
  const DropoutMask mask = mask_of(stream, first, rate);
  dropout_forward(y.data(), x.data(), mask, kN);
  dropout_backward(dx.data(), dy.data(), mask, kN);

  stream.set_position({first, false, 0});
  int64_t dropped = 0;
  for (int64_t i = 0; i < kN; ++i) {
    const bool keep = stream.next_u32() / 4294967296.0 >= rate;
    dropped += !keep;
    const double scale = keep ? 1 / (1 - rate) : 0;
    if (std::abs(y[i] - x[i] * scale) > 1e-5 || std::abs(dx[i] - before[i] - dy[i] * scale) > 1e-5) {
      FAIL("element " << i << ": " << y[i] << ", gradient " << dx[i] - before[i]);
    }
  }
  CHECK(std::abs(static_cast<double>(dropped) - rate * kN) <= 5 * std::sqrt(rate * kN) + 1);
}

TEST_CASE("dropout layer: new masks every step, the same ones for a step that is repeated, none in inference", "[nn]") {
  Rng data(2, "dropout_test");
  const Tensor x = test::random_tensor({300, 40}, data);
  const Dropout layer("dropout.a", 0.3, 5), other_name("dropout.b", 0.3, 5), other_seed("dropout.a", 0.3, 6);
  const auto run = [&](const Dropout& dropout, uint64_t step, int threads) {
    const test::UseThreads use(threads);
    Tape tape;
    tape.set_step(step);
    const Var y = dropout.forward(tape, tape.constant(x));
    Tensor copy(x.shape());
    std::copy(y.data(), y.data() + y.count(), copy.begin());
    return copy;
  };
  const Tensor first = run(layer, 0, 1);
  CHECK(test::same_bits(first, run(layer, 0, 3)));
  CHECK_FALSE(test::same_bits(first, run(layer, 1, 1)));
  CHECK_FALSE(test::same_bits(first, run(other_name, 0, 1)));
  CHECK_FALSE(test::same_bits(first, run(other_seed, 0, 1)));
  CHECK_FALSE(test::same_bits(first, x));

  Tape inference(Tape::Mode::inference);
  const Var given = inference.constant(x);
  CHECK(layer.forward(inference, given).data() == given.data());
  Tape training;
  const Var untouched = training.constant(x);
  CHECK(Dropout("dropout.a", 0, 5).forward(training, untouched).data() == untouched.data());
  CHECK_THROWS_AS(Dropout("dropout.a", 1, 5), Error);
  CHECK_THROWS_AS(Dropout("dropout.a", -0.1, 5), Error);
}

}  // namespace
}  // namespace hmem
