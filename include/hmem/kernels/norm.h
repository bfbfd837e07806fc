#pragma once
/// \file norm.h
/// Batch normalisation (Ioffe & Szegedy, ICML 2015, algorithm 1) over rows, some of which are only counted.
///
///   mean = (sum over rows of x) / n,  var = (sum over rows of (x - mean)^2 + padded mean^2) / n,  n = rows + padded
///   y = scale (x - mean) / sqrt(var + epsilon) + shift
///
/// `padded` rows are all zero and exist as a number only: they take part in the statistics (as the padded sentences of
/// the reference do) and cost nothing. The variance is biased (divided by n).

#include <cstdint>
#include <functional>

#include "hmem/core/real.h"
#include "hmem/kernels/embedding.h"

namespace hmem {

/// Per-column statistics, [e] each.
struct NormStatistics {
  real* mean = nullptr;
  real* variance = nullptr;
  int64_t n = 0;  ///< number of rows, padded ones included; 0: unknown, the statistics were given
};

/// A batch may be computed in parts (train/replicas.h): this replaces `count` sums over the rows of a part by those
/// over the rows of the batch. All parts must call it the same number of times. Empty: the part is the batch.
using SumOverParts = std::function<void(double* sums, int64_t count)>;

/// Sets mean, variance and n of x [rows, e]; throws Error when there is no row at all. Parallel over pieces of rows.
void batch_statistics(NormStatistics& out, const real* x, int64_t rows, int64_t e, int64_t padded,
                      const SumOverParts& parts = {});

/// y = scale (x - mean) / sqrt(variance + epsilon) + shift, with given statistics (of the batch, or moving averages).
void batch_norm_forward(real* y, const real* x, const real* scale, const real* shift, const NormStatistics& statistics,
                        int64_t rows, int64_t e, real epsilon);

/// Adds to dx [rows, e], dscale, dshift [e]; null: not wanted. Statistics without `n` were given from outside and are
/// constants. saves: x, statistics.
void batch_norm_backward(real* dx, real* dscale, real* dshift, const real* dy, const real* x, const real* scale,
                         const NormStatistics& statistics, int64_t rows, int64_t e, real epsilon,
                         const SumOverParts& parts = {});

/// batch_statistics for rows that come in pieces, with the same bits. `pass` gives all rows, in order, to its argument;
/// it is called twice.
using PassOverRows = std::function<void(const std::function<void(const real* x, int64_t rows)>& add)>;
void batch_statistics_in_pieces(NormStatistics& out, const PassOverRows& pass, int64_t rows, int64_t e, int64_t padded,
                                const SumOverParts& parts = {});
/// The second half of batch_norm_backward, from `sums` [2, e] over the rows: sum dy (x - mean) and sum dy, added in
/// partial sums of kNormRows rows. They become those of the batch. Each of dx, dscale, dshift may be null.
constexpr int64_t kNormRows = 128;
void batch_norm_backward_apply(real* dx, real* dscale, real* dshift, real* sums, const real* dy, const real* x,
                               const real* scale, const NormStatistics& statistics, int64_t rows, int64_t e,
                               real epsilon, const SumOverParts& parts = {});

/// The same for instances x_i = rows[first_i] + rows[second_i] without forming them. Normalisation is affine once the
/// statistics are known, so y_i = out[first_i] + out[second_i] with
///   out[r] = s rows[r] for first rows,  s rows[r] + shift - s mean for second rows,  s = scale / sqrt(var + epsilon).
/// centred [rows, e] receives sum over the instances of r of (x_i - mean) and is saved for the backward pass.
void batch_statistics_pairs(NormStatistics& out, real* centred, const real* rows, const RowPairs& pairs, int64_t e,
                            int64_t padded, const SumOverParts& parts = {});
void batch_norm_pairs_forward(real* out, const real* rows, const real* scale, const real* shift,
                              const NormStatistics& statistics, const RowPairs& pairs, int64_t e, real epsilon);
/// centred null: constant statistics. saves: rows, centred, statistics.
void batch_norm_pairs_backward(real* drows, real* dscale, real* dshift, const real* dout, const real* rows,
                               const real* centred, const real* scale, const NormStatistics& statistics,
                               const RowUses& uses, int64_t e, real epsilon, const SumOverParts& parts = {});

/// Layer norm (Ba et al., arXiv 1607.06450) of each row of x [rows, e]:
///   xhat = (x - mean) rstd,  rstd = 1 / sqrt(var + epsilon),  y = xhat scale + shift
/// mean and biased var over the e columns of a row. xhat [rows, padded(e)] has zeros beyond e; rstd [rows].
/// Parallel over rows.
void layer_norm_forward(real* y, real* xhat, real* rstd, const real* x, const real* scale, const real* shift,
                        int64_t rows, int64_t e, real epsilon);

/// Adds to dx [rows, e], dscale, dshift [e]; each may be null. saves: xhat, rstd.
void layer_norm_backward(real* dx, real* dscale, real* dshift, const real* dy, const real* xhat, const real* rstd,
                         const real* scale, int64_t rows, int64_t e);

/// dscale += sum dy xhat, dshift += sum dy over the rows; dy and xhat [rows, padded(e)]. Each may be null.
void layer_norm_parameters_backward(real* dscale, real* dshift, const real* dy, const real* xhat, int64_t rows,
                                    int64_t e);

/// Root mean square norm (Zhang & Sennrich, NeurIPS 2019) of what is positive in each row of x [rows, e]:
///   y = x r,  r = 1 / sqrt(mean_j relu(x_j)^2 + epsilon)
/// so that relu(y) is relu(x) with a mean square of about 1. r [rows]. Parallel over rows.
void positive_rms_norm_forward(real* y, real* r, const real* x, int64_t rows, int64_t e, real epsilon);
/// Adds to dx [rows, e]. saves: x, r.
void positive_rms_norm_backward(real* dx, const real* dy, const real* x, const real* r, int64_t rows, int64_t e);

}  // namespace hmem
