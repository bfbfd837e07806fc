#include "hmem/models/conv_net14.h"

#include <algorithm>
#include <set>
#include <string>

#include "catch.h"
#include "hmem/autodiff/ops_basic.h"
#include "hmem/core/check.h"
#include "hmem/optim/adam.h"
#include "support/numbers.h"
#include "support/settings.h"

namespace hmem {
namespace {

Tensor random_images(int64_t batch, int64_t width, Rng& rng) {
  Tensor images({batch, 32, width, 3});
  for (real& x : images) x = static_cast<real>(rng.uniform());
  return images;
}

TEST_CASE("convnet14: shapes, names and number of parameters", "[model]") {
  ConvNet14 net(1);
  ConvNet14Top top(ConvNet14::kFeatures, 20, 1);
  const Weights of_net = net.weights(), of_top = top.weights();
  std::set<std::string> names;
  int64_t count = 0;
  for (const auto& weights : {of_net, of_top}) {
    for (const Parameter* p : weights.parameters) {
      names.insert(p->name);
      count += p->value.count();
    }
  }
  // 3 32 + 32 32 + 32 64 + .. + 512 512 = 523360; biases, scales and shifts of 2 (32 + .. + 512) channels; the top.
  CHECK(count == 9 * 523360 + 3 * 1984 + 425984 + 3 * 896 + 128 * 20 + 20);
  CHECK(names.size() == of_net.parameters.size() + of_top.parameters.size());
  CHECK(names.count("convnet14.block5.conv2.weight") == 1);
  CHECK(names.count("top.norm3.shift") == 1);
  CHECK(of_net.regularised.size() == 10);
  CHECK(of_top.regularised.empty());
  CHECK(of_net.buffers.size() == 20);
  CHECK(of_top.buffers.size() == 6);

  Rng rng(1, "images");
  Tape tape(Tape::Mode::inference);
  const Tensor narrow = random_images(2, 32, rng), wide = random_images(1, 64, rng), odd({1, 32, 48, 3});
  const Var features = net.forward(tape, tape.constant(narrow));
  CHECK(features.shape() == Shape({2, 512}));
  CHECK(net.forward(tape, tape.constant(wide)).shape() == Shape({1, 1024}));
  CHECK(top.forward(tape, features).shape() == Shape({2, 20}));
  CHECK_THROWS_AS(net.forward(tape, tape.constant(odd)), Error);
}

TEST_CASE("convnet14: a narrower one", "[model]") {
  ConvNet14 net(1, 1, 2);
  CHECK(net.features() == 32);
  const Weights weights = net.weights();
  int64_t count = 0;
  for (const Parameter* p : weights.parameters) count += p->value.count();
  // 3 2 + 2 2 + 2 4 + 4 4 + 4 8 + 8 8 + 8 16 + 16 16 + 16 32 + 32 32 = 2050
  CHECK(count == 9 * 2050 + 3 * 2 * (2 + 4 + 8 + 16 + 32));
  Rng rng(1, "images");
  Tape tape(Tape::Mode::inference);
  const Tensor wide = random_images(3, 64, rng);
  CHECK(net.forward(tape, tape.constant(wide)).shape() == Shape({3, 64}));
  CHECK_THROWS_AS(ConvNet14(1, 1, 0), Error);
  CHECK_THROWS_AS(ConvNet14(1, 1, 257), Error);
}

/// Losses of successive training steps on the same six images.
std::vector<double> train(int steps, int64_t channels, double dropout_scale) {
  ConvNet14 net(3, dropout_scale, channels);
  ConvNet14Top top(net.features(), 3, 3, dropout_scale);
  Weights weights = net.weights();
  top.add_to(weights);
  Adam adam(weights.parameters, {});
  Rng rng(2, "images");
  const Tensor images = random_images(6, 32, rng);
  IdTensor labels({6});
  for (int64_t i = 0; i < 6; ++i) labels[i] = static_cast<int32_t>(i % 3);
  Tape tape;
  std::vector<double> losses;
  for (int step = 0; step < steps; ++step) {
    tape.reset(Tape::Mode::training);
    tape.set_step(static_cast<uint64_t>(step));
    zero_gradients(weights.parameters);
    const Var logits = top.forward(tape, net.forward(tape, tape.constant(images)));
    const Var loss = softmax_cross_entropy(logits, labels).loss;
    losses.push_back(static_cast<double>(*loss.data()));
    tape.backward(loss);
    adam.step(1e-3);
  }
  return losses;
}

TEST_CASE("convnet14 memorises six images", "[learn]") {
  const std::vector<double> losses = train(25, 8, 0);
  CAPTURE(losses.front(), losses.back());
  CHECK(losses.front() > 0.7);
  CHECK(losses.back() < 0.35 * losses.front());
}

TEST_CASE("convnet14 used twice in one step: different masks, gradients of both", "[model]") {
  ConvNet14 net(5);
  const Weights weights = net.weights();
  const Tensor& last_gradient = weights.regularised[9]->grad;
  Rng rng(3, "images");
  const Tensor images = random_images(3, 32, rng);
  Tape tape;
  const Var x = tape.constant(images);
  const Var first = net.forward(tape, x), again = net.forward(tape, x), second = net.forward(tape, x, 1);
  CHECK(std::equal(first.data(), first.data() + first.count(), again.data()));
  CHECK_FALSE(std::equal(first.data(), first.data() + first.count(), second.data()));
  const auto gradient = [&](int uses) {
    zero_gradients(weights.parameters);
    tape.reset(Tape::Mode::training);
    Var sum = net.forward(tape, tape.constant(images));
    for (int use = 1; use < uses; ++use) sum = add(sum, net.forward(tape, tape.constant(images)));
    tape.backward(l2_penalty({sum}, real(0.5) / static_cast<real>(uses)));
    return test::doubles(last_gradient);
  };
  std::vector<double> once = gradient(1);
  for (double& g : once) g *= 2;
  gradient(2);
  CHECK(test::worst_error(last_gradient, once) <= 1e-5);
}

TEST_CASE("convnet14 trains to the same bits with any number of threads", "[equiv]") {
  const test::UseThreads one(1);
  const std::vector<double> expected = train(2, 32, 1);
  for (const int threads : {2, 3}) {
    const test::UseThreads several(threads);
    CHECK(train(2, 32, 1) == expected);
  }
}

}  // namespace
}  // namespace hmem
