#include "hmem/kernels/norm.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "kernels/row_sums.h"
#include "kernels/scratch.h"
#include "kernels/simd/simd.h"

namespace hmem {

namespace {

constexpr int64_t kRows = kNormRows;  // rows of one partial sum: fixed, so that the order of addition is
constexpr int64_t kGrain = 512;       // rows that are not worth a second thread

/// body(first row, end) over pieces of rows.
template <typename Body>
void over_rows(int64_t rows, const Body& body) {
  parallel_for((rows + kRows - 1) / kRows, kGrain / kRows,
               [&](int64_t piece) { body(piece * kRows, std::min(rows, (piece + 1) * kRows)); });
}

/// partial(out [width], begin, end) over pieces of rows, added in order to sum [width].
template <typename Partial>
void sum_over_rows(real* sum, int64_t width, int64_t rows, const Partial& partial) {
  Scratch scratch;
  const int64_t pieces = (rows + kRows - 1) / kRows;
  real* partials = scratch.take(pieces * width);
  parallel_for(pieces, kGrain / kRows, [&](int64_t piece) {
    real* out = partials + piece * width;
    std::fill(out, out + width, real(0));
    partial(out, piece * kRows, std::min(rows, (piece + 1) * kRows));
  });
  for (int64_t piece = 0; piece < pieces; ++piece) simd().accumulate(sum, partials + piece * width, width);
}

/// Sums [width] over a part of a batch become those of the batch.
void sum_over_parts(real* sums, int64_t width, const SumOverParts& parts) {
  if (!parts) return;
  std::vector<double> all(sums, sums + width);
  parts(all.data(), width);
  std::transform(all.begin(), all.end(), sums, [](double sum) { return static_cast<real>(sum); });
}

/// Mean and variance of out.n rows of a part become those of the batch, through sums of x and of x^2, in double
/// precision because of the cancellation. A part without rows has a mean and a variance of 0.
void statistics_over_parts(NormStatistics& out, int64_t e, const SumOverParts& parts) {
  if (!parts) return;
  auto n = static_cast<double>(out.n);
  std::vector<double> sums;
  for (int64_t j = 0; j < e; ++j) sums.push_back(n * out.mean[j]);
  for (int64_t j = 0; j < e; ++j) {
    const double mean = out.mean[j];
    sums.push_back(n * (static_cast<double>(out.variance[j]) + mean * mean));
  }
  sums.push_back(n);
  parts(sums.data(), 2 * e + 1);
  n = sums.back();
  out.n = static_cast<int64_t>(n);
  for (int64_t j = 0; j < e; ++j) {
    const double mean = sums[static_cast<size_t>(j)] / n;
    out.mean[j] = static_cast<real>(mean);
    out.variance[j] = static_cast<real>(std::max(0.0, sums[static_cast<size_t>(e + j)] / n - mean * mean));
  }
}

/// Whether there are rows; with further parts they may be elsewhere.
bool check_rows(NormStatistics& out, int64_t rows, int64_t e, const SumOverParts& parts) {
  HMEM_CHECK(rows > 0 || parts, "batch norm: the batch holds no sentence to take statistics of");
  out.n = rows;
  if (rows > 0) return true;
  for (real* values : {out.mean, out.variance}) std::fill(values, values + e, real(0));
  return false;
}

real* zeros(Scratch& scratch, int64_t count) {
  real* memory = scratch.take(count);
  std::fill(memory, memory + count, real(0));
  return memory;
}

/// slope = scale / sqrt(variance + epsilon), offset = shift - slope mean.
void affine_terms(real* slope, real* offset, const real* scale, const real* shift, const NormStatistics& statistics,
                  int64_t e, real epsilon) {
  for (int64_t j = 0; j < e; ++j) {
    slope[j] = scale[j] / std::sqrt(statistics.variance[j] + epsilon);
    offset[j] = shift ? shift[j] - slope[j] * statistics.mean[j] : real(0);
  }
}

/// The common part of the adjoints of both forms, from `sums` [2, e]: dslope = sum dy x - mean sum dy and
/// dy_sum = sum dy.
///   dscale += dslope inv,  dshift += dy_sum,  with slope = scale inv and inv = (var + epsilon)^(-1/2)
///   dmean/n = -slope dy_sum / n,   2 dvar/n = -(scale inv^3 dslope) / n
/// The variance depends on the mean through sum (x - mean) = 0 only: no further term. Each part of a batch has its
/// own dscale and dshift; the statistics are those of the whole batch.
void statistics_adjoint(real* dmean_n, real* dvar_2n, real* dscale, real* dshift, real* sums, const real* scale,
                        const NormStatistics& statistics, int64_t e, real epsilon, const SumOverParts& parts) {
  const real *dslope = sums, *dy_sum = sums + e;
  const auto inverse = [&](int64_t j) { return 1 / std::sqrt(statistics.variance[j] + epsilon); };
  for (int64_t j = 0; j < e; ++j) {
    if (dscale) dscale[j] += dslope[j] * inverse(j);
    if (dshift) dshift[j] += dy_sum[j];
  }
  if (statistics.n > 0) sum_over_parts(sums, 2 * e, parts);
  const real n = static_cast<real>(statistics.n);
  for (int64_t j = 0; j < e; ++j) {
    const real inv = inverse(j);
    dmean_n[j] = n > 0 ? -scale[j] * inv * dy_sum[j] / n : real(0);
    dvar_2n[j] = n > 0 ? -scale[j] * inv * inv * inv * dslope[j] / n : real(0);
  }
}

}  // namespace

void batch_statistics(NormStatistics& out, const real* x, int64_t rows, int64_t e, int64_t padded,
                      const SumOverParts& parts) {
  batch_statistics_in_pieces(
      out, [&](const auto& add) { add(x, rows); }, rows, e, padded, parts);
}

void batch_statistics_in_pieces(NormStatistics& out, const PassOverRows& pass, int64_t rows, int64_t e, int64_t padded,
                                const SumOverParts& parts) {
  if (!check_rows(out, rows + padded, e, parts)) return statistics_over_parts(out, e, parts);
  const real n = static_cast<real>(out.n);
  Scratch scratch;
  real *zero = zeros(scratch, e), *moments = zeros(scratch, 2 * e);  // sum of differences (unused), of their squares
  std::fill(out.mean, out.mean + e, real(0));
  RowSums mean(scratch, out.mean, e, kRows), squares(scratch, moments, 2 * e, kRows);
  pass([&](const real* x, int64_t count) {
    mean.add(count, [&](real* sum, int64_t begin, int64_t end) {
      simd().column_moments(sum, nullptr, x + begin * e, zero, end - begin, e);
    });
  });
  mean.finish();
  for (int64_t j = 0; j < e; ++j) out.mean[j] /= n;
  pass([&](const real* x, int64_t count) {
    squares.add(count, [&](real* sum, int64_t begin, int64_t end) {
      simd().column_moments(sum, sum + e, x + begin * e, out.mean, end - begin, e);
    });
  });
  squares.finish();
  for (int64_t j = 0; j < e; ++j) {
    out.variance[j] = (moments[e + j] + static_cast<real>(padded) * out.mean[j] * out.mean[j]) / n;
  }
  statistics_over_parts(out, e, parts);
}

void batch_norm_forward(real* y, const real* x, const real* scale, const real* shift, const NormStatistics& statistics,
                        int64_t rows, int64_t e, real epsilon) {
  Scratch scratch;
  real *slope = scratch.take(e), *offset = scratch.take(e);
  affine_terms(slope, offset, scale, shift, statistics, e, epsilon);
  over_rows(rows, [&](int64_t begin, int64_t end) {
    simd().affine(y + begin * e, x + begin * e, slope, offset, end - begin, e);
  });
}

// Forward: y = slope (x - mean) + shift.  With dslope = sum dy (x - mean):
//   dx += slope dy + dmean / n + 2 dvar (x - mean) / n
void batch_norm_backward(real* dx, real* dscale, real* dshift, const real* dy, const real* x, const real* scale,
                         const NormStatistics& statistics, int64_t rows, int64_t e, real epsilon,
                         const SumOverParts& parts) {
  Scratch scratch;
  real* sums = zeros(scratch, 2 * e);
  sum_over_rows(sums, 2 * e, rows, [&](real* sum, int64_t begin, int64_t end) {
    simd().norm_backward_sums(sum, dy + begin * e, x + begin * e, statistics.mean, end - begin, e);
  });
  batch_norm_backward_apply(dx, dscale, dshift, sums, dy, x, scale, statistics, rows, e, epsilon, parts);
}

void batch_norm_backward_apply(real* dx, real* dscale, real* dshift, real* sums, const real* dy, const real* x,
                               const real* scale, const NormStatistics& statistics, int64_t rows, int64_t e,
                               real epsilon, const SumOverParts& parts) {
  Scratch scratch;
  real *dmean_n = scratch.take(e), *dvar_2n = scratch.take(e), *slope = scratch.take(e), *offset = scratch.take(e);
  statistics_adjoint(dmean_n, dvar_2n, dscale, dshift, sums, scale, statistics, e, epsilon, parts);
  if (!dx) return;
  affine_terms(slope, offset, scale, nullptr, statistics, e, epsilon);
  over_rows(rows, [&](int64_t begin, int64_t end) {
    simd().norm_backward(dx + begin * e, dy + begin * e, x + begin * e, statistics.mean, slope, dmean_n, dvar_2n,
                         end - begin, e);
  });
}

void batch_statistics_pairs(NormStatistics& out, real* centred, const real* rows, const RowPairs& pairs, int64_t e,
                            int64_t padded, const SumOverParts& parts) {
  if (!check_rows(out, pairs.count() + padded, e, parts)) {
    std::fill(centred, centred + pairs.rows * e, real(0));
    return statistics_over_parts(out, e, parts);
  }
  const real n = static_cast<real>(out.n);
  std::fill(out.mean, out.mean + e, real(0));
  sum_over_rows(out.mean, e, pairs.rows, [&](real* sum, int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) simd().axpy(sum, static_cast<real>(pairs.uses(r)), rows + r * e, e);
  });
  for (int64_t j = 0; j < e; ++j) out.mean[j] /= n;

