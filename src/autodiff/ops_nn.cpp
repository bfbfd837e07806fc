#include "hmem/autodiff/ops_nn.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/kernels/softmax.h"

namespace hmem {

namespace {

const Op kEmbedding("embedding"), kLayerNorm("layer_norm"), kDropout("dropout"), kSentenceEncoding("sentence_encoding"),
    kPairSum("pair_sum"), kBatchNorm("batch_norm"), kBatchNormPairs("batch_norm_pairs"),
    kCrossEntropy("softmax_cross_entropy"), kPositiveRmsNorm("positive_rms_norm");

void check_ids(const Op& op, const IdTensor& ids, int64_t rows) {
  for (int64_t i = 0; i < ids.count(); ++i) {
    HMEM_CHECK(ids[i] >= 0 && ids[i] < rows, op.name(), ": id ", ids[i], " at position ", i,
               " is outside the table of ", rows, " rows");
  }
}

/// The given statistics, or memory for those of the batch.
NormStatistics new_statistics(Tape& tape, const NormSource& source, int64_t e) {
  if (source.fixed) return {tape.copy(source.fixed->mean, e), tape.copy(source.fixed->variance, e)};
  return {tape.allocate<real>(e), tape.allocate<real>(e)};
}

void check_pairs(const Op& op, Var rows, const RowPairs& pairs) {
  HMEM_CHECK(rows.shape().rank() == 2 && rows.size(0) == pairs.rows, op.name(), ": rows ", rows.shape(),
             ", the pairs point into ", pairs.rows);
  HMEM_CHECK(static_cast<int64_t>(pairs.row_begin.size()) == pairs.rows + 1 &&
                 static_cast<int64_t>(pairs.instance.size()) == 2 * pairs.count(),
             op.name(), ": the pairs are not indexed: call index_rows() first");
}

void check_norm(const Op& op, Var x, Var scale, Var shift) {
  HMEM_CHECK(x.shape().rank() == 2 && scale.count() == x.size(1) && shift.count() == x.size(1), op.name(), ": x ",
             x.shape(), " with scale ", scale.shape(), " and shift ", shift.shape());
}

}  // namespace

Var embedding(Var table, const IdTensor& ids) {
  HMEM_CHECK(table.shape().rank() == 2 && ids.shape().rank() == 1, "embedding: table ", table.shape(), ", ids ",
             ids.shape(), ", expected [v, e] and [n]");
  check_ids(kEmbedding, ids, table.size(0));
  const int64_t n = ids.count(), e = table.size(1);
  const int32_t* id = table.tape().copy(ids.data(), n);
  Var out = table.tape().record(kEmbedding, {n, e}, {table},
                                [=](Var rows) { embedding_backward(table.grad(), rows.grad(), id, n, e); });
  embedding_forward(out.data(), table.data(), id, n, e);
  return out;
}

Var sentence_encoding(Var table, Var encoding, const IdTensor& ids) {
  HMEM_CHECK(
      ids.shape().rank() == 2 && table.shape().rank() == 2 && encoding.shape() == Shape({ids.size(1), table.size(1)}),
      "sentence_encoding: table ", table.shape(), ", encoding ", encoding.shape(), ", ids ", ids.shape(),
      ", expected [v, e], [width, e], [rows, width]");
  check_ids(kSentenceEncoding, ids, table.size(0));
  const int64_t rows = ids.size(0), width = ids.size(1), e = table.size(1);
  const int32_t* id = table.tape().copy(ids.data(), ids.count());
  Var out = table.tape().record(kSentenceEncoding, {rows, e}, {table, encoding}, [=](Var x) {
    sentence_encoding_backward(table.grad(), encoding.grad(), x.grad(), table.data(), encoding.data(), id, rows, width,
                               e);
  });
  sentence_encoding_forward(out.data(), table.data(), encoding.data(), id, rows, width, e);
  return out;
}

Var pair_sum(Var rows, const RowPairs& pairs) {
  check_pairs(kPairSum, rows, pairs);
  const int64_t n = rows.size(1);
  RowUses uses = pairs;
  uses.row_begin = rows.tape().copy(pairs.row_begin);
  uses.instance = rows.tape().copy(pairs.instance);
  Var out = rows.tape().record(kPairSum, {pairs.count(), n}, {rows},
                               [=](Var sums) { pair_sum_backward(rows.grad(), sums.grad(), uses, n); });
  pair_sum_forward(out.data(), rows.data(), pairs, n);
  return out;
}

Var batch_norm(Var x, Var scale, Var shift, real epsilon, const NormSource& source, NormStatistics* used) {
  check_norm(kBatchNorm, x, scale, shift);
  Tape& tape = x.tape();
  const int64_t rows = x.size(0), e = x.size(1);
  NormStatistics statistics = new_statistics(tape, source, e);
  if (!source.fixed) batch_statistics(statistics, x.data(), rows, e, source.padded, tape.part().sum);
  if (used) *used = statistics;
  Var out = tape.record(kBatchNorm, x.shape(), {x, scale, shift}, [=, &tape](Var y) {
    batch_norm_backward(x.grad(), scale.grad(), shift.grad(), y.grad(), x.data(), scale.data(), statistics, rows, e,
                        epsilon, tape.part().sum);
  });
  batch_norm_forward(out.data(), x.data(), scale.data(), shift.data(), statistics, rows, e, epsilon);
  return out;
}

Var batch_norm_pairs(Var rows, const RowPairs& pairs, Var scale, Var shift, real epsilon, const NormSource& source,
                     NormStatistics* used) {
  check_norm(kBatchNormPairs, rows, scale, shift);
  check_pairs(kBatchNormPairs, rows, pairs);
  Tape& tape = rows.tape();
  const int64_t e = rows.size(1);
  NormStatistics statistics = new_statistics(tape, source, e);
  real* centred = source.fixed ? nullptr : tape.allocate<real>(rows.count());
  if (!source.fixed) {
    batch_statistics_pairs(statistics, centred, rows.data(), pairs, e, source.padded, tape.part().sum);
  }
  if (used) *used = statistics;
  RowUses uses = pairs;
  uses.row_begin = tape.copy(pairs.row_begin);
  uses.instance = nullptr;  // not read
  Var out = tape.record(kBatchNormPairs, rows.shape(), {rows, scale, shift}, [=, &tape](Var y) {
    batch_norm_pairs_backward(rows.grad(), scale.grad(), shift.grad(), y.grad(), rows.data(), centred, scale.data(),
                              statistics, uses, e, epsilon, tape.part().sum);
  });
  batch_norm_pairs_forward(out.data(), rows.data(), scale.data(), shift.data(), statistics, pairs, e, epsilon);
  return out;
}

Var layer_norm(Var x, Var scale, Var shift, real epsilon) {
  check_norm(kLayerNorm, x, scale, shift);
  Tape& tape = x.tape();
  const int64_t rows = x.size(0), e = x.size(1);
  real *xhat = tape.allocate<real>(rows * padded(e)), *rstd = tape.allocate<real>(rows);
  Var out = tape.record(kLayerNorm, x.shape(), {x, scale, shift}, [=](Var y) {
    layer_norm_backward(x.grad(), scale.grad(), shift.grad(), y.grad(), xhat, rstd, scale.data(), rows, e);
  });
  layer_norm_forward(out.data(), xhat, rstd, x.data(), scale.data(), shift.data(), rows, e, epsilon);
  return out;
}

Var positive_rms_norm(Var x, real epsilon) {
  HMEM_CHECK(x.shape().rank() == 2 && x.size(1) > 0, "positive_rms_norm: x ", x.shape(), ", expected [rows, e]");
  const int64_t rows = x.size(0), e = x.size(1);
  real* r = x.tape().allocate<real>(rows);
  Var out = x.tape().record(kPositiveRmsNorm, x.shape(), {x},
                            [=](Var y) { positive_rms_norm_backward(x.grad(), y.grad(), x.data(), r, rows, e); });
  positive_rms_norm_forward(out.data(), r, x.data(), rows, e, epsilon);
  return out;
}

Var dropout(Var x, const DropoutMask& mask) {
  HMEM_CHECK(mask.rate >= 0 && mask.rate < 1 && mask.first % 4 == 0, "dropout: rate ", mask.rate, ", first element ",
             mask.first, ", expected a rate in [0, 1) and a multiple of 4");
  const int64_t n = x.count();
  Var out = x.tape().record(kDropout, x.shape(), {x}, [=](Var y) { dropout_backward(x.grad(), y.grad(), mask, n); });
  dropout_forward(out.data(), x.data(), mask, n);
  return out;
}

CrossEntropy softmax_cross_entropy(Var logits, const IdTensor& labels, real smoothing) {
  HMEM_CHECK(logits.shape().rank() == 2 && labels.shape() == Shape({logits.size(0)}), "softmax_cross_entropy: logits ",
             logits.shape(), ", labels ", labels.shape(), ", expected [rows, n] and [rows]");
  const int64_t rows = logits.size(0), n = logits.size(1);
  HMEM_CHECK(rows > 0 && n > 0, "softmax_cross_entropy: empty logits ", logits.shape());
  HMEM_CHECK(smoothing >= 0 && smoothing < 1, "softmax_cross_entropy: smoothing ", smoothing, ", expected in [0, 1)");
  for (int64_t i = 0; i < rows; ++i) {
    HMEM_CHECK(labels[i] < n, "softmax_cross_entropy: label ", labels[i], " of row ", i, " is not below ", n);
  }
  Tape& tape = logits.tape();
  CrossEntropy result;
  real* p = tape.allocate<real>(rows * n);
  int32_t* argmax = tape.allocate<int32_t>(rows);
  const int32_t* label = tape.copy(labels.data(), rows);
  result.loss = tape.record(kCrossEntropy, {}, {logits}, [=](Var loss) {
    softmax_cross_entropy_backward(logits.grad(), p, label, *loss.grad() / static_cast<real>(rows), rows, n, smoothing);
  });
  const double sum = softmax_cross_entropy_forward(p, argmax, logits.data(), label, rows, n, smoothing);
  *result.loss.data() = static_cast<real>(sum / static_cast<double>(rows));
  result.argmax = argmax;
  result.p = p;
  return result;
}

}  // namespace hmem
