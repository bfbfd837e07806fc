#pragma once
/// \file attribution.h
/// Why this answer: the margin of an answer as exact sums over the sentences of the story.
///
/// The margin is l_answer - l_other of two logits; a constant added to all logits leaves it as it is. It is d = l d_ao:
/// with w = W_o (e_answer - e_other) the margin is features . w. Everything below holds for this one input, given what
/// this run's nonlinear parts did, which is *frozen*: the gates [z_h > 0] of the read keys, the gates of the answer
/// layer, the factors rstd of the normalised reads and of the value norm of read-before-write, and the factors F of the
/// writes. With these the margin is linear in each of the things it is split into, so that the terms add up exactly:
///
///   term of a sentence  C_t = growth k_t v_t^T (*) prod_{s > t} F_s          sum_t C_t = M
///   read of a hop       c_t^h = C_t^T k_h                                    sum_t c_t^h = r_h
///   direct gradient     e_h: margin = answer_question + sum_h r_h . e_h; 0 for hops that the answer does not see
///   total gradient      A_H = e_H,  A_h = e_h + N_h W_{h+1} G_{h+1} M A_{h+1}
///   writer of hop h     writes[h][t] = c_t^h . e_h
///   steerer of hop h    steers[h][t] = c_t^{h-1} . (A_{h-1} - e_{h-1}), h >= 2: what flows through the sentence's
///                       share of the key of hop h, and on
///   question, hop h     question[h] = (q W_q) G_h M A_h
///   total               total[t] = sum_h c_t^h . A_h, the derivative of the margin when C_t is scaled in all
///                       hops (with the factors rstd frozen). Not a share: the margin is of degree up to H in the
///                       memory
///
/// N_h is the centring times rstd of a normalised read (else the identity), G_h the gate as a diagonal matrix. With
/// answer_layer e_h passes o -> o + G (o W_1 + q W_2) with the frozen gate G, and answer_question = (q W_2) G w is the
/// question's part that passes by the memory. Signed and outer writes have their own growth and F (PlainRule).

#include <string>

#include "hmem/study/trace.h"

namespace hmem {

/// A sum that must come out: the terms and what they have to add up to.
struct Residual {
  std::string name;
  double found = 0, expected = 0;
  double scale = 1;  ///< of the values that were added: the margin's size, or the largest element

  double relative() const;  ///< |found - expected| / scale
};
/// Largest Residual::relative(); NaN if one is.
double worst_residual(const std::vector<Residual>& residuals);

/// What the write rule did beyond growth and decay.
struct Saturation {
  int64_t factors = 0;                     ///< elements (t, i, j) that a pair was written to: k_i != 0
  int64_t negative = 0;                    ///< of these, F < 0: the stored sign turns
  double smallest = 1;                     ///< F
  double memory_low = 0, memory_high = 0;  ///< smallest and largest element of M
};

/// T sentences, H hops; hop h has the index h - 1.
struct Attribution {
  int32_t answer = 0, other = 0;
  double margin = 0;
  Vector writer;    ///< [T] sum over hops of `writes`; adds up to margin - answer_question
  Matrix writes;    ///< [H, T]; only the last row is not 0, but with hop_sum
  Matrix steers;    ///< [H, T]; row 0 is 0
  Vector question;  ///< [H]
  Vector direct;    ///< [H] r_h . e_h
  double answer_question = 0;
  Vector total;  ///< [T]
  /// Read-before-write: [T, T + 1] what sentence t wrote, split by the sentence whose own value it carries; the last
  /// column is the shift of the value norm. Vector sums: writer. Empty without it.
  Matrix origin;
  Vector origin_of;  ///< [T + 1] column sums of `origin`
  Saturation saturation;
  std::vector<Residual> residuals;

  std::vector<Matrix> reads;            ///< of each hop: c_t^h [T, D]
  std::vector<Vector> direct_gradient;  ///< e_h [D]
  std::vector<Vector> total_gradient;   ///< A_h [D]

  int64_t sentences() const { return static_cast<int64_t>(writer.size()); }
  double worst_residual() const { return hmem::worst_residual(residuals); }
  /// sum of `writer` + answer_question: printed beside the margin.
  double terms() const;
};

/// The most probable answer, and the one behind it or, where `truth` is an id that is not the answer, `truth`.
struct AnswerPair {
  int32_t answer = 0, other = 0;
};
AnswerPair answer_pair(const Vector& logits, int32_t truth = -1);
inline AnswerPair answer_pair(const QaTrace& trace, int32_t truth = -1) { return answer_pair(trace.logits, truth); }

/// Splits the margin of `pair`. Throws Error on ids outside the output layer.
Attribution attribute(const PlainQa& model, const QaTrace& trace, AnswerPair pair);

/// C_t [D, D]
Matrix memory_term(const PlainQa& model, const QaTrace& trace, int64_t t);

/// Which sentence steered the reading of which: P[s][t], t < T: the part of c_s^hop . A_hop that comes from sentence
/// t's share of the key of this hop; column T: from the question. Vector sums: c_s^hop . A_hop (of the last hop:
/// `writes`); column sums: `steers`, and `question`. hop counts from 0.
Matrix pairs(const PlainQa& model, const QaTrace& trace, const Attribution& attribution, int64_t hop);

/// [T, T]: `writer` of sentence t (row) as it was after sentence s >= t (column) was written, for the keys of this
/// run's reads; 0 for s < t. The last column is `writer`.
Matrix forgetting(const PlainQa& model, const QaTrace& trace, const Attribution& attribution);

}  // namespace hmem
