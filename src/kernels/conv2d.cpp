#include "hmem/kernels/conv2d.h"

#include "kernels/conv2d_direct.h"
#include "kernels/conv2d_gemm.h"

namespace hmem {

namespace {
ConvAlgorithm g_algorithm = ConvAlgorithm::direct;
}

void select_conv_algorithm(ConvAlgorithm algorithm) { g_algorithm = algorithm; }

ConvAlgorithm conv_algorithm() { return g_algorithm; }

void conv2d_forward(real* out, const real* inp, const real* weight, const real* bias, Activation activation,
                    const Conv2dDims& dims) {
  const bool direct = g_algorithm == ConvAlgorithm::direct;
  (direct ? conv2d_forward_direct : conv2d_forward_gemm)(out, inp, weight, bias, activation, dims);
}

void conv2d_backward_data(real* dinp, const real* dz, const real* weight, const Conv2dDims& dims) {
  const bool direct = g_algorithm == ConvAlgorithm::direct;
  (direct ? conv2d_backward_data_direct : conv2d_backward_data_gemm)(dinp, dz, weight, dims);
}

void conv2d_backward_weights(real* dweight, const real* dz, const real* inp, const Conv2dDims& dims) {
  const bool direct = g_algorithm == ConvAlgorithm::direct;
  (direct ? conv2d_backward_weights_direct : conv2d_backward_weights_gemm)(dweight, dz, inp, dims);
}

}  // namespace hmem
