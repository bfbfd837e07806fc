// The networks of the image association task against central differences, on features that are trained too, as those
// of a ConvNet are.

#include <vector>

#include "catch.h"
#include "hmem/autodiff/grad_check.h"
#include "hmem/models/hmem_image.h"
#include "hmem/models/lstm_image.h"
#include "hmem/train/classifier.h"
#include "support/numbers.h"

namespace hmem {
namespace {

constexpr int64_t kBatch = 4, kSteps = 5, kFeatures = 7, kClasses = 4;

void check_net(AssociationNet& net) {
  Rng rng(4, "image_nets_grad_test");
  const Weights weights = net.weights();
  std::vector<Parameter*> parameters = weights.parameters;
  for (Parameter* p : parameters) {
    for (real& x : p->value) x += static_cast<real>(rng.uniform(-0.3, 0.3));
  }
  Parameter frames("frames", {kBatch * kSteps, kFeatures}), queries("queries", {kBatch, kFeatures});
  for (Parameter* p : {&frames, &queries}) {
    p->value = test::random_tensor(p->value.shape(), rng);
    parameters.push_back(p);
  }
  IdTensor answers({kBatch});
  for (int64_t b = 0; b < kBatch; ++b) answers[b] = static_cast<int32_t>(b % kClasses);
  GradCheckSettings settings;
  settings.tolerance = 1e-6;  // the norm of a small key is steep and curved
  const auto loss = [&](Tape& tape) {
    const Var logits = net.forward(tape, tape.leaf(frames), tape.leaf(queries));
    return classification_loss(logits, answers, weights, 0.01).loss;
  };
  const GradReport report = check_gradients(parameters, loss, settings);
  CAPTURE(report.problem, report.worst_error);
  CHECK(report.ok());
}

TEST_CASE("gradients of hmem_image", "[grad]") {
  HMemImage::Config config;
  config.features = kFeatures;
  config.dense_size = 12;
  config.memory_size = 9;
  config.classes = kClasses;
  config.rule = {real(0.3), real(0.2), real(0.9)};
  config.dropout = GENERATE(0.0, 0.3);
  config.frame_norm = GENERATE(FrameNorm::batch, FrameNorm::layer);
  config.write_gate = GENERATE(false, true);
  config.key_norm = GENERATE(false, true);
  HMemImage net(config, 1);
  check_net(net);
}

TEST_CASE("gradients of lstm_image", "[grad]") {
  LstmImage::Config config;
  config.features = kFeatures;
  config.dense_size = 12;
  config.hidden_size = 9;
  config.classes = kClasses;
  config.dropout = GENERATE(0.0, 0.3);
  config.frame_norm = GENERATE(FrameNorm::batch, FrameNorm::layer);
  config.chrono_steps = GENERATE(0, 40);
  LstmImage net(config, 1);
  check_net(net);
}

}  // namespace
}  // namespace hmem
