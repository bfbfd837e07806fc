#pragma once
/// \file memory_kernels.h
/// Hebbian write, memory read and recall against the bounds of the machine and against other implementations.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "calibrate.h"
#include "hmem/core/check.h"
#include "hmem/core/rng.h"
#include "hmem/core/tensor.h"
#include "hmem/kernels/hebbian.h"
#include "op_by_op.h"

namespace hmem::bench {

/// Pre-activations of a ReLU: positive with probability `density`, of magnitude 0.05 to 1.
inline Tensor pre_activations(Rng& rng, const Shape& shape, double density) {
  Tensor z(shape);
  for (real& x : z) {
    const double size = rng.uniform(0.05, 1);
    x = static_cast<real>(rng.uniform() < density ? size : -size);
  }
  return z;
}

inline Tensor uniform(Rng& rng, const Shape& shape) {
  Tensor x(shape);
  for (real& value : x) value = static_cast<real>(rng.uniform(-1, 1));
  return x;
}

/// Random sequences of equal length, and three reads of every memory.
class WriteProblem {
 public:
  static constexpr int kReads = 3;

  /// Memories are written `group` samples at a time into the same buffer, as in the recall; `batch` is a multiple.
  WriteProblem(int64_t batch, int64_t group, int64_t steps, int64_t d, double density)
      : batch_(batch), group_(group), steps_(steps), d_(d), rng_(1, "bench") {
    z_k = pre_activations(rng_, {batch * steps, d}, density);
    z_v = pre_activations(rng_, {batch * steps, d}, density);
    z_read_ = pre_activations(rng_, {kReads, batch, d}, density);
    dr_ = uniform(rng_, {kReads, batch, d});
    m = Tensor({group, d, padded(d)});
    dz_k = Tensor(z_k.shape());
    dz_v = Tensor(z_v.shape());
    offsets_.resize(static_cast<size_t>(group + 1));
    for (int64_t b = 0; b <= group; ++b) offsets_[static_cast<size_t>(b)] = b * steps;
    grads_.resize(static_cast<size_t>(batch));
    for (int64_t b = 0; b < batch; ++b) {
      MemoryGrad& grad = grads_[static_cast<size_t>(b)];
      grad.reads = kReads;
      for (int h = 0; h < kReads; ++h) {
        grad.z[h] = z_read_.data() + (h * batch + b) * d;
        grad.dr[h] = dr_.data() + (h * batch + b) * d;
      }
    }
  }

  void forward() {
    for (int64_t b = 0; b < batch_; b += group_) {
      hebbian_write_forward(m.data(), z_k.data() + b * steps_ * d_, z_v.data() + b * steps_ * d_, dims(), rule);
    }
  }
  void backward() {
    for (int64_t b = 0; b < batch_; b += group_) {
      const int64_t first = b * steps_ * d_;
      hebbian_write_backward(dz_k.data() + first, dz_v.data() + first, nullptr, z_k.data() + first, z_v.data() + first,
                             grads_.data() + b, dims(), rule);
    }
  }

  /// Gradient of the memories as a matrix [B, d, d].
  Tensor dense_gradient() const {
    Tensor dm({batch_, d_, d_});
    for (int64_t b = 0; b < batch_; ++b) {
      for (int h = 0; h < kReads; ++h) {
        const MemoryGrad& grad = grads_[static_cast<size_t>(b)];
        for (int64_t i = 0; i < d_; ++i) {
          const real key = std::max(grad.z[h][i], real(0));
          for (int64_t j = 0; j < d_; ++j) dm[(b * d_ + i) * d_ + j] += key * grad.dr[h][j];
        }
      }
    }
    return dm;
  }

  /// V of the bounds: active (row, step) pairs times d / 16. Backward, only rows that are read have a gradient.
  double vectors(bool with_gradient) const {
    int64_t pairs = 0;
    for (int64_t b = 0; b < batch_; ++b) {
      for (int64_t i = 0; i < d_; ++i) {
        bool used = !with_gradient;
        for (int h = 0; h < kReads; ++h) used = used || grads_[static_cast<size_t>(b)].z[h][i] > 0;
        for (int64_t t = 0; used && t < steps_; ++t) pairs += z_k[(b * steps_ + t) * d_ + i] > 0;
      }
    }
    return static_cast<double>(pairs * d_) / 16;
  }

  HebbianRule rule;
  Tensor z_k, z_v, dz_k, dz_v, m;

 private:
  HebbianDims dims() const { return {group_, d_, offsets_.data()}; }

