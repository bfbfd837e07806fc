// Convolutions of ConvNet14 against a matrix product of the same flops, and the whole network forward and backward.
// README.md explains the output.

#include <algorithm>
#include <cstdio>
#include <functional>
#include <vector>

#include "hmem/autodiff/ops_nn.h"
#include "hmem/core/parallel.h"
#include "hmem/core/program.h"
#include "hmem/core/rng.h"
#include "hmem/kernels/blas.h"
#include "hmem/kernels/conv2d.h"
#include "hmem/kernels/isa.h"
#include "hmem/models/conv_net14.h"
#include "timing.h"

namespace {

using namespace hmem;
using namespace hmem::bench;

double wall_seconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

Tensor random_tensor(const Shape& shape, double low, double high) {
  Rng rng(1, "bench.conv");
  Tensor x(shape);
  for (real& value : x) value = static_cast<real>(rng.uniform(low, high));
  return x;
}

/// One line: GFLOP/s of the three directions, each with its ratio to the direct form, and of the product pixels x 9 in
/// by 9 in x out.
void bench_layer(const Conv2dDims& d, int repeats) {
  const int64_t pixels = d.pixels(), k = 9 * d.in;
  const Tensor inp = random_tensor({pixels, d.in}, -1, 1), weight = random_tensor({d.weights()}, -.1, .1),
               bias = random_tensor({d.out}, -1, 1), dz = random_tensor({pixels, d.out}, -1, 1);
  const int64_t product_rows = std::min<int64_t>(pixels, 2048);  // a large part has the same rate
  const Tensor gathered = random_tensor({product_rows, k}, -1, 1);
  Tensor out({pixels, d.out}), dinp({pixels, d.in}), dweight({d.weights()}), product({product_rows, d.out});
  const std::function<void()> directions[] = {
      [&] { conv2d_forward(out.data(), inp.data(), weight.data(), bias.data(), Activation::none, d); },
      [&] { conv2d_backward_data(dinp.data(), dz.data(), weight.data(), d); },
      [&] { conv2d_backward_weights(dweight.data(), dz.data(), inp.data(), d); }};
  std::vector<std::function<void()>> variants;
  const ConvAlgorithm present = conv_algorithm();
  for (const ConvAlgorithm algorithm : {present, ConvAlgorithm::direct}) {
    for (const auto& direction : directions) {
      variants.push_back([&direction, algorithm] {
        select_conv_algorithm(algorithm);
        direction();
      });
    }
  }
  variants.push_back([&] {
    gemm(product.data(), d.out, matrix(gathered.data(), k), matrix(weight.data(), d.out), product_rows, d.out, k,
         false);
  });
  const std::vector<double> seconds = fastest(variants, repeats);
  select_conv_algorithm(present);
  const double flops = 2e-9 * static_cast<double>(pixels) * static_cast<double>(k) * static_cast<double>(d.out);
  std::printf("%3lldx%-2lld %4lld %4lld  %6.2f ", static_cast<long long>(d.height), static_cast<long long>(d.width),
              static_cast<long long>(d.in), static_cast<long long>(d.out), flops);
  for (size_t i = 0; i < 3; ++i) std::printf(" %7.1f %5.2f", flops / seconds[i], seconds[3 + i] / seconds[i]);
  std::printf("  %7.1f\n", flops * static_cast<double>(product_rows) / static_cast<double>(pixels) / seconds[6]);
}

void bench_layers(int64_t batch, int64_t width, int repeats) {
  std::printf("\n%lld images of 32x%lld, one thread: GFLOP/s, and how many times as fast as the direct form\n",
              static_cast<long long>(batch), static_cast<long long>(width));
  std::printf("map      in  out  GFLOP       forward          data       weights    sgemm\n");
  int64_t in = 3, height = 32, w = width;
  for (const int64_t channels : {32, 64, 128, 256, 512}) {
    bench_layer({batch, height, w, in, channels}, repeats);
    bench_layer({batch, height, w, channels, channels}, repeats);
    in = channels;
    height /= 2;
    w /= 2;
  }
}

/// The convolutional part and the pretraining top, on one batch, repeatedly.
class ConvNetwork {
 public:
  explicit ConvNetwork(int64_t batch) : images_(random_tensor({batch, 32, 32, 3}, 0, 1)), labels_({batch}) {
    for (int64_t i = 0; i < batch; ++i) labels_[i] = static_cast<int32_t>(i % 20);
    net_.add_to(weights_);
    top_.add_to(weights_);
  }
  Var forward() {
    tape_.reset(Tape::Mode::training);
    const Var logits = top_.forward(tape_, net_.forward(tape_, tape_.constant(images_)));
    return softmax_cross_entropy(logits, labels_).loss;
  }
  void forward_backward() {
    zero_gradients(weights_.parameters);
    tape_.backward(forward());
  }

 private:
  ConvNet14 net_{1};
  ConvNet14Top top_{ConvNet14::kFeatures, 20, 1};
  Tensor images_;
  IdTensor labels_;
  Weights weights_;
  Tape tape_;
};

void bench_network(int64_t batch, int repeats) {
  std::printf("\nConvNet14 with its top, %lld images of 32x32x3, ms (wall)\n", static_cast<long long>(batch));
  ConvNetwork network(batch);
  double one = 0;
  for (const int threads : {1, 2}) {
    if (threads > available_threads()) break;
    set_num_threads(threads);
    const std::vector<double> seconds =
        fastest({[&] { network.forward(); }, [&] { network.forward_backward(); }}, repeats, wall_seconds);
    std::printf("threads %d  forward %7.1f  forward+backward %7.1f", threads, 1e3 * seconds[0], 1e3 * seconds[1]);
    if (threads == 1) one = seconds[1];
    std::printf("  %.2f times as fast as one\n", one / seconds[1]);
  }
  set_num_threads(1);
}

int run(const Options& options) {
  const int repeats = static_cast<int>(options.get_int("repeats"));
  const int64_t batch = options.get_int("batch");
  print_by_line();
  set_num_threads(1);
  std::printf("hmem %s\nkernels=%s blas=\"%s\" threading=\"%s\"\n", build_info().str().c_str(),
              kernel_set_name().c_str(), blas_name().c_str(), threading_name().c_str());
  bench_layers(batch, 32, repeats);
  bench_layers(batch / 4, 64, repeats);
  bench_network(batch, repeats);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options("bench_conv", "Convolutions of ConvNet14, and the whole network forward and backward.");
  options.add_int("repeats", 9, "rounds; the fastest counts", {1, 1000});
  options.add_int("batch", 128, "images of 32 x 32; a quarter as many of 32 x 64", {4, 4096});
  return run_program(argc, argv, options, run);
}
