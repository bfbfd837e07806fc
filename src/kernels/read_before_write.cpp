#include "hmem/kernels/read_before_write.h"

#include <algorithm>
#include <cmath>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/kernels/blas.h"
#include "hmem/kernels/norm.h"
#include "kernels/recall_hops.h"
#include "kernels/scratch.h"
#include "kernels/simd/simd.h"

namespace hmem {

namespace {

int64_t longest(const HebbianDims& dims, const SampleRange& range) {
  int64_t steps = 0;
  for (int64_t b = range.begin; b < range.end; ++b) steps = std::max(steps, dims.offsets[b + 1] - dims.offsets[b]);
  return steps;
}

/// All steps of a group in lockstep, so that the product with w is one small GEMM for the samples that are still
/// running. Leaves the memories in recall.m.
void write_group(const real* k, const real* a, const real* w, const real* scale, const real* shift, real epsilon,
                 const ReadBeforeWriteSaved& saved, real* m, const HebbianDims& dims, const SampleRange& range,
                 const HebbianRule& rule) {
  const int64_t d = dims.d, ld = padded(d);
  Scratch scratch;
  real *s = scratch.take(range.count() * ld), *y = scratch.take(range.count() * ld);
  const int64_t steps = longest(dims, range);
  for (int64_t t = 0; t < steps; ++t) {
    int64_t running[kRecallGroup], count = 0;
    for (int64_t b = range.begin; b < range.end; ++b) {
      const int64_t n = dims.offsets[b] + t;
      if (n >= dims.offsets[b + 1]) continue;
      std::copy(a + n * d, a + (n + 1) * d, y + count * ld);
      std::fill(y + count * ld + d, y + (count + 1) * ld, real(0));
      if (t == 0) std::fill(saved.s + n * ld, saved.s + (n + 1) * ld, real(0));
      std::copy(saved.s + n * ld, saved.s + (n + 1) * ld, s + count * ld);
      running[count++] = b;
    }
    if (t > 0) simd().gemm_padded(y, ld, s, ld, 1, w, ld, count, ld, d);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t b = running[i], n = dims.offsets[b] + t;
      real *xhat = saved.xhat + n * ld, *v = saved.v + n * ld, *m_b = m + b * d * ld;
      saved.rstd[n] = simd().layer_norm_row(xhat, y + i * ld, d, epsilon);
      simd().affine(v, xhat, scale, shift, 1, ld);
      const bool last = n + 1 == dims.offsets[b + 1];
      simd().rbw_step(m_b, t > 0 ? m_b : nullptr, last ? nullptr : saved.s + (n + 1) * ld, k + n * d, v,
                      last ? nullptr : k + (n + 1) * d, d, rule);
    }
  }
  for (int64_t b = range.begin; b < range.end; ++b) {
    real* m_b = m + b * d * ld;
    if (dims.offsets[b] == dims.offsets[b + 1]) std::fill(m_b, m_b + d * ld, real(0));
    if (rule.w_max == 1) continue;
    for (int64_t i = 0; i < d * ld; ++i) m_b[i] *= rule.w_max;
  }
}

/// The memories before the steps of one sample, formed again: all of them at once while the sequence is short, else
/// piece by piece from checkpoints, about sqrt(steps) of them.
class History {
 public:
  /// Steps of a piece for a sequence of this length.
  static int64_t piece_length(int64_t steps) {
    constexpr int64_t kShort = 16;
    return std::max(kShort, static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(steps)))));
  }

  History(Scratch& scratch, const real* k, const real* v, int64_t steps, int64_t d, const HebbianRule& rule)
      : k_(k), v_(v), steps_(steps), d_(d), ld_(padded(d)), rule_(rule), length_(piece_length(steps)) {
    const int64_t pieces = (steps + length_ - 1) / length_;
    checkpoints_ = scratch.take(std::max<int64_t>(pieces - 1, 0) * size());
    memories_ = scratch.take(std::max<int64_t>(std::min(length_, steps) - 1, 0) * size());
    const real* m = nullptr;
    for (int64_t t = 0; t < (pieces - 1) * length_; ++t) {
      const int64_t after = t + 1;
      real* out = after % length_ == 0 ? checkpoint(after / length_) : memories_;
      simd().rbw_step(out, m, nullptr, k_ + t * d_, v_ + t * ld_, nullptr, d_, rule_);
      m = out;
    }
  }

  /// m before step t (null for t = 0, when it is empty). To be asked for from the last step to the first.
  const real* before(int64_t t) {
    if (t == steps_ - 1 || t % length_ == length_ - 1) form(t / length_ * length_, t);
    if (t % length_ == 0) return t == 0 ? nullptr : checkpoint(t / length_);
    return memories_ + (t % length_ - 1) * size();
  }

 private:
  int64_t size() const { return d_ * ld_; }
  real* checkpoint(int64_t piece) { return checkpoints_ + (piece - 1) * size(); }

  /// Memories before the steps begin + 1 .. last of a piece.
  void form(int64_t begin, int64_t last) {
    const real* m = begin == 0 ? nullptr : checkpoint(begin / length_);
    for (int64_t t = begin; t < last; ++t) {
      real* out = memories_ + (t - begin) * size();
      simd().rbw_step(out, m, nullptr, k_ + t * d_, v_ + t * ld_, nullptr, d_, rule_);
      m = out;
    }
  }

  const real *k_, *v_;
  int64_t steps_, d_, ld_;
  HebbianRule rule_;
  int64_t length_;
  real *checkpoints_ = nullptr, *memories_ = nullptr;
};

}  // namespace