  parallel_for(pairs.rows, kGrain, [&](int64_t r) {
    real* sum = centred + r * e;
    const real uses = static_cast<real>(pairs.uses(r));
    for (int64_t j = 0; j < e; ++j) sum[j] = uses * (rows[r * e + j] - out.mean[j]);
    const int64_t begin = pairs.row_begin[static_cast<size_t>(r)];
    simd().sum_rows(sum, rows, e, pairs.other.data() + begin, pairs.uses(r), e);
  });

  // (x_i - mean)^2 = (x_i - mean) ((first - mean/2) + (second - mean/2)), summed row by row.
  std::fill(out.variance, out.variance + e, real(0));
  sum_over_rows(out.variance, e, pairs.rows, [&](real* sum, int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      for (int64_t j = 0; j < e; ++j) sum[j] += (rows[r * e + j] - out.mean[j] / 2) * centred[r * e + j];
    }
  });
  for (int64_t j = 0; j < e; ++j) {
    const real sum = out.variance[j] + static_cast<real>(padded) * out.mean[j] * out.mean[j];
    out.variance[j] = std::max(real(0), sum / n);
  }
  if (!parts) return;
  const std::vector<real> mean(out.mean, out.mean + e);
  statistics_over_parts(out, e, parts);
  for (int64_t r = 0; r < pairs.rows; ++r) {  // centred at the mean of the batch
    const real uses = static_cast<real>(pairs.uses(r));
    for (int64_t j = 0; j < e; ++j) centred[r * e + j] += uses * (mean[static_cast<size_t>(j)] - out.mean[j]);
  }
}

