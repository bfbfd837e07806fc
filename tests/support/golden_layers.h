#pragma once
/// \file golden_layers.h
/// The convolution block and the LSTM against the files of tests/golden (see the README there).

#include <algorithm>
#include <string>
#include <string_view>

#include "hmem/nn/conv_net.h"
#include "hmem/nn/lstm.h"
#include "support/golden_qa.h"

namespace hmem::test {

/// A file of tests/golden that holds values of one layer.
class GoldenLayer {
 public:
  GoldenLayer(const std::string& name, double bound) : file_(read_golden(name)), bound_(bound) {}

  const Tensor& tensor(std::string_view name) const {
    const Tensor* found = file_.find(std::string(name));
    INFO(name);
    REQUIRE(found != nullptr);
    return *found;
  }

  void load(const std::string& name, Tensor& value) const {
    const Tensor& initial = tensor("init." + name);
    INFO(name);
    REQUIRE(initial.shape() == value.shape());
    std::copy(initial.begin(), initial.end(), value.begin());
  }

  Parameter parameter(const std::string& name) const {
    Parameter p(name, tensor("init." + name).shape());
    load(name, p.value);
    return p;
  }

  void compare(const std::string& name, ConstTensorView found) const {
    INFO(name);
    CHECK(relative_error(found, tensor(name)) <= bound_);
  }
  void compare(const std::string& name, Var found) const { compare(name, {found.data(), found.shape()}); }

 private:
  SafetensorsFile file_;
  double bound_;
};

/// Forward, gradients and moving averages of a ConvBlock without dropout.
inline void compare_conv_block(double bound) {
  const GoldenLayer golden("conv_block", bound);
  Parameter inp = golden.parameter("inp");
  Rng rng(1);
  ConvBlock block("block", inp.value.size(3), golden.tensor("out").size(3), 0, rng, 1);
  // The two convolutions of the file have different numbers of channels, so that none can be taken for another.
  block.conv1 = Conv2d("block.conv1", inp.value.size(3), 7, Activation::elu, rng);
  block.norm1 = BatchNorm("block.norm1", 7, BatchNorm::MovingVariance::unbiased);
  block.conv2 = Conv2d("block.conv2", 7, 6, Activation::elu, rng);
  Weights weights;
  block.add_to(weights);
  for (Parameter* p : weights.parameters) golden.load(p->name, p->value);
  for (Buffer* b : weights.buffers) golden.load(b->name, b->value);
  weights.add(inp);

  Tape tape;
  const Var out = block.forward(tape, tape.leaf(inp));
  golden.compare("out", out);
  for (Buffer* b : weights.buffers) golden.compare("step1." + b->name, b->value.view());
  tape.backward(weighted_sum(out, golden.tensor("out_weight")));
  for (Parameter* p : weights.parameters) golden.compare("grad." + p->name, p->grad.view());
  tape.reset(Tape::Mode::inference);
  golden.compare("eval_out", block.forward(tape, tape.leaf(inp)));
}

/// Forward and gradients of the LSTM.
inline void compare_lstm(double bound) {
  const GoldenLayer golden("lstm", bound);
  for (const LstmOutput output : {LstmOutput::last, LstmOutput::all}) {
    const std::string kind = output == LstmOutput::last ? "last." : "all.";
    Parameter x = golden.parameter("x");
    Rng rng(1);
    Lstm layer("lstm", x.value.size(2), 6, rng);
    Weights weights;
    layer.add_to(weights);
    for (Parameter* p : weights.parameters) golden.load(p->name, p->value);
    weights.add(x);
    Tape tape;
    const Var out = layer.forward(tape, tape.leaf(x), output);
    golden.compare(kind + "out", out);
    tape.backward(weighted_sum(out, golden.tensor(kind + "out_weight")));
    for (Parameter* p : weights.parameters) golden.compare(kind + "grad." + p->name, p->grad.view());
  }
}

}  // namespace hmem::test