void read_before_write_recall_forward(real* out, const real* k, const real* a, PerHop<const real> q,
                                      PerHop<const real> w_r, const ReadBeforeWrite& layer,
                                      const ReadBeforeWriteSaved& saved, const RecallSaved& recall,
                                      const HebbianDims& dims, const HebbianRule& rule, const Reads& reads) {
  const int64_t d = dims.d;
  Scratch shared;
  const real* w = padded_copy(shared, layer.w, d, false);
  const PerHop<const real> w_read = padded_copies(shared, w_r, d, reads.hops, false);
  const real *scale = shared.take_padded(layer.scale, d), *shift = shared.take_padded(layer.shift, d);
  parallel_for(recall_groups(dims.batch), 1, [&](int64_t group) {
    const SampleRange range = recall_group(group, dims.batch);
    write_group(k, a, w, scale, shift, layer.epsilon, saved, recall.m, dims, range, rule);
    recall_hops_forward(out, q, w_read, recall, range, dims.batch, d, reads);
  });
}

// Forward, per step: y = a + s W, xhat = (y - mean) rstd, v = xhat scale + shift, then the write and the next read.
// Backward, per step from the last: dv from the pass over the memory, dscale += dv xhat, dshift += dv,
//   dy = layer norm backward of dv scale,  da += dy,  dW += s^T dy,  ds = dy W^T, which the next pass settles.
void read_before_write_recall_backward(const ReadBeforeWriteGrads& grads, const real* dout, const real* k,
                                       PerHop<const real> w_r, const ReadBeforeWrite& layer,
                                       const ReadBeforeWriteSaved& saved, const RecallSaved& recall,
                                       const HebbianDims& dims, const HebbianRule& rule, const Reads& reads) {
  HMEM_CHECK(reads.hops <= MemoryGrad::kMaxReads, "at most ", MemoryGrad::kMaxReads, " hops, found ", reads.hops);
  const int64_t d = dims.d, ld = padded(d), batch = dims.batch, rows = dims.offsets[batch];
  Scratch shared;
  const real* w_transposed = padded_copy(shared, layer.w, d, true);
  const PerHop<const real> w_read = padded_copies(shared, w_r, d, reads.hops, true);
  const real* scale = shared.take_padded(layer.scale, d);
  real *dz = shared.take(reads.hops * batch * ld), *dv = shared.take(rows * ld), *dy = shared.take(rows * ld);
  real* dgamma_of = grads.dgamma ? shared.take(2 * batch) : nullptr;

  parallel_for(recall_groups(batch), 1, [&](int64_t group) {
    const SampleRange range = recall_group(group, batch);
    Scratch scratch;
    MemoryGrad dm[kRecallGroup];
    recall_hops_backward(dz, scratch.take(reads.hops * range.count() * ld), dm, grads.dq, dout, w_read, recall, range,
                         batch, d, reads);
    real *dr = scratch.take(MemoryGrad::kMaxReads * ld), *sums = scratch.take(simd().rbw_reverse_scratch(d));
    real *h = scratch.take(d * ld), *ds = scratch.take(ld), *g = scratch.take(ld);
    for (int64_t b = range.begin; b < range.end; ++b) {
      Scratch inner;
      const int64_t first = dims.offsets[b], steps = dims.offsets[b + 1] - first;
      real* dgamma = dgamma_of ? dgamma_of + 2 * b : nullptr;
      if (dgamma) dgamma[0] = dgamma[1] = 0;
      if (steps == 0) continue;
      real *dk = grads.dk.rows(first, steps, d), *da = grads.da.rows(first, steps, d);
      simd().memory_grad_dense(h, dm[b - range.begin], d, rule.w_max, dr);
      History history(inner, k + first * d, saved.v + first * ld, steps, d, rule);
      for (int64_t t = steps - 1; t >= 0; --t) {
        const int64_t n = first + t;
        const bool owed = t + 1 < steps;
        simd().rbw_reverse(h, history.before(t), dv + n * ld, dk + t * d, owed ? dk + (t + 1) * d : nullptr, dgamma,
                           k + n * d, saved.v + n * ld, owed ? k + (n + 1) * d : nullptr, owed ? ds : nullptr, d, rule,
                           sums);
        for (int64_t j = 0; j < ld; ++j) g[j] = dv[n * ld + j] * scale[j];
        simd().layer_norm_row_backward(dy + n * ld, g, saved.xhat + n * ld, saved.rstd[n], d);
        simd().accumulate(da + t * d, dy + n * ld, d);
        if (t == 0) break;  // nothing was read from the empty memory
        std::fill(ds, ds + ld, real(0));
        simd().gemm_padded(ds, ld, dy + n * ld, ld, 1, w_transposed, ld, 1, ld, d);
        for (int64_t j = 0; j < ld; ++j) ds[j] *= rule.w_max;
      }
    }
  });
  recall_weight_backward(grads.dw_r, dz, recall, batch, d, reads.hops);
  if (grads.dw) gemm(grads.dw, d, transposed(saved.s, ld), matrix(dy, ld), d, d, rows, true);
  layer_norm_parameters_backward(grads.dscale, grads.dshift, dv, saved.xhat, rows, d);
  if (grads.dgamma) add_pairs(grads.dgamma, dgamma_of, batch);
}

}  // namespace hmem