void batch_norm_pairs_forward(real* out, const real* rows, const real* scale, const real* shift,
                              const NormStatistics& statistics, const RowPairs& pairs, int64_t e, real epsilon) {
  Scratch scratch;
  real *slope = scratch.take(e), *offset = scratch.take(e), *zero = zeros(scratch, e);
  affine_terms(slope, offset, scale, shift, statistics, e, epsilon);
  parallel_for(pairs.rows, kGrain, [&](int64_t r) {
    simd().affine(out + r * e, rows + r * e, slope, r < pairs.seconds_begin ? zero : offset, 1, e);
  });
}

// Forward: out[r] = slope rows[r] (+ shift - slope mean for second rows).  Each instance has one second row, so
//   sum_i dy_i = sum over second rows of dout,  dslope = sum_r dout[r] rows[r] - mean dy_sum,
//   drows[r] += slope dout[r] + uses(r) dmean / n + 2 dvar / n centred[r]
void batch_norm_pairs_backward(real* drows, real* dscale, real* dshift, const real* dout, const real* rows,
                               const real* centred, const real* scale, const NormStatistics& statistics,
                               const RowUses& uses, int64_t e, real epsilon, const SumOverParts& parts) {
  Scratch scratch;
  real* sums = zeros(scratch, 2 * e);
  sum_over_rows(sums, 2 * e, uses.rows, [&](real* sum, int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      simd().multiply_accumulate(sum, dout + r * e, rows + r * e, e);
      if (r >= uses.seconds_begin) simd().accumulate(sum + e, dout + r * e, e);
    }
  });
  for (int64_t j = 0; j < e; ++j) sums[j] -= statistics.mean[j] * sums[e + j];
  real *dmean_n = scratch.take(e), *dvar_2n = scratch.take(e), *slope = scratch.take(e), *offset = scratch.take(e);
  statistics_adjoint(dmean_n, dvar_2n, dscale, dshift, sums, scale, statistics, e, epsilon, parts);
  if (!drows) return;
  affine_terms(slope, offset, scale, nullptr, statistics, e, epsilon);
  parallel_for(uses.rows, kGrain, [&](int64_t r) {
    real* drow = drows + r * e;
    simd().multiply_accumulate(drow, slope, dout + r * e, e);
    if (!centred) return;
    simd().axpy(drow, static_cast<real>(uses.of(r)), dmean_n, e);
    simd().multiply_accumulate(drow, dvar_2n, centred + r * e, e);
  });
}

