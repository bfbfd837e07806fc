#include "hmem/kernels/attention.h"

#include <algorithm>

#include "hmem/core/parallel.h"
#include "kernels/scratch.h"
#include "kernels/simd/simd.h"

namespace hmem {

namespace {

/// visit(sample, its first step, the step after its last)
template <typename Visit>
void over_samples(const AttendDims& dims, const Visit& visit) {
  parallel_for(dims.batch, 1, [&](int64_t b) { visit(b, dims.offsets[b], dims.offsets[b + 1]); });
}

}  // namespace

void attend_forward(real* out, real* p, const real* query, const real* keys, const real* values,
                    const AttendDims& dims) {
  const int64_t e = dims.e, f = dims.f;
  over_samples(dims, [&](int64_t b, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) p[i] = simd().dot(query + b * e, keys + i * e, e);
    int64_t largest = 0;
    simd().softmax_row(p + begin, p + begin, end - begin, &largest);
    std::fill(out + b * f, out + (b + 1) * f, real(0));
    for (int64_t i = begin; i < end; ++i) simd().axpy(out + b * f, p[i], values + i * f, f);
  });
}

// Forward: z_i = query_b . keys_i, p = softmax(z), out_b = sum_i p_i values_i. Backward, with dp_i = dout_b . values_i:
//   dvalues_i += p_i dout_b,  dz_i = p_i (dp_i - sum_j p_j dp_j),  dquery_b += sum_i dz_i keys_i,
//   dkeys_i += dz_i query_b
// One loop for each gradient: where they overlap, the row of one sample may be that of another elsewhere.
void attend_backward(real* dquery, real* dkeys, real* dvalues, const real* dout, const real* query, const real* keys,
                     const real* values, const real* p, const AttendDims& dims) {
  const int64_t e = dims.e, f = dims.f;
  Scratch scratch;
  real* dz = scratch.take(dims.offsets[dims.batch]);
  over_samples(dims, [&](int64_t b, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) dz[i] = simd().dot(dout + b * f, values + i * f, f);
    const real mean = simd().dot(p + begin, dz + begin, end - begin);
    for (int64_t i = begin; i < end; ++i) dz[i] = p[i] * (dz[i] - mean);
  });
  if (dvalues) {
    over_samples(dims, [&](int64_t b, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) simd().axpy(dvalues + i * f, p[i], dout + b * f, f);
    });
  }
  if (dquery) {
    over_samples(dims, [&](int64_t b, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) simd().axpy(dquery + b * e, dz[i], keys + i * e, e);
    });
  }
  if (dkeys) {
    over_samples(dims, [&](int64_t b, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) simd().axpy(dkeys + i * e, dz[i], query + b * e, e);
    });
  }
}

}  // namespace hmem
