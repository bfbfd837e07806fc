#include "hmem/autodiff/ops_image.h"

#include "hmem/core/check.h"
#include "hmem/kernels/conv2d.h"
#include "hmem/kernels/pool.h"

namespace hmem {

namespace {
const Op kConv2d("conv2d"), kMaxPool("max_pool");
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

}  // namespace hmem
