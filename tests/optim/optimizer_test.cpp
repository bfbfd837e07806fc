#include "hmem/optim/optimizer.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "hmem/core/check.h"
#include "hmem/core/rng.h"
#include "hmem/core/safetensors.h"
#include "hmem/optim/adam.h"
#include "hmem/optim/schedule.h"
#include "hmem/optim/sgd.h"
#include "support/error_text.h"
#include "support/settings.h"

namespace hmem {
namespace {

const SafetensorsFile& golden() {
  static const SafetensorsFile file = read_safetensors("tests/golden/optimizers.safetensors");
  return file;
}

const Tensor& golden_tensor(const char* name) {
  const Tensor* found = golden().find(name);
  REQUIRE(found != nullptr);
  return *found;
}

double setting(const char* name) { return std::stod(golden().metadata.at(name)); }

/// Row `row` of the golden gradients, or all of `start`.
void copy_row(Tensor& to, const Tensor& from, int64_t row) {
  std::copy_n(from.data() + row * to.count(), to.count(), to.data());
}

void check_close(const real* found, const real* expected, int64_t n, double relative) {
  for (int64_t i = 0; i < n; ++i) {
    CAPTURE(i);
    CHECK(found[i] == Approx(expected[i]).epsilon(relative).margin(1e-9));
  }
}

using MakeOptimizer = std::function<std::unique_ptr<Optimizer>(std::vector<Parameter*>)>;

/// Steps from `start` with the golden gradients; the vector after each step must be that of `path`.
void follow_path(const MakeOptimizer& make, const char* path) {
  const Tensor &start = golden_tensor("start"), &gradients = golden_tensor("gradients"),
               &expected = golden_tensor(path);
  const int64_t n = start.count(), steps = gradients.size(0);
  REQUIRE(expected.shape() == Shape({steps, n}));
  Parameter p("p", {n});
  copy_row(p.value, start, 0);
  const std::unique_ptr<Optimizer> optimizer = make({&p});
  for (int64_t step = 0; step < steps; ++step) {
    CAPTURE(path, step);
    copy_row(p.grad, gradients, step);
    optimizer->step(setting("learning_rate"));
    check_close(p.value.data(), expected.data() + step * n, n, 2e-6);
    CHECK(optimizer->steps() == step + 1);
  }
}

TEST_CASE("Adam follows the golden path", "[golden][optim]") {
  follow_path([](auto parameters) { return std::make_unique<Adam>(parameters, Adam::Settings{}); }, "adam");
}

TEST_CASE("SGD with momentum follows the golden path", "[golden][optim]") {
  Sgd::Settings settings;
  settings.momentum = setting("momentum");
  follow_path([&](auto parameters) { return std::make_unique<Sgd>(parameters, settings); }, "sgd_momentum");
}

/// Ten steps on the golden gradients with weight decay for the first of two parameters; `reference` makes the same
/// steps of one element in double: (p, g, state a, state b, step from 1, weight decay).
void follow_decay(
    const std::function<std::unique_ptr<Optimizer>(std::vector<Parameter*>, std::vector<Parameter*>)>& make,
    const std::function<void(double&, double, double&, double&, int64_t, double)>& reference) {
  const Tensor &start = golden_tensor("start"), &gradients = golden_tensor("gradients");
  const int64_t n = start.count();
  Parameter decayed("decayed", {n}), free("free", {n});
  std::vector<double> expected[2], a[2], b[2];
  for (Parameter* p : {&decayed, &free}) copy_row(p->value, start, 0);
  for (int i = 0; i < 2; ++i) {
    expected[i].assign(start.begin(), start.end());
    a[i].resize(static_cast<size_t>(n));
    b[i].resize(static_cast<size_t>(n));
  }
  const std::unique_ptr<Optimizer> optimizer = make({&decayed, &free}, {&decayed});
  for (int64_t step = 0; step < gradients.size(0); ++step) {
    CAPTURE(step);
    for (Parameter* p : {&decayed, &free}) copy_row(p->grad, gradients, step);
    optimizer->step(0.01);
    for (int i = 0; i < 2; ++i) {
      const Parameter& p = i == 0 ? decayed : free;
      for (int64_t j = 0; j < n; ++j) {
        const size_t at = static_cast<size_t>(j);
        CAPTURE(i, j);
        reference(expected[i][at], gradients[step * n + j], a[i][at], b[i][at], step + 1, i == 0 ? 2.0 : 0.0);
        CHECK(p.value[j] == Approx(expected[i][at]).epsilon(2e-6).margin(1e-6));
      }
    }
  }
  for (int64_t j = 0; j < n; ++j) CHECK(std::abs(decayed.value[j] - free.value[j]) > 1e-3);
}

// As torch.optim.AdamW and SGD do it: the parameter decays first, then the update without the decay is subtracted; but
// with the epsilon-hat form of Adam and the rate inside the momentum (Keras).
TEST_CASE("AdamW: ten steps against its formulas in double", "[optim]") {
  Adam::Settings settings;
  settings.weight_decay = 2;
  follow_decay([&](auto parameters, auto decayed) { return std::make_unique<Adam>(parameters, settings, decayed); },
               [](double& p, double g, double& m, double& v, int64_t t, double weight_decay) {
                 p *= 1 - 0.01 * weight_decay;
                 m = 0.9 * m + 0.1 * g;
                 v = 0.999 * v + 0.001 * g * g;
                 const double correction1 = 1 - std::pow(0.9, t), correction2 = 1 - std::pow(0.999, t);
                 const double epsilon = 1e-7 / std::sqrt(correction2);
                 p -= 0.01 * (m / correction1) / (std::sqrt(v / correction2) + epsilon);
               });
}

TEST_CASE("SGD with weight decay, with and without Nesterov momentum: ten steps in double", "[optim]") {
  Sgd::Settings settings;
  settings.weight_decay = 2;
  settings.momentum = 0.9;
  settings.nesterov = GENERATE(false, true);
  CAPTURE(settings.nesterov);
  follow_decay([&](auto parameters, auto decayed) { return std::make_unique<Sgd>(parameters, settings, decayed); },
               [&](double& p, double g, double& sum, double&, int64_t, double weight_decay) {  // sum = -u / lr
                 p *= 1 - 0.01 * weight_decay;
                 sum = 0.9 * sum + g;
                 p -= 0.01 * (settings.nesterov ? g + 0.9 * sum : sum);
               });
}

TEST_CASE("weight decay is not clipped and does not enter the moments", "[optim]") {
  Parameter p("p", {2});
  p.value.fill(8);
  p.grad[0] = 3;
  p.grad[1] = 4;
  Sgd::Settings settings;
  settings.max_grad_norm = 1;
  settings.weight_decay = 0.5;
  Sgd optimizer({&p}, settings, {&p});
  const UpdateReport report = optimizer.step(0.5);
  CHECK(report.largest_norm == Approx(5));
  CHECK(p.value[0] == Approx(8 - 0.3 - 2));
  CHECK(p.value[1] == Approx(8 - 0.4 - 2));
  CHECK(optimizer.state()[0]->value[0] == Approx(-0.3));
}

/// The gradient that an optimizer with that limit uses: plain descent with rate 1 from zero moves by minus that.
Tensor clipped(const Tensor& gradient, double limit) {
  Parameter p("p", {gradient.count()});
  copy_row(p.grad, gradient, 0);
  Sgd::Settings settings;
  settings.max_grad_norm = limit;
  Sgd(std::vector<Parameter*>{&p}, settings).step(1);
  for (real& x : p.value) x = -x;
  return std::move(p.value);
}

TEST_CASE("a gradient is clipped by its own norm", "[golden][optim]") {
  const Tensor &gradients = golden_tensor("gradients"), &expected = golden_tensor("clip_20");
  const int64_t n = gradients.size(1);
  for (int64_t row = 0; row < gradients.size(0); ++row) {
    CAPTURE(row);
    Tensor gradient({n});
    copy_row(gradient, gradients, row);
    check_close(clipped(gradient, 20).data(), expected.data() + row * n, n, 1e-6);
  }
  check_close(clipped(golden_tensor("start"), 0.5).data(), golden_tensor("clip_0.5").data(), n, 1e-6);
  check_close(clipped(golden_tensor("start"), 0).data(), golden_tensor("start").data(), n, 0);  // 0: off
}

TEST_CASE("clipping is per parameter", "[optim]") {
  Parameter large("large", {2}), small("small", {2});
  large.grad[0] = 30;
  large.grad[1] = 40;
  small.grad[0] = 3;
  Sgd::Settings settings;
  settings.max_grad_norm = 5;
  Sgd optimizer({&large, &small}, settings);
  const UpdateReport report = optimizer.step(1);
  CHECK(large.value[0] == Approx(-3));
  CHECK(large.value[1] == Approx(-4));
  CHECK(small.value[0] == -3);
  CHECK(report.largest_norm == Approx(50));
  CHECK(report.largest_name == "large");
}

TEST_CASE("a gradient that is not finite stops the step and is named", "[optim]") {
  const real bad = GENERATE(std::numeric_limits<real>::quiet_NaN(), std::numeric_limits<real>::infinity(),
                            -std::numeric_limits<real>::infinity());
  Parameter first("first", {2}), second("second", {3}), third("third", {1});
  first.grad[0] = 100;
  third.grad[0] = 1000;
  second.grad[1] = bad;
  Adam optimizer({&first, &second, &third}, {});
  const UpdateReport report = optimizer.step(0.1);
  CHECK_FALSE(std::isfinite(report.largest_norm));
  CHECK(report.largest_name == "second");
  CHECK(optimizer.steps() == 0);
  for (const Parameter* p : {&first, &second, &third}) {
    for (real x : p->value) CHECK(x == 0);
  }
  for (const Buffer* state : optimizer.state()) {
    for (real x : state->value) CHECK(x == 0);
  }
  second.grad[1] = 0;
  optimizer.step(0.1);  // and the next step is a first step
  CHECK(optimizer.steps() == 1);
  CHECK(first.value[0] == Approx(-0.1));
}

TEST_CASE("the state of an optimizer is named after its parameters", "[optim]") {
  Parameter w("output.weight", {2, 3}), b("bias", {4});
  Adam adam({&w, &b}, {});
  Sgd sgd({&w}, {});
  std::vector<std::string> names;
  for (const Buffer* state : adam.state()) names.push_back(state->name);
  for (const Buffer* state : sgd.state()) names.push_back(state->name);
  CHECK(names == std::vector<std::string>{"adam.m.output.weight", "adam.m.bias", "adam.v.output.weight", "adam.v.bias",
                                          "sgd.momentum.output.weight"});
  CHECK(adam.state()[0]->value.shape() == w.value.shape());
}

TEST_CASE("Adam: moments and the first step by hand", "[optim]") {
  Parameter p("p", {1});
  p.value[0] = 1;
  p.grad[0] = real(0.5);
  Adam adam({&p}, {});
  adam.step(0.01);
  CHECK(adam.state()[0]->value[0] == Approx(0.05));
  CHECK(adam.state()[1]->value[0] == Approx(0.00025).epsilon(1e-4));  // 1 - 0.999 is coarse in float
  CHECK(p.value[0] == Approx(0.99));
}

TEST_CASE("an update has the same bits with 1, 2, 3 threads", "[equiv][optim]") {
  const auto run = [](int threads) {
    const test::UseThreads use(threads);
    Rng rng(1, "optimizer_test");
    Parameter large("large", {100, 173}), small("small", {5});
    for (Parameter* p : {&large, &small}) {
      for (real& x : p->value) x = static_cast<real>(rng.normal());
    }
    Adam::Settings settings;
    settings.max_grad_norm = 20;
    settings.weight_decay = 0.1;
    Adam adam({&large, &small}, settings, {&large});
    for (int step = 0; step < 3; ++step) {
      for (Parameter* p : {&large, &small}) {
        for (real& x : p->grad) x = static_cast<real>(rng.normal());
      }
      adam.step(0.01);
    }
    return std::vector<real>(large.value.begin(), large.value.end());
  };
  const std::vector<real> expected = run(1);
  CHECK(run(2) == expected);
  CHECK(run(3) == expected);
}

TEST_CASE("optimizers refuse invalid settings", "[bad][optim]") {
  Parameter p("p", {1});
  const std::vector<Parameter*> parameters = {&p};
  const auto adam = [&](double beta1, double beta2, double epsilon, double limit) {
    Adam::Settings settings;
    settings.beta1 = beta1;
    settings.beta2 = beta2;
    settings.epsilon = epsilon;
    settings.max_grad_norm = limit;
    Adam optimizer(parameters, settings);
  };
  CHECK_NOTHROW(adam(0, 0, 1e-7, 0));
  CHECK_THROWS_AS(adam(1, 0.9, 1e-7, 0), Error);
  CHECK_THROWS_AS(adam(-0.1, 0.9, 1e-7, 0), Error);
  CHECK_THROWS_AS(adam(0.9, 1, 1e-7, 0), Error);
  CHECK_THROWS_AS(adam(0.9, 0.9, 0, 0), Error);
  CHECK_THROWS_AS(adam(0.9, 0.9, 1e-7, -1), Error);
  CHECK_THROWS_AS(adam(0.9, 0.9, 1e-7, std::nan("")), Error);
  Sgd::Settings settings;
  settings.momentum = 1;
  CHECK_THROWS_AS(Sgd(parameters, settings), Error);
  settings.momentum = 0;
  settings.nesterov = true;
  CHECK(test::error_text([&] { Sgd(parameters, settings); }).find("nesterov needs a momentum") != std::string::npos);
}

TEST_CASE("optimizers refuse invalid weight decay", "[bad][optim]") {
  Parameter p("p", {1}), other("other", {1});
  const auto error = [&](double weight_decay, const std::vector<Parameter*>& decayed) {
    Adam::Settings settings;
    settings.weight_decay = weight_decay;
    return test::error_text([&] { Adam({&p}, settings, decayed); });
  };
  for (const std::string& text : {error(0.1, {&p}), error(0, {}), error(0, {&p})})
    CHECK(text == "(nothing was thrown)");
  CHECK(error(-0.1, {&p}).find("weight_decay must not be negative, found -0.1") != std::string::npos);
  CHECK(error(std::nan(""), {&p}).find("weight_decay must not be negative") != std::string::npos);
  CHECK(error(0.1, {}).find("no parameters to decay") != std::string::npos);
  CHECK(error(0.1, {&p, &other}).find("'other'") != std::string::npos);
}

TEST_CASE("the two schedules follow the golden values", "[golden][optim]") {
  const double base = setting("schedule_learning_rate");
  const Tensor &plain = golden_tensor("rate_plain"), &extended = golden_tensor("rate_read_before_write");
  REQUIRE(plain.count() == 261);
  for (int64_t epoch = 0; epoch < plain.count(); ++epoch) {
    CAPTURE(epoch);
    CHECK(step_decay(base, epoch, 0.85, 20) == Approx(plain[epoch]).epsilon(1e-6));
    CHECK(exponential_decay(base, epoch, 150, 0.01) == Approx(extended[epoch]).epsilon(1e-6));
  }
  CHECK(step_decay(base, 19, 0.85, 20) == base);
  CHECK(step_decay(base, 20, 0.85, 20) == base * 0.85);
  CHECK(exponential_decay(base, 150, 150, 0.01) == base);
  CHECK_THROWS_AS(step_decay(base, -1, 0.85, 20), Error);
  CHECK_THROWS_AS(step_decay(base, 1, 0.85, 0), Error);
  CHECK_THROWS_AS(exponential_decay(base, -1, 150, 0.01), Error);
}

TEST_CASE("cosine_decay rises, then falls to 0", "[optim]") {
  CHECK(cosine_decay(0.5, 0, 20) == Approx(0.5 / 3));
  CHECK(cosine_decay(0.5, 1, 20) == Approx(1.0 / 3));
  CHECK(cosine_decay(0.5, 2, 20) == 0.5);
  CHECK(cosine_decay(0.5, 11, 20) == Approx(0.25));
  CHECK(cosine_decay(0.5, 8, 20) == Approx(0.375));
  CHECK(cosine_decay(0.5, 19, 20) == Approx(0.25 * (1 + std::cos(3.14159265358979 * 17 / 18))));
  CHECK(cosine_decay(0.5, 0, 1) == 0.5);
  CHECK_THROWS_AS(cosine_decay(0.5, -1, 10), Error);
  CHECK_THROWS_AS(cosine_decay(0.5, 10, 10), Error);
}

TEST_CASE("stable_decay is constant, then linear to 0", "[optim]") {
  CHECK(stable_decay(0.5, 0, 10) == 0.5);
  CHECK(stable_decay(0.5, 6, 10) == 0.5);
  CHECK(stable_decay(0.5, 7, 10) == Approx(0.5 * 3 / 4));
  CHECK(stable_decay(0.5, 9, 10) == Approx(0.5 / 4));
  CHECK(stable_decay(0.5, 0, 1) == 0.5);
  CHECK_THROWS_AS(stable_decay(0.5, -1, 10), Error);
  CHECK_THROWS_AS(stable_decay(0.5, 10, 10), Error);
}

}  // namespace
}  // namespace hmem