  int64_t batch_, group_, steps_, d_;
  Rng rng_;
  Tensor z_read_, dr_;
  std::vector<int64_t> offsets_;
  std::vector<MemoryGrad> grads_;
};

inline void print_write(const Calibration& calibration) {
  constexpr int64_t kBatch = 128, kGroup = 4, kD = 100;
  struct Sparsity {
    const char* name;
    double density;
    const char *must_forward, *goal_forward, *must_backward, *goal_backward;
  };
  const Sparsity all[] = {{"50%", 0.5, "0.60", "0.75", "0.50", "0.65"},
                          {"85%", 0.15, "0.40", "-", "0.35", "-"},
                          {"dense", 1, "-", "-", "-", "-"}};
  std::printf(
      "\nHebbian write, d = %d, %d samples, %d at a time; V = active (row, step) pairs x d / 16\n"
      "  /fma: 2V / (t F) forward, 7V / (t F) backward; /mixed: 4V / (t X), 14V / (t X)\n"
      "  must and goal are for /fma on Zen 4 class cores with avx512; elsewhere for information\n"
      "  %5s %6s %9s %9s %7s %6s %6s %8s\n",
      static_cast<int>(kD), static_cast<int>(kBatch), static_cast<int>(kGroup), "T", "zeros", "", "ms", "/fma", "must",
      "goal", "/mixed");
  for (const Sparsity& sparsity : all) {
    for (const int steps : {10, 30, 60}) {
      WriteProblem problem(kBatch, kGroup, steps, kD, sparsity.density);
      const auto print = [&](const char* name, const Subject& subject, double v, double operations, const char* must,
                             const char* goal) {
        const Calibration::Measured measured = calibration.measure(subject);
        std::printf("  %5d %6s %9s %9.3f %7.2f %6s %6s %8.2f\n", steps, sparsity.name, name, measured.seconds * 1e3,
                    operations / 2 * v / (measured.seconds * measured.rates.fma), must, goal,
                    operations * v / (measured.seconds * measured.rates.mixed));
      };
      print(
          "forward", [&] { problem.forward(); }, problem.vectors(false), 4, sparsity.must_forward,
          sparsity.goal_forward);
      print(
          "backward", [&] { problem.backward(); }, problem.vectors(true), 14, sparsity.must_backward,
          sparsity.goal_backward);
    }
  }
}

/// Throws Error unless a [rows, n] with row stride lda and b with row stride ldb agree to rounding.
inline void check_equal(const char* name, const real* a, int64_t lda, const real* b, int64_t ldb, int64_t rows,
                        int64_t n) {
  double largest = 0, difference = 0;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      largest = std::max(largest, std::abs(static_cast<double>(b[i * ldb + j])));
      const double error = std::abs(static_cast<double>(a[i * lda + j]) - static_cast<double>(b[i * ldb + j]));
      if (!(error <= difference)) difference = error;
    }
  }
  HMEM_CHECK(difference <= 1e-5 * largest, name, ": results differ by ", difference, " of ", largest);
}

inline void print_write_ratios() {
  constexpr int64_t kBatch = 32, kD = 100;
  std::printf(
      "\nHebbian write, forward + backward, d = %d, %d samples, 50%% zeros: times of alternatives / ours\n"
      "  %5s %9s %10s %6s %6s %16s\n",
      static_cast<int>(kD), static_cast<int>(kBatch), "T", "ours ms", "op by op", "must", "goal", "fused per step");
  for (const int steps : {10, 30}) {
    WriteProblem ours(kBatch, kBatch, steps, kD, 0.5);
    OpByOp op_by_op(kBatch, steps, kD, ours.rule);
    FusedSteps fused(kBatch, steps, kD, ours.rule);
    const Tensor dm = ours.dense_gradient();
    Tensor m({kBatch, kD, kD}), dz_k(ours.z_k.shape()), dz_v(ours.z_v.shape());
    const real *z_k = ours.z_k.data(), *z_v = ours.z_v.data();

    ours.forward();
    ours.backward();
    const auto check = [&](const char* name, const real* other_m) {
      for (int64_t b = 0; b < kBatch; ++b) {
        check_equal(name, other_m + b * kD * kD, kD, ours.m.data() + b * kD * padded(kD), padded(kD), kD, kD);
      }
      check_equal(name, dz_k.data(), kD, ours.dz_k.data(), kD, kBatch * steps, kD);
      check_equal(name, dz_v.data(), kD, ours.dz_v.data(), kD, kBatch * steps, kD);
      dz_k.fill(0);
      dz_v.fill(0);
    };
    const real* op_by_op_m = op_by_op.forward(z_k, z_v);
    op_by_op.backward(dz_k.data(), dz_v.data(), dm.data(), z_k, z_v);
    check("op by op", op_by_op_m);
    fused.forward_backward(m.data(), dz_k.data(), dz_v.data(), dm.data(), z_k, z_v);
    check("fused per step", m.data());

    const std::vector<double> seconds =
        fastest({[&] {
                   ours.forward();
                   ours.backward();
                 },
                 [&] {
                   op_by_op.forward(z_k, z_v);
                   op_by_op.backward(dz_k.data(), dz_v.data(), dm.data(), z_k, z_v);
                 },
                 [&] { fused.forward_backward(m.data(), dz_k.data(), dz_v.data(), dm.data(), z_k, z_v); }},
                9);
    std::printf("  %5d %9.3f %9.1fx %6s %6s %15.1fx\n", steps, seconds[0] * 1e3, seconds[1] / seconds[0], "35", "50",
                seconds[2] / seconds[0]);
  }
}

