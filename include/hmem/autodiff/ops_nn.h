#pragma once
/// \file ops_nn.h
/// Embeddings, normalisation and the classification loss on a tape.

#include "hmem/autodiff/tape.h"
#include "hmem/kernels/dropout.h"
#include "hmem/kernels/embedding.h"
#include "hmem/kernels/norm.h"

namespace hmem {

/// out [n, e] = table [v, e] at ids [n]; nil (0) gives zeros. Throws Error when an id is outside the table.
Var embedding(Var table, const IdTensor& ids);

/// x [rows, e] = sum over words of encoding [width, e] (*) table [v, e] at ids [rows, width], nil left out.
Var sentence_encoding(Var table, Var encoding, const IdTensor& ids);

/// out [pairs, n] = rows[first] + rows[second]. Throws Error when `pairs` is not indexed.
Var pair_sum(Var rows, const RowPairs& pairs);

/// The source of the statistics for batch_norm.
struct NormSource {
  /// Number of zero rows that the batch statistics include, although they are not stored.
  int64_t padded = 0;
  /// Given statistics (moving averages), used as constants; null: statistics of the batch.
  const NormStatistics* fixed = nullptr;
};

/// y [rows, e] = scale (x - mean) / sqrt(var + epsilon) + shift. With batch statistics, `used` (if not null) receives
/// pointers to them, valid until the tape is reset. See kernels/norm.h.
Var batch_norm(Var x, Var scale, Var shift, real epsilon, const NormSource& source, NormStatistics* used = nullptr);

/// batch_norm over the instances that pair_sum forms, applied to the rows: pair_sum(batch_norm_pairs(rows, ..)) =
/// batch_norm(pair_sum(rows), ..).
Var batch_norm_pairs(Var rows, const RowPairs& pairs, Var scale, Var shift, real epsilon, const NormSource& source,
                     NormStatistics* used = nullptr);

/// y [rows, e] = scale (x - mean) / sqrt(var + epsilon) + shift, mean and biased var over the columns of each row
/// (Ba et al., arXiv 1607.06450).
Var layer_norm(Var x, Var scale, Var shift, real epsilon);

/// y = x / sqrt(mean relu(x)^2 + epsilon) over the row: relu(y) is relu(x), root mean square normalised. x [rows, e].
Var positive_rms_norm(Var x, real epsilon);

/// out = x with dropped elements set to 0 and the others divided by 1 - rate.
Var dropout(Var x, const DropoutMask& mask);

/// The loss on the tape, with predictions and probabilities for reports.
struct CrossEntropy {
  Var loss;                         ///< mean over rows of -sum_j target_j log softmax(logits)_j
  const int32_t* argmax = nullptr;  ///< [rows] predicted classes
  const real* p = nullptr;          ///< [rows, n] probabilities
};

/// Mean cross entropy of logits [rows, n] with labels [rows]: target = (1 - smoothing) onehot(label) + smoothing / n. A
/// negative label (an answer outside the vocabulary) counts as a row of loss 0. Throws Error on a label >= n and unless
/// 0 <= smoothing < 1.
CrossEntropy softmax_cross_entropy(Var logits, const IdTensor& labels, real smoothing = 0);

}  // namespace hmem