void positive_rms_norm_forward(real* y, real* r, const real* x, int64_t rows, int64_t e, real epsilon) {
  over_rows(rows, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const real *of = x + i * e, *end_of = of + e;
      real* out = y + i * e;
      simd().relu(out, of, e);
      r[i] = 1 / std::sqrt(simd().dot(out, out, e) / static_cast<real>(e) + epsilon);
      std::transform(of, end_of, out, [factor = r[i]](real value) { return value * factor; });
    }
  });
}

// Forward: y = x r(x).  dr = dy . x,  d(mean square) = -r^3 dr / 2,  d relu(x)^2 = 2 relu(x):
//   dx += r dy - r^3 (dy . x) / e relu(x)
void positive_rms_norm_backward(real* dx, const real* dy, const real* x, const real* r, int64_t rows, int64_t e) {
  over_rows(rows, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const real *of = x + i * e, *of_dy = dy + i * e;
      const real of_relu = r[i] * r[i] * r[i] * simd().dot(of_dy, of, e) / static_cast<real>(e);
      for (int64_t j = 0; j < e; ++j) dx[i * e + j] += r[i] * of_dy[j] - of_relu * std::max(of[j], real(0));
    }
  });
}

void layer_norm_forward(real* y, real* xhat, real* rstd, const real* x, const real* scale, const real* shift,
                        int64_t rows, int64_t e, real epsilon) {
  const int64_t ld = padded(e);
  parallel_for(rows, kGrain, [&](int64_t i) {
    Scratch scratch;
    rstd[i] = simd().layer_norm_row(xhat + i * ld, scratch.take_padded(x + i * e, e), e, epsilon);
    simd().affine(y + i * e, xhat + i * ld, scale, shift, 1, e);
  });
}

void layer_norm_backward(real* dx, real* dscale, real* dshift, const real* dy, const real* xhat, const real* rstd,
                         const real* scale, int64_t rows, int64_t e) {
  const int64_t ld = padded(e);
  Scratch shared;
  real* dy_rows = shared.take(rows * ld);
  parallel_for(rows, kGrain, [&](int64_t i) {
    std::copy(dy + i * e, dy + (i + 1) * e, dy_rows + i * ld);
    std::fill(dy_rows + i * ld + e, dy_rows + (i + 1) * ld, real(0));
    if (!dx) return;
    Scratch scratch;
    real *g = scratch.take(ld), *dx_row = scratch.take(ld);
    for (int64_t j = 0; j < e; ++j) g[j] = dy[i * e + j] * scale[j];
    std::fill(g + e, g + ld, real(0));
    simd().layer_norm_row_backward(dx_row, g, xhat + i * ld, rstd[i], e);
    simd().accumulate(dx + i * e, dx_row, e);
  });
  layer_norm_parameters_backward(dscale, dshift, dy_rows, xhat, rows, e);
}

void layer_norm_parameters_backward(real* dscale, real* dshift, const real* dy, const real* xhat, int64_t rows,
                                    int64_t e) {
  if (!dscale && !dshift) return;
  const int64_t ld = padded(e);
  Scratch scratch;
  real* sums = zeros(scratch, 2 * ld);
  sum_over_rows(sums, 2 * ld, rows, [&](real* sum, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      simd().multiply_accumulate(sum, dy + i * ld, xhat + i * ld, ld);
      simd().accumulate(sum + ld, dy + i * ld, ld);
    }
  });
  if (dscale) simd().accumulate(dscale, sums, e);
  if (dshift) simd().accumulate(dshift, sums + ld, e);
}

}  // namespace hmem