inline void print_read() {
  constexpr int64_t kD = 100;
  const int64_t ld = padded(kD);
  Rng rng(1, "bench");
  std::printf("\nMemory read, d = %d, 50%% zeros; GB/s of the rows of M that are read\n  %8s %9s %9s %8s\n",
              static_cast<int>(kD), "samples", "", "us", "GB/s");
  for (const int batch : {4, 128}) {
    const Tensor m = uniform(rng, {batch, kD, ld}), z = pre_activations(rng, {batch, kD}, 0.5);
    const Tensor dr = uniform(rng, {batch, kD});
    Tensor r({batch, kD}), dz({batch, kD});
    const auto rows = std::count_if(z.begin(), z.end(), [](real x) { return x > 0; });
    const double bytes = static_cast<double>(rows * ld) * sizeof(real);
    const std::vector<double> seconds =
        fastest({[&] { memory_read_forward(r.data(), m.data(), z.data(), batch, kD); },
                 [&] { memory_read_backward(dz.data(), m.data(), z.data(), dr.data(), batch, kD); }});
    std::printf("  %8d %9s %9.2f %8.1f\n", batch, "forward", seconds[0] * 1e6, bytes / seconds[0] * 1e-9);
    std::printf("  %8d %9s %9.2f %8.1f\n", batch, "backward", seconds[1] * 1e6, bytes / seconds[1] * 1e-9);
  }
}

/// Write and `hops` reads of one batch, with all buffers of the calls.
class RecallProblem {
 public:
  RecallProblem(int64_t batch, int64_t steps, int64_t d, int hops) : hops_(hops) {
    Rng rng(1, "bench");
    offsets_.resize(static_cast<size_t>(batch + 1));
    for (int64_t b = 0; b <= batch; ++b) offsets_[static_cast<size_t>(b)] = b * steps;
    dims_ = {batch, d, offsets_.data()};
    z_k_ = pre_activations(rng, {batch * steps, d}, 0.5);
    z_v_ = pre_activations(rng, {batch * steps, d}, 0.5);
    q_ = pre_activations(rng, {batch, d}, 0.5);
    w_r_ = uniform(rng, {d, d});
    dout_ = uniform(rng, {batch, d});
    for (Tensor* t : {&out_, &dq_}) *t = Tensor({batch, d});
    for (Tensor* t : {&dz_k_, &dz_v_}) *t = Tensor({batch * steps, d});
    dw_r_ = Tensor({d, d});
    m_ = Tensor({recall_saved_m(dims_)});
    for (Tensor* t : {&z_, &r_}) *t = Tensor({recall_saved_z(dims_, hops)});
  }

  void forward() {
    hebbian_recall_forward(out_.data(), z_k_.data(), z_v_.data(), q_.data(), w_r_.data(), saved(), dims_, rule_, hops_);
  }
  void backward() {
    hebbian_recall_backward(dz_k_.data(), dz_v_.data(), dq_.data(), dw_r_.data(), nullptr, dout_.data(), z_k_.data(),
                            z_v_.data(), w_r_.data(), saved(), dims_, rule_, hops_);
  }

 private:
  RecallSaved saved() { return {m_.data(), z_.data(), r_.data()}; }

  int hops_;
  HebbianRule rule_;
  HebbianDims dims_;
  std::vector<int64_t> offsets_;
  Tensor z_k_, z_v_, q_, w_r_, dout_, out_, dz_k_, dz_v_, dq_, dw_r_, m_, z_, r_;
};

inline void print_recall() {
  constexpr int64_t kBatch = 128, kD = 100;
  std::printf(
      "\nRecall: write and 3 hops in one pass, d = %d, batch %d, 50%% zeros; per hop = (3 hops - 1 hop) / 2\n"
      "  %5s %9s %9s %14s\n",
      static_cast<int>(kD), static_cast<int>(kBatch), "T", "", "ms", "ms per hop");
  for (const int steps : {6, 20}) {
    RecallProblem one(kBatch, steps, kD, 1), three(kBatch, steps, kD, 3);
    one.forward();  // backward reads what it saves
    three.forward();
    const std::vector<double> seconds =
        fastest({[&] { one.forward(); }, [&] { three.forward(); }, [&] { one.backward(); }, [&] { three.backward(); }});
    std::printf("  %5d %9s %9.3f %14.3f\n", steps, "forward", seconds[1] * 1e3, (seconds[1] - seconds[0]) / 2 * 1e3);
    std::printf("  %5d %9s %9.3f %14.3f\n", steps, "backward", seconds[3] * 1e3, (seconds[3] - seconds[2]) / 2 * 1e3);
  }
}

}  // namespace hmem::bench
