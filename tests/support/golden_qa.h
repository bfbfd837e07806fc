#pragma once
/// \file golden_qa.h
/// H-Mem for question answering against the files of tests/golden (see the README there).

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "hmem/core/safetensors.h"
#include "hmem/models/hmem_qa.h"
#include "hmem/optim/adam.h"
#include "hmem/train/classifier.h"
#include "support/pack_batch.h"

namespace hmem::test {

inline const std::vector<std::string>& golden_qa_cases() {
  static const std::vector<std::string> cases = {"plain",
                                                 "batch_norm_masked",
                                                 "batch_norm_none",
                                                 "position_encoding",
                                                 "identity_encoding",
                                                 "one_hop",
                                                 "w_assoc_max",
                                                 "clipped",
                                                 "short_stories",
                                                 "all_options",
                                                 "read_before_write",
                                                 "read_before_write_all_options",
                                                 "answer_layer",
                                                 "read_norm_hop_sum",
                                                 "two_layer_extractors",
                                                 "signed_write",
                                                 "separate_hops",
                                                 "all_new_options"};
  return cases;
}

inline SafetensorsFile read_golden(const std::string& name) {
  const std::filesystem::path tests = std::filesystem::path(__FILE__).parent_path().parent_path();
  return read_safetensors((tests / "golden" / (name + ".safetensors")).string());
}

/// Largest difference relative to the largest value.
inline double relative_error(ConstTensorView found, const Tensor& expected) {
  REQUIRE(found.count() == expected.count());
  double difference = 0, largest = 0;
  for (int64_t i = 0; i < expected.count(); ++i) {
    if (!std::isfinite(found[i])) return INFINITY;
    difference = std::max(difference, std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i])));
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  return difference / largest;
}

/// Bounds of relative_error().
struct GoldenTolerance {
  double forward;    ///< logits, losses, moving averages of the first step
  double gradients;  ///< first step
  double training;   ///< losses of the ten steps
  double final;      ///< parameters, moving averages and logits afterwards
};

/// L2 penalty of the independent program.
constexpr double kGoldenL2 = 1e-3;

/// One file of tests/golden with the model that it describes.
class GoldenQa {
 public:
  explicit GoldenQa(const std::string& name)
      : file_(read_golden(name)), model_(config(), 1), weights_(model_.weights()) {
    size_t loaded = 0;
    for (Parameter* parameter : weights_.parameters) loaded += load(parameter->name, parameter->value);
    for (Buffer* buffer : weights_.buffers) loaded += load(buffer->name, buffer->value);
    const size_t fixed_encoding = model_.config().encoding == EncodingType::learned ? 0 : 1;
    REQUIRE(count("init.") == loaded + fixed_encoding);
    REQUIRE(count("grad.") == weights_.parameters.size());
  }

  HMemQa& model() { return model_; }
  const Weights& weights() const { return weights_; }

  BabiBatch batch(Duplicates duplicates = Duplicates::shared) const {
    return pack_batch(ids("story_ids"), ids("question_ids"), ids("answers"), duplicates);
  }

  /// The first step, nine more, and the model that they leave.
  void compare(const GoldenTolerance& tolerance) {
    const BabiBatch batch_of_stories = batch();
    Adam::Settings settings;
    settings.max_grad_norm = number("max_grad_norm");
    Adam adam(weights_.parameters, settings);
    const Tensor& losses = tensor("losses");
    for (int64_t step = 0; step < losses.count(); ++step) {
      Tape tape;
      zero_gradients(weights_.parameters);
      const Var logits = model_.forward(tape, batch_of_stories);
      const ClassificationLoss result = classification_loss(logits, batch_of_stories.answers, weights_, kGoldenL2);
      const double loss = static_cast<double>(*result.loss.data()), expected = static_cast<double>(losses[step]);
      INFO("step " << step << ": loss " << loss << ", expected " << expected);
      CHECK(std::abs(loss - expected) <= tolerance.training * expected);
      tape.backward(result.loss);
      if (step == 0) compare_first_step(logits, result, tolerance);
      adam.step(number("learning_rate"));
      model_.after_update();
    }

    for (Parameter* parameter : weights_.parameters) {
      compare_with("final." + parameter->name, parameter->value.view(), tolerance.final);
    }
    for (Buffer* buffer : weights_.buffers)
      compare_with("final." + buffer->name, buffer->value.view(), tolerance.final);
    Tape tape(Tape::Mode::inference);
    const Var logits = model_.forward(tape, batch_of_stories);
    compare_with("eval_logits", {logits.data(), logits.shape()}, tolerance.final);
    const Var loss = classification_loss(logits, batch_of_stories.answers, weights_, kGoldenL2).loss;
    compare_with("eval_loss", {loss.data(), {1}}, tolerance.final);
  }

 private:
  void compare_first_step(Var logits, const ClassificationLoss& result, const GoldenTolerance& tolerance) {
    compare_with("logits", {logits.data(), logits.shape()}, tolerance.forward);
    compare_with("loss", {result.loss.data(), {1}}, tolerance.forward);
    compare_with("cross_entropy", {result.answer.loss.data(), {1}}, tolerance.forward);
    for (Buffer* buffer : weights_.buffers) {
      compare_with("step1." + buffer->name, buffer->value.view(), tolerance.forward);
    }
    for (Parameter* parameter : weights_.parameters) {
      compare_with("grad." + parameter->name, parameter->grad.view(), tolerance.gradients);
    }
  }

  void compare_with(const std::string& name, ConstTensorView found, double bound) const {
    INFO(name);
    CHECK(relative_error(found, tensor(name)) <= bound);
  }

  /// Settings are in the file under the names of the flags, except those that have their defaults.
  HMemQa::Config config() const {
    HMemQa::Config config;
    const Settings defaults = settings_of(config);
    const std::map<std::string, std::string> values(defaults.begin(), defaults.end());
    config.visit(SettingReader(
        [&](const SettingName& name) {
          const auto found = file_.metadata.find(name.text);
          return found == file_.metadata.end() ? values.at(name.text) : found->second;
        },
        "golden"));
    config.vocabulary = tensor("init.embedding.weight").size(0);
    config.words_per_sentence = tensor("question_ids").size(1);
    return config;
  }

  double number(const std::string& key) const { return std::stod(file_.metadata.at(key)); }

  const Tensor& tensor(std::string_view name) const {
    const Tensor* found = file_.find(std::string(name));
    INFO(name);
    REQUIRE(found != nullptr);
    return *found;
  }

  IdTensor ids(const std::string& name) const {
    const Tensor& values = tensor(name);
    IdTensor result(values.shape());
    std::transform(values.begin(), values.end(), result.begin(), [](real x) { return static_cast<int32_t>(x); });
    return result;
  }

  size_t count(const std::string& prefix) const {
    return static_cast<size_t>(std::count_if(file_.tensors.begin(), file_.tensors.end(), [&](const NamedTensor& named) {
      return named.name.compare(0, prefix.size(), prefix) == 0;
    }));
  }

  size_t load(const std::string& name, Tensor& value) const {
    const Tensor& initial = tensor("init." + name);
    INFO(name);
    REQUIRE(initial.shape() == value.shape());
    std::copy(initial.begin(), initial.end(), value.begin());
    return 1;
  }

  SafetensorsFile file_;
  HMemQa model_;
  Weights weights_;
};

}  // namespace hmem::test
