#include "hmem/kernels/conv2d.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "catch.h"
#include "kernels/conv2d_forms.h"
#include "kernels/conv2d_packing.h"
#include "support/error_text.h"
#include "support/numbers.h"
#include "support/settings.h"

namespace hmem {
namespace {

using test::doubles;
using test::nan_tensor;
using test::random_tensor;
using test::worst_error;
using Doubles = std::vector<double>;

class UseAlgorithm {
 public:
  explicit UseAlgorithm(ConvAlgorithm algorithm) : old_(conv_algorithm()) { select_conv_algorithm(algorithm); }
  ~UseAlgorithm() { select_conv_algorithm(old_); }
  UseAlgorithm(const UseAlgorithm&) = delete;
  UseAlgorithm& operator=(const UseAlgorithm&) = delete;

 private:
  ConvAlgorithm old_;
};

/// Convolution by its definition.
struct NaiveConv {
  Conv2dDims d;

  /// visit(index in out, in inp, in weight) for every product of the sum.
  template <typename Visit>
  void each_product(const Visit& visit) const {
    for (int64_t b = 0; b < d.batch; ++b)
      for (int64_t y = 0; y < d.height; ++y)
        for (int64_t x = 0; x < d.width; ++x)
          for (int64_t dy = 0; dy < 3; ++dy)
            for (int64_t dx = 0; dx < 3; ++dx) {
              const int64_t from_y = y + dy - 1, from_x = x + dx - 1;
              if (from_y < 0 || from_y >= d.height || from_x < 0 || from_x >= d.width) continue;
              const int64_t out = ((b * d.height + y) * d.width + x) * d.out;
              const int64_t inp = ((b * d.height + from_y) * d.width + from_x) * d.in;
              for (int64_t i = 0; i < d.in; ++i)
                for (int64_t o = 0; o < d.out; ++o) {
                  visit(static_cast<size_t>(out + o), static_cast<size_t>(inp + i),
                        static_cast<size_t>(((dy * 3 + dx) * d.in + i) * d.out + o));
                }
            }
  }
};

const std::vector<Conv2dDims>& sizes() {
  static const std::vector<Conv2dDims> all = {
      {2, 5, 7, 3, 4},    {1, 1, 1, 1, 1},    {3, 4, 32, 3, 32},  {2, 6, 16, 32, 32}, {3, 8, 8, 16, 48},
      {9, 4, 4, 32, 64},  {17, 2, 2, 64, 32}, {5, 2, 4, 40, 96},  {20, 1, 2, 5, 32},  {2, 3, 9, 33, 70},
      {1, 2, 64, 3, 32},  {8, 2, 2, 32, 32},  {33, 2, 2, 16, 32}, {2, 9, 13, 16, 32}, {130, 2, 3, 9, 33},
      {1, 7, 3, 64, 16},  {3, 6, 2, 18, 20},  {9, 2, 2, 33, 40},  {5, 2, 3, 17, 40},  {2, 9, 13, 19, 21},
      {2, 2, 12, 17, 16}, {1, 50, 44, 16, 18}};
  return all;
}

/// Random operands of one convolution, and what the three directions make of them by definition in double precision.
struct ConvCase {
  Conv2dDims d;
  Rng rng{static_cast<uint64_t>(d.weights() + d.width), "conv2d"};
  Tensor inp = random_tensor({d.pixels(), d.in}, rng), weight = random_tensor({d.weights()}, rng, 0.2),
         bias = random_tensor({d.out}, rng), dz = random_tensor({d.pixels(), d.out}, rng);
  Tensor out = nan_tensor({d.pixels(), d.out}), dinp = random_tensor({d.pixels(), d.in}, rng),
         dweight = random_tensor({d.weights()}, rng);
  Doubles expected_out = Doubles(static_cast<size_t>(d.pixels() * d.out)), expected_dinp = doubles(dinp),
          expected_dweight = doubles(dweight);

