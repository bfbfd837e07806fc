#pragma once
/// \file read_before_write.h
/// Read-before-write against the bound of the machine.

#include <cstdio>
#include <vector>

#include "hmem/kernels/norm.h"
#include "hmem/kernels/read_before_write.h"
#include "memory_kernels.h"

namespace hmem::bench {

/// The write with its reads, and one read of every memory at the end, with all buffers of the calls.
class ReadBeforeWriteProblem {
 public:
  ReadBeforeWriteProblem(int64_t batch, int64_t steps, int64_t d) {
    Rng rng(1, "bench");
    offsets_.resize(static_cast<size_t>(batch + 1));
    for (int64_t b = 0; b <= batch; ++b) offsets_[static_cast<size_t>(b)] = b * steps;
    dims_ = {batch, d, offsets_.data()};
    const int64_t n = batch * steps, ld = padded(d);
    k_ = uniform(rng, {n, d});
    a_ = uniform(rng, {n, d});
    q_ = uniform(rng, {batch, d});
    w_r_ = uniform(rng, {d, d});
    w_ = uniform(rng, {d, d});
    scale_ = uniform(rng, {d});
    shift_ = uniform(rng, {d});
    dout_ = uniform(rng, {batch, d});
    for (Tensor* t : {&out_, &dq_}) *t = Tensor({batch, d});
    for (Tensor* t : {&dk_, &da_}) *t = Tensor({n, d});
    for (Tensor* t : {&s_, &xhat_, &v_}) *t = Tensor({n, ld});
    for (Tensor* t : {&dw_, &dw_r_}) *t = Tensor({d, d});
    for (Tensor* t : {&dscale_, &dshift_}) *t = Tensor({d});
    rstd_ = Tensor({n});
    m_ = Tensor({recall_saved_m(dims_)});
    for (Tensor* t : {&z_, &r_}) *t = Tensor({recall_saved_z(dims_, kHops)});
    vectors = static_cast<double>(n * d * d) / 16;
  }

  void forward() {
    read_before_write_recall_forward(out_.data(), k_.data(), a_.data(), q_.data(), w_r_.data(), layer(), saved(),
                                     recall(), dims_, rule_, kHops);
  }
  void backward() {
    const ReadBeforeWriteGrads grads = {dk_.data(),     da_.data(), dw_.data(),   dscale_.data(),
                                        dshift_.data(), dq_.data(), dw_r_.data(), nullptr};
    read_before_write_recall_backward(grads, dout_.data(), k_.data(), w_r_.data(), layer(), saved(), recall(), dims_,
                                      rule_, kHops);
  }

  double vectors;  ///< V of the bound: rows x steps x d / 16; keys are dense

 private:
  static constexpr int kHops = 1;

  ReadBeforeWrite layer() const { return {w_.data(), scale_.data(), shift_.data(), real(1e-3)}; }
  ReadBeforeWriteSaved saved() { return {s_.data(), xhat_.data(), rstd_.data(), v_.data()}; }
  RecallSaved recall() { return {m_.data(), z_.data(), r_.data()}; }

  HebbianRule rule_;
  HebbianDims dims_;
  std::vector<int64_t> offsets_;
  Tensor k_, a_, q_, w_r_, w_, scale_, shift_, dout_, out_, dq_, dk_, da_, s_, xhat_, v_, rstd_, dw_, dw_r_, dscale_,
      dshift_, m_, z_, r_;
};

inline void print_read_before_write(const Calibration& calibration) {
  constexpr int64_t kBatch = 128, kD = 100;
  std::printf(
      "\nRead-before-write, layer norm and W included, d = %d, %d samples: 10V / (t F), forward + backward; must and "
      "goal "
      "as above\n"
      "  %5s %9s %7s %6s %6s\n",
      static_cast<int>(kD), static_cast<int>(kBatch), "T", "ms", "/fma", "must", "goal");
  for (const int steps : {9, 30, 60}) {
    ReadBeforeWriteProblem problem(kBatch, steps, kD);
    const Calibration::Measured measured = calibration.measure([&] {
      problem.forward();
      problem.backward();
    });
    std::printf("  %5d %9.3f %7.2f %6s %6s\n", steps, measured.seconds * 1e3,
                10 * problem.vectors / (measured.seconds * measured.rates.fma), "0.38", "0.47");
  }
}

}  // namespace hmem::bench
