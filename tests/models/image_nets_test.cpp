#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <string_view>

#include "catch.h"
#include "hmem/autodiff/ops_basic.h"
#include "hmem/autodiff/ops_memory.h"
#include "hmem/core/check.h"
#include "hmem/models/hmem_image.h"
#include "hmem/models/lstm_image.h"
#include "support/error_text.h"
#include "support/numbers.h"

namespace hmem {
namespace {

std::set<std::string> names_of(AssociationNet& net) {
  std::set<std::string> names;
  for (const Parameter* p : net.weights().parameters) names.insert(p->name);
  CHECK(names.size() == net.weights().parameters.size());
  return names;
}

int64_t size_of(AssociationNet& net) {
  int64_t count = 0;
  for (const Parameter* p : net.weights().parameters) count += p->value.count();
  return count;
}

Tensor& value(AssociationNet& net, std::string_view name) {
  for (Parameter* p : net.weights().parameters) {
    if (p->name == name) return p->value;
  }
  fail("no parameter ", name);
}

TEST_CASE("hmem_image and lstm_image: shapes, names and numbers of parameters", "[model]") {
  HMemImage hmem({}, 1);
  LstmImage lstm({}, 1);
  CHECK(size_of(hmem) == 2 * 1024 * 128 + 4 * 128 + 3 * 128 * 200 + 200 * 10);
  CHECK(size_of(lstm) == 1024 * 128 + 2 * 128 + (128 + 200 + 1) * 800 + 200 * 10);
  CHECK(names_of(hmem).count("query.dense.weight") == 1);
  CHECK(names_of(lstm).count("lstm.recurrent") == 1);
  CHECK(hmem.weights().regularised.size() == 5);
  CHECK(lstm.weights().regularised.size() == 1);
  CHECK(hmem.weights().buffers.size() == 4);
  CHECK(lstm.weights().buffers.size() == 2);

  Rng rng(1, "features");
  const Tensor frames = test::random_tensor({2 * 3, 1024}, rng), queries = test::random_tensor({2, 1024}, rng);
  const Tensor other = test::random_tensor({5, 1024}, rng), narrow = test::random_tensor({2, 512}, rng);
  for (AssociationNet* net : std::initializer_list<AssociationNet*>{&hmem, &lstm}) {
    Tape tape(Tape::Mode::inference);
    CHECK(net->forward(tape, tape.constant(frames), tape.constant(queries)).shape() == Shape({2, 10}));
    const auto wrong = [&](const Tensor& f, const Tensor& q) {
      return test::error_text([&] { net->forward(tape, tape.constant(f), tape.constant(q)); });
    };
    CHECK(wrong(other, queries).find("expected [B T, 1024] and [B, 1024]") != std::string::npos);
    CHECK(wrong(frames, narrow).find("queries [2, 512]") != std::string::npos);
  }
}

TEST_CASE("frames that are shown several times may be stored once", "[equiv]") {
  Rng rng(1, "features");
  const Tensor rows = test::random_tensor({5, 12}, rng), queries = test::random_tensor({2, 12}, rng);
  IdTensor ids({8});
  const int32_t shown[] = {1, 3, 3, 4, 2, 3, 4, 4};
  std::copy(std::begin(shown), std::end(shown), ids.begin());
  Tensor all({8, 12});
  for (int64_t i = 0; i < 8; ++i) std::copy_n(rows.data() + ids[i] * 12, 12, all.data() + i * 12);
  HMemImage::Config config;
  config.features = 12;
  LstmImage::Config lstm_config;
  lstm_config.features = 12;
  HMemImage hmem(config, 1);
  LstmImage lstm(lstm_config, 1);
  IdTensor labels({2});
  labels[1] = 3;
  for (AssociationNet* net : std::initializer_list<AssociationNet*>{&hmem, &lstm}) {
    const Weights weights = net->weights();
    const auto gradients = [&](Tape& tape, const Frames& frames) {
      zero_gradients(weights.parameters);
      const CrossEntropy found = softmax_cross_entropy(net->forward(tape, frames, tape.constant(queries)), labels);
      tape.backward(found.loss);
      std::vector<std::vector<double>> all_gradients = {{static_cast<double>(*found.loss.data())}};
      for (const Parameter* p : weights.parameters) all_gradients.push_back(test::doubles(p->grad));
      return all_gradients;
    };
    Tape one(Tape::Mode::training), other(Tape::Mode::training);
    const auto found = gradients(one, {one.constant(rows), ids}), expected = gradients(other, other.constant(all));
    REQUIRE(found.size() == expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      double largest = 0, worst = 0;
      for (size_t j = 0; j < found[i].size(); ++j) {
        largest = std::max(largest, std::abs(expected[i][j]));
        worst = std::max(worst, std::abs(found[i][j] - expected[i][j]));
      }
      CAPTURE(i, i == 0 ? "loss" : weights.parameters[i - 1]->name, largest);
      CHECK(worst <= 1e-5 * largest);
    }
    const auto wrong = [&](const Tensor& r) {
      return test::error_text([&] { net->forward(one, {one.constant(r), ids}, one.constant(queries)); });
    };
    CHECK(wrong(Tensor({5, 11})).find("expected [B T, 12]") != std::string::npos);
    CHECK(wrong(Tensor({4, 12})).find("4") != std::string::npos);
  }
}

TEST_CASE("hmem_image computes its equations", "[equiv]") {
  HMemImage::Config config;
  config.features = 7;
  config.dense_size = 6;
  config.memory_size = 5;
  config.classes = 4;
  config.rule = {real(0.2), real(0.1), real(0.8)};
  HMemImage net(config, 2);
  Rng rng(2, "features");
  constexpr int64_t kBatch = 3, kSteps = 4;
  const Tensor frames = test::random_tensor({kBatch * kSteps, 7}, rng), queries = test::random_tensor({kBatch, 7}, rng);
  Tape tape(Tape::Mode::inference);
  const Var logits = net.forward(tape, tape.constant(frames), tape.constant(queries));

  // In inference with fresh moving averages the norm divides by sqrt(1 + epsilon).
  const auto product = [](const std::vector<double>& x, const Tensor& w, bool rectified) {
    std::vector<double> y(static_cast<size_t>(w.size(1)), 0);
    for (int64_t i = 0; i < w.size(0); ++i) {
      for (int64_t j = 0; j < w.size(1); ++j) {
        y[static_cast<size_t>(j)] += x[static_cast<size_t>(i)] * static_cast<double>(w[i * w.size(1) + j]);
      }
    }
    for (double& v : y) v = rectified ? std::max(v, 0.0) : v;
    return y;
  };
  const auto layers = [&](const Tensor& rows, int64_t row, const std::string& name) {
    const std::vector<double> x(rows.data() + row * 7, rows.data() + (row + 1) * 7);
    std::vector<double> y = product(x, value(net, name + ".dense.weight"), true);
    for (double& v : y) v /= std::sqrt(1.001);
    return y;
  };
  std::vector<double> expected;
  for (int64_t b = 0; b < kBatch; ++b) {
    double m[5][5] = {};
    for (int64_t t = 0; t < kSteps; ++t) {
      const std::vector<double> x = layers(frames, b * kSteps + t, "frame");
      const std::vector<double> k = product(x, value(net, "extract.key.weight"), true);
      const std::vector<double> v = product(x, value(net, "extract.value.weight"), true);
      for (size_t i = 0; i < 5; ++i) {
        for (size_t j = 0; j < 5; ++j) m[i][j] += 0.2 * (0.8 - m[i][j]) * k[i] * v[j] - 0.1 * m[i][j] * k[i] * k[i];
      }
    }
    const std::vector<double> k = product(layers(queries, b, "query"), value(net, "read.weight"), true);
    std::vector<double> r(5, 0);
    for (size_t i = 0; i < 5; ++i) {
      for (size_t j = 0; j < 5; ++j) r[j] += m[i][j] * k[i];
    }
    for (const double z : product(r, value(net, "output.weight"), false)) expected.push_back(z);
  }
  CHECK(test::worst_error(logits.data(), logits.count(), expected) < 1e-5);
}

TEST_CASE("lstm_image sees every frame, in order, and the query last", "[model]") {
  LstmImage::Config config;
  config.features = 7;
  config.dense_size = 6;
  config.hidden_size = 5;
  config.classes = 4;
  LstmImage net(config, 2);
  Rng rng(2, "features");
  Tensor frames = test::random_tensor({2 * 3, 7}, rng), queries = test::random_tensor({2, 7}, rng);
  const auto logits = [&] {
    Tape tape(Tape::Mode::inference);
    const Var found = net.forward(tape, tape.constant(frames), tape.constant(queries));
    return std::vector<real>(found.data(), found.data() + found.count());
  };
  const std::vector<real> before = logits();
  std::swap_ranges(frames.data(), frames.data() + 7, frames.data() + 7);  // two frames of the first example
  const std::vector<real> swapped = logits();
  CHECK_FALSE(std::equal(before.begin(), before.begin() + 4, swapped.begin()));
  CHECK(std::equal(before.begin() + 4, before.end(), swapped.begin() + 4));
  queries[7] += 1;  // of the second example
  const std::vector<real> asked = logits();
  CHECK(std::equal(swapped.begin(), swapped.begin() + 4, asked.begin()));
  CHECK_FALSE(std::equal(swapped.begin() + 4, swapped.end(), asked.begin() + 4));
}

TEST_CASE("hmem_image: a closed write gate keeps noise out, equal keys write with equal strength", "[model]") {
  HMemImage::Config config;
  config.features = 8;
  config.dense_size = 12;
  config.memory_size = 9;
  config.classes = 4;
  config.frame_norm = FrameNorm::layer;
  config.write_gate = true;
  HMemImage net(config, 1);
  CHECK(names_of(net).count("write_gate.bias") == 1);
  CHECK(net.weights().buffers.empty());
  Rng rng(2, "features");
  const Tensor frames = test::random_tensor({3, 8}, rng), queries = test::random_tensor({1, 8}, rng);
  const auto logits = [&](const Tensor& x) {
    Tape tape(Tape::Mode::inference);
    const Var found = net.forward(tape, tape.constant(x), tape.constant(queries));
    return std::vector<real>(found.data(), found.data() + found.count());
  };
  const std::vector<real> all = logits(frames);
  value(net, "write_gate.bias").fill(-100);
  CHECK(logits(frames) == std::vector<real>(4, real(0)));
  value(net, "write_gate.bias").fill(100);
  const std::vector<real> open = logits(frames);
  CHECK(open != all);

  HMemImage::Config ungated = config;
  ungated.write_gate = false;
  HMemImage plain(ungated, 1);
  Tape tape(Tape::Mode::inference);
  const Var same = plain.forward(tape, tape.constant(frames), tape.constant(queries));
  for (int64_t i = 0; i < 4; ++i) CHECK(open[static_cast<size_t>(i)] == Approx(same.data()[i]).margin(1e-6));

  config.key_norm = true;
  HMemImage::Config large = config;
  large.rule.gamma_pos = large.rule.gamma_neg = real(0.001);
  HMemImage normed(large, 1);
  value(normed, "write_gate.bias").fill(100);
  const auto with_scale = [&](real scale) {
    value(normed, "extract.key.weight").fill(0);
    for (int64_t i = 0; i < 12 * 9; ++i) value(normed, "extract.key.weight")[i] = scale * static_cast<real>(i % 7 - 2);
    Tape t(Tape::Mode::inference);
    const Var found = normed.forward(t, t.constant(frames), t.constant(queries));
    return std::vector<real>(found.data(), found.data() + found.count());
  };
  const std::vector<real> once = with_scale(1), tenfold = with_scale(10);
  for (size_t i = 0; i < 4; ++i) CHECK(tenfold[i] == Approx(once[i]).epsilon(1e-2).margin(1e-6));
}

TEST_CASE("lstm_image: chrono initialisation spreads the biases of forget gates up to log steps", "[model]") {
  LstmImage::Config config;
  config.chrono_steps = 123;
  LstmImage net(config, 1), plain({}, 1);
  const Tensor &bias = value(net, "lstm.bias"), &others = value(plain, "lstm.bias");
  double largest = 0, mean = 0;
  for (int64_t j = 0; j < 200; ++j) {
    CHECK(bias[200 + j] >= 0);
    CHECK(bias[j] == -bias[200 + j]);
    largest = std::max<double>(largest, bias[200 + j]);
    mean += std::exp(bias[200 + j]) / 200;
  }
  CHECK(largest <= std::log(122.0) + 1e-6);
  CHECK(mean == Approx(61.5).epsilon(0.15));
  CHECK(std::equal(bias.begin() + 400, bias.end(), others.begin() + 400));
  CHECK(std::equal(value(net, "lstm.kernel").begin(), value(net, "lstm.kernel").end(),
                   value(plain, "lstm.kernel").begin()));
  config.chrono_steps = 1;
  CHECK_THROWS_AS(LstmImage(config, 1), Error);
}

}  // namespace
}  // namespace hmem