  ConvCase(const Conv2dDims& dims, Activation activation) : d(dims) {
    for (size_t p = 0; p < expected_out.size(); ++p) expected_out[p] = bias[static_cast<int64_t>(p) % d.out];
    const Doubles x = doubles(inp), w = doubles(weight), g = doubles(dz);
    NaiveConv{d}.each_product([&](size_t o, size_t i, size_t t) {
      expected_out[o] += x[i] * w[t];
      expected_dinp[i] += g[o] * w[t];
      expected_dweight[t] += g[o] * x[i];
    });
    if (activation == Activation::elu) {
      for (double& value : expected_out) value = value > 0 ? value : std::expm1(value);
    }
  }
  void check() const {
    CHECK(worst_error(out, expected_out) <= 3e-6);
    CHECK(worst_error(dinp, expected_dinp) <= 3e-6);
    CHECK(worst_error(dweight, expected_dweight) <= 3e-6);
  }
};

TEST_CASE("convolution and its adjoints against the definition", "[kernel]") {
  const Conv2dDims d = GENERATE(from_range(sizes()));
  const Activation activation = GENERATE(Activation::none, Activation::elu);
  const ConvAlgorithm algorithm = GENERATE(ConvAlgorithm::winograd, ConvAlgorithm::direct, ConvAlgorithm::gemm);
  const UseAlgorithm use(algorithm);
  CAPTURE(d.batch, d.height, d.width, d.in, d.out, static_cast<int>(activation), static_cast<int>(algorithm));
  ConvCase c(d, activation);
  conv2d_forward(c.out.data(), c.inp.data(), c.weight.data(), c.bias.data(), activation, d);
  conv2d_backward_data(c.dinp.data(), c.dz.data(), c.weight.data(), d);
  conv2d_backward_weights(c.dweight.data(), c.dz.data(), c.inp.data(), d);
  c.check();
}

// Also where it does not pay and conv2d.h would take the direct form.
TEST_CASE("convolution: minimal filtering of any size against the definition", "[kernel]") {
  const Conv2dDims d = GENERATE(from_range(sizes()));
  const std::string kernels = GENERATE(from_range(available_kernel_sets()));
  const test::UseKernels use(kernels);
  CAPTURE(d.batch, d.height, d.width, d.in, d.out, kernels);
  ConvCase c(d, Activation::elu);

  Tensor packed({packed_conv_weights(d.in, d.out)}), turned({packed_conv_weights(d.out, d.in)});
  pack_conv_weights(packed.data(), c.weight.data(), d);
  pack_turned_conv_weights(turned.data(), c.weight.data(), d);
  ConvResult forward, backward;
  forward.bias = c.bias.data();
  forward.elu = true;
  backward.accumulate = true;
  winograd_form.convolve(c.out.data(), d.out, c.inp.data(), d.in, packed.data(), forward, d);
  winograd_form.convolve(c.dinp.data(), d.in, c.dz.data(), d.out, turned.data(), backward, d);
  Tensor partials({winograd_form.partials(d)});
  winograd_form.add_partials(partials.data(), c.dz.data(), c.inp.data(), d, 0, d.batch);
  winograd_form.sum_partials(c.dweight.data(), partials.data(), d);
  c.check();
}

TEST_CASE("convolution: minimal filtering where it saves a third of the products", "[kernel]") {
  const auto pays = [](int64_t height, int64_t width, int64_t in = 16, int64_t out = 16, int64_t batch = 1) {
    return winograd_pays({batch, height, width, in, out});
  };
  for (const int64_t n : {1, 2, 3, 4, 8, 32, 33}) {
    CAPTURE(n);
    CHECK_FALSE(pays(1, n));
    CHECK_FALSE(pays(n, 1));
  }
  CHECK_FALSE(pays(3, 3));
  CHECK_FALSE(pays(5, 5));
  CHECK_FALSE(pays(2, 5));
  CHECK(pays(2, 2));
  CHECK(pays(2, 3));
  CHECK(pays(3, 4));
  CHECK(pays(6, 6));
  CHECK(pays(7, 7));
  CHECK(pays(32, 64, 32, 32));
  CHECK_FALSE(pays(32, 64, 15, 32));
  CHECK_FALSE(pays(32, 64, 32, 15));
  // The pieces of a batch choose like the whole batch.
  for (const int64_t n : {2, 3, 4, 5, 32}) CHECK(pays(n, n, 32, 32, 1) == pays(n, n, 32, 32, 300));
}

struct Results {
  Tensor out, dinp, dweight;
};

Results run(const Conv2dDims& d) {
  Rng rng(7, "conv2d");
  const Tensor inp = random_tensor({d.pixels(), d.in}, rng), weight = random_tensor({d.weights()}, rng, 0.1),
               bias = random_tensor({d.out}, rng), dz = random_tensor({d.pixels(), d.out}, rng);
  Results r = {nan_tensor({d.pixels(), d.out}), Tensor({d.pixels(), d.in}), Tensor({d.weights()})};
  conv2d_forward(r.out.data(), inp.data(), weight.data(), bias.data(), Activation::elu, d);
  conv2d_backward_data(r.dinp.data(), dz.data(), weight.data(), d);
  conv2d_backward_weights(r.dweight.data(), dz.data(), inp.data(), d);
  return r;
}

TEST_CASE("convolution: the same bits for any number of threads", "[equiv]") {
  const UseAlgorithm use(GENERATE(ConvAlgorithm::winograd, ConvAlgorithm::direct, ConvAlgorithm::gemm));
  const Conv2dDims d = GENERATE(Conv2dDims{6, 16, 32, 3, 32}, Conv2dDims{6, 16, 16, 32, 64},
                                Conv2dDims{40, 4, 4, 64, 64}, Conv2dDims{33, 2, 2, 96, 32});
  CAPTURE(d.height, d.in);
  const test::UseThreads one(1);
  const Results expected = run(d);
  for (const int threads : {2, 3}) {
    const test::UseThreads several(threads);
    const Results found = run(d);
    CHECK(test::same_bits(found.out, expected.out));
    CHECK(test::same_bits(found.dinp, expected.dinp));
    CHECK(test::same_bits(found.dweight, expected.dweight));
  }
}

TEST_CASE("convolution: the weights' gradient has the same bits in pieces", "[equiv]") {
  const UseAlgorithm use(GENERATE(ConvAlgorithm::winograd, ConvAlgorithm::direct));
  const Conv2dDims d =
      GENERATE(Conv2dDims{20, 16, 16, 16, 32}, Conv2dDims{5, 32, 32, 16, 16}, Conv2dDims{140, 4, 4, 16, 16},
               Conv2dDims{300, 2, 2, 16, 32}, Conv2dDims{3, 52, 48, 16, 16});
  const int64_t images = GENERATE(1, 3, 129);
  CAPTURE(d.height, images);
  Rng rng(9, "conv2d");
  const Tensor inp = random_tensor({d.pixels(), d.in}, rng), dz = random_tensor({d.pixels(), d.out}, rng);
  Tensor whole({d.weights()}), pieces({d.weights()}), partials({conv2d_partials(d)});
  conv2d_backward_weights(whole.data(), dz.data(), inp.data(), d);
  const int64_t image = d.height * d.width;
  int64_t longest = 0;
  for (int64_t begin = 0; begin < d.batch;) {
    const int64_t end = conv2d_piece_end(d, begin, images);
    REQUIRE(end > begin);
    REQUIRE(end <= d.batch);
    longest = std::max(longest, end - begin);
    add_conv2d_partials(partials.data(), dz.data() + begin * image * d.out, inp.data() + begin * image * d.in, d, begin,
                        end);
    begin = end;
  }
  sum_conv2d_partials(pieces.data(), partials.data(), d);
  CHECK(test::same_bits(pieces, whole));
  if (d.width > 8) CHECK(longest <= images);  // only small maps need more
}

TEST_CASE("convolution: pieces need a form that sums in pieces", "[kernel][bad]") {
  const UseAlgorithm use(ConvAlgorithm::gemm);
  const std::string text = test::error_text([] {
    add_conv2d_partials(nullptr, nullptr, nullptr, {1, 4, 4, 16, 16}, 0, 1);
  });
  CHECK(text.find("ConvAlgorithm::gemm") != std::string::npos);
}

TEST_CASE("convolution: all kernel sets and all algorithms agree within rounding", "[equiv]") {
  const Conv2dDims d = GENERATE(Conv2dDims{3, 8, 32, 3, 32}, Conv2dDims{2, 8, 16, 32, 64}, Conv2dDims{20, 4, 4, 64, 64},
                                Conv2dDims{9, 2, 4, 96, 32});
  CAPTURE(d.height, d.in);
  const Results expected = [&] {
    const test::UseKernels generic("generic");
    const UseAlgorithm oracle(ConvAlgorithm::gemm);
    return run(d);
  }();
  for (const std::string& name : available_kernel_sets()) {
    CAPTURE(name);
    const test::UseKernels use(name);
    const Results found = run(d);
    CHECK(worst_error(found.out, doubles(expected.out)) <= 2e-6);
    CHECK(worst_error(found.dinp, doubles(expected.dinp)) <= 2e-6);
    CHECK(worst_error(found.dweight, doubles(expected.dweight)) <= 2e-6);
  }
}

TEST_CASE("convolution with elu is convolution, then elu, bit for bit", "[equiv]") {
  const UseAlgorithm use(GENERATE(ConvAlgorithm::winograd, ConvAlgorithm::direct, ConvAlgorithm::gemm));
  const Conv2dDims d = GENERATE(Conv2dDims{2, 9, 17, 3, 40}, Conv2dDims{19, 2, 4, 32, 32});
  Rng rng(8, "conv2d");
  const Tensor inp = random_tensor({d.pixels(), d.in}, rng), weight = random_tensor({d.weights()}, rng, 0.3),
               bias = random_tensor({d.out}, rng);
  Tensor fused = nan_tensor({d.pixels(), d.out}), composed = nan_tensor({d.pixels(), d.out});
  conv2d_forward(fused.data(), inp.data(), weight.data(), bias.data(), Activation::elu, d);
  conv2d_forward(composed.data(), inp.data(), weight.data(), bias.data(), Activation::none, d);
  elu_forward(composed.data(), composed.data(), composed.count());
  CHECK(test::same_bits(fused, composed));
}

TEST_CASE("convolution of no images", "[kernel]") {
  const UseAlgorithm use(GENERATE(ConvAlgorithm::winograd, ConvAlgorithm::direct, ConvAlgorithm::gemm));
  const Conv2dDims d = {0, 4, 4, 16, 32};
  Tensor weight({d.weights()}), dweight({d.weights()});
  real bias[32] = {};
  conv2d_forward(nullptr, nullptr, weight.data(), bias, Activation::elu, d);
  conv2d_backward_data(nullptr, nullptr, weight.data(), d);
  conv2d_backward_weights(dweight.data(), nullptr, nullptr, d);
  for (real g : dweight) CHECK(g == 0);
}

}  // namespace
}  // namespace hmem
