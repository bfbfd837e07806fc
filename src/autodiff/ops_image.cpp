#include "hmem/autodiff/ops_image.h"

#include <array>
#include <vector>

#include "hmem/core/check.h"
#include "hmem/kernels/conv2d.h"
#include "hmem/kernels/pool.h"

namespace hmem {

namespace {
const Op kConv2d("conv2d"), kMaxPool("max_pool"), kConvBlock("conv_block");
}

Var conv2d(Var inp, Var weight, Var bias, Activation activation) {
  const Shape &x = inp.shape(), &w = weight.shape();
  HMEM_CHECK(x.rank() == 4 && w.rank() == 4 && w == Shape({3, 3, x[3], w[3]}) && bias.shape() == Shape({w[3]}),
             "conv2d: inp ", x, ", weight ", w, ", bias ", bias.shape(),
             ", expected [B, H, W, in], [3, 3, in, out], [out]");
  const Conv2dDims dims = {x[0], x[1], x[2], x[3], w[3]};
  const Shape out_shape = {x[0], x[1], x[2], w[3]};
  Var out = inp.tape().record(kConv2d, out_shape, {inp, weight, bias}, [=](Var y) {
    real* dz = y.grad();  // dout is not read again, so dz takes its place
    bias_backward(activation == Activation::none ? nullptr : dz, bias.grad(), y.grad(), y.data(), activation,
                  dims.pixels(), dims.out);
    if (weight.needs_grad()) conv2d_backward_weights(weight.grad(), dz, inp.data(), dims);
    if (inp.needs_grad()) conv2d_backward_data(inp.grad(), dz, weight.data(), dims);
  });
  conv2d_forward(out.data(), inp.data(), weight.data(), bias.data(), activation, dims);
  return out;
}

Var max_pool(Var inp) {
  const Shape& x = inp.shape();
  HMEM_CHECK(x.rank() == 4 && x[1] >= 2 && x[2] >= 2, "max_pool: inp ", x,
             ", expected [B, H, W, C] with H and W of 2 or more");
  const ImageDims dims = {x[0], x[1], x[2], x[3]};
  const Shape out_shape = {x[0], x[1] / 2, x[2] / 2, x[3]};
  Tape& tape = inp.tape();
  uint8_t* argmax = tape.allocate<uint8_t>(out_shape.count());
  Var out =
      tape.record(kMaxPool, out_shape, {inp}, [=](Var y) { max_pool_backward(inp.grad(), y.grad(), argmax, dims); });
  max_pool_forward(out.data(), argmax, inp.data(), dims);
  return out;
}

Var conv_block(Var inp, const ConvStageVars (&vars)[2], real epsilon, const DropoutMask& mask, int64_t piece,
               NormStatistics (&used)[2]) {
  const Shape &x = inp.shape(), &w = vars[0].weight.shape();
  HMEM_CHECK(x.rank() == 4 && w.rank() == 4 && x[1] % 2 == 0 && x[2] % 2 == 0 && w == Shape({3, 3, x[3], w[3]}) &&
                 vars[1].weight.shape() == Shape({3, 3, w[3], w[3]}),
             "conv_block: inp ", x, ", weights ", w, ", ", vars[1].weight.shape(),
             ", expected [B, H, W, in] with even H and W, [3, 3, in, out], [3, 3, out, out]");
  const bool fixed = vars[0].fixed != nullptr;
  HMEM_CHECK(piece > 0 && fixed == (vars[1].fixed != nullptr), "conv_block: pieces of ", piece,
             " images, expected at least 1, and statistics that are given for both norms or for none");
  Tape& tape = inp.tape();
  const int64_t e = w[3];
  const ConvBlockDims dims = {{x[0], x[1], x[2], x[3], e}, piece, epsilon, mask};
  std::vector<Var> inputs = {inp};
  ConvStages& stages = *tape.allocate<ConvStages>(1);  // forward completes them
  for (size_t i = 0; i < 2; ++i) {
    const ConvStageVars& of = vars[i];
    for (const Var var : {of.bias, of.scale, of.shift}) {
      HMEM_CHECK(var.shape() == Shape({e}), "conv_block: bias, scale or shift ", var.shape(), ", expected [", e, "]");
    }
    inputs.insert(inputs.end(), {of.weight, of.bias, of.scale, of.shift});
    stages[i] = {of.weight.data(), of.bias.data(), of.scale.data(), of.shift.data(),
                 fixed ? *of.fixed : NormStatistics{tape.allocate<real>(e), tape.allocate<real>(e)}};
  }
  Var out = tape.record(kConvBlock, {x[0], x[1] / 2, x[2] / 2, e}, inputs, [=, &tape, &stages](Var y) {
    std::array<ConvStageGrads, 2> grads;
    for (size_t i = 0; i < 2; ++i) {
      const Var* of = &inputs[1 + 4 * i];
      grads[i] = {of[0].grad(), of[1].grad(), of[2].grad(), of[3].grad()};
    }
    conv_block_backward(inp.grad(), grads, y.grad(), inp.data(), stages, dims, tape.part().sum);
  });
  conv_block_forward(out.data(), inp.data(), stages, dims, fixed, tape.part().sum);
  for (size_t i = 0; i < 2; ++i) used[i] = stages[i].statistics;
  return out;
}

}  // namespace hmem
