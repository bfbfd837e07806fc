#include "hmem/autodiff/ops_basic.h"

#include "hmem/core/check.h"
#include "hmem/kernels/blas.h"
#include "hmem/kernels/elementwise.h"

namespace hmem {

namespace {
const Op kAdd("add"), kMatmul("matmul"), kRelu("relu"), kElu("elu"), kAddBias("add_bias"), kL2Penalty("l2_penalty"),
    kWeightedSum("weighted_sum"), kGateRows("gate_rows");
}

Var add(Var a, Var b) {
  HMEM_CHECK(a.shape() == b.shape(), "add: shapes ", a.shape(), " and ", b.shape(), " differ");
  const int64_t n = a.count();
  Var out = a.tape().record(kAdd, a.shape(), {a, b}, [=](Var sum) {
    if (a.needs_grad()) accumulate(a.grad(), sum.grad(), n);
    if (b.needs_grad()) accumulate(b.grad(), sum.grad(), n);
  });
  add_forward(out.data(), a.data(), b.data(), n);
  return out;
}

Var matmul(Var x, Var w) {
  HMEM_CHECK(x.shape().rank() == 2 && w.shape().rank() == 2 && x.size(1) == w.size(0), "matmul: cannot multiply ",
             x.shape(), " by ", w.shape());
  const int64_t m = x.size(0), k = x.size(1), n = w.size(1);
  Var out = x.tape().record(kMatmul, {m, n}, {x, w}, [=](Var product) {
    const real* dout = product.grad();
    if (x.needs_grad()) gemm(x.grad(), k, matrix(dout, n), transposed(w.data(), n), m, k, n, true);
    if (w.needs_grad()) gemm(w.grad(), n, transposed(x.data(), k), matrix(dout, n), k, n, m, true);
  });
  gemm(out.data(), n, matrix(x.data(), k), matrix(w.data(), n), m, n, k, false);
  return out;
}

Var relu(Var inp) {
  Var out = inp.tape().record(kRelu, inp.shape(), {inp}, [=](Var rectified) {
    relu_backward(inp.grad(), inp.data(), rectified.grad(), inp.count());
  });
  relu_forward(out.data(), inp.data(), inp.count());
  return out;
}

Var elu(Var inp) {
  Var out = inp.tape().record(kElu, inp.shape(), {inp},
                              [=](Var y) { elu_backward(inp.grad(), y.data(), y.grad(), inp.count()); });
  elu_forward(out.data(), inp.data(), inp.count());
  return out;
}

Var gate_rows(Var x, Var g) {
  HMEM_CHECK(x.shape().rank() == 2 && g.shape() == Shape({x.size(0), 1}), "gate_rows: x ", x.shape(), ", g ", g.shape(),
             ", expected [rows, n] and [rows, 1]");
  const int64_t rows = x.size(0), n = x.size(1);
  real* s = x.tape().allocate<real>(rows);
  Var out = x.tape().record(kGateRows, x.shape(), {x, g},
                            [=](Var y) { gate_rows_backward(x.grad(), g.grad(), y.grad(), x.data(), s, rows, n); });
  gate_rows_forward(out.data(), s, x.data(), g.data(), rows, n);
  return out;
}

Var add_bias(Var x, Var bias, Activation activation) {
  HMEM_CHECK(x.shape().rank() == 2 && bias.shape() == Shape({x.size(1)}), "add_bias: x ", x.shape(), ", bias ",
             bias.shape(), ", expected [rows, n] and [n]");
  const int64_t rows = x.size(0), n = x.size(1);
  Var out = x.tape().record(kAddBias, x.shape(), {x, bias}, [=](Var y) {
    real* dz = y.grad();  // dout is not read again, so dz takes its place
    bias_backward(dz, bias.grad(), y.grad(), y.data(), activation, rows, n);
    if (x.needs_grad()) accumulate(x.grad(), dz, x.count());
  });
  bias_forward(out.data(), x.data(), bias.data(), activation, rows, n);
  return out;
}

Var l2_penalty(const std::vector<Var>& values, real lambda) {
  HMEM_CHECK(!values.empty(), "l2_penalty: nothing to penalise");
  Var out = values[0].tape().record(kL2Penalty, {}, values, [=](Var penalty) {
    const real scale = 2 * lambda * *penalty.grad();
    for (Var x : values) {
      if (x.needs_grad()) axpy(x.grad(), scale, x.data(), x.count());
    }
  });
  double sum = 0;
  for (Var x : values) sum += sum_of_squares(x.data(), x.count());
  *out.data() = static_cast<real>(static_cast<double>(lambda) * sum);
  return out;
}

Var weighted_sum(Var x, const Tensor& weight) {
  HMEM_CHECK(weight.count() == x.count(), "weighted_sum: ", weight.count(), " weights for ", x.count(), " values");
  const real* w = x.tape().copy(weight.data(), weight.count());
  Var out = x.tape().record(kWeightedSum, {}, {x}, [=](Var sum) { axpy(x.grad(), *sum.grad(), w, x.count()); });
  double sum = 0;
  for (int64_t i = 0; i < x.count(); ++i) sum += static_cast<double>(w[i]) * static_cast<double>(x.data()[i]);
  *out.data() = static_cast<real>(sum);
  return out;
}

}  // namespace hmem
