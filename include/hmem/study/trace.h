#pragma once
/// \file trace.h
/// H-Mem written out: every key, value, memory and read of one question, as plain loops in double precision. It
/// computes what HMemQa::forward computes in inference mode and shares no kernel with it: to be read beside
/// docs/equations.md, stepped through in a debugger, and compared with the kernels.

#include <cstdint>
#include <vector>

#include "hmem/models/hmem_qa.h"

namespace hmem {

using Vector = std::vector<double>;

/// Numbers in rows and columns, zero at first.
struct Matrix {
  int64_t rows = 0, cols = 0;
  Vector values;  ///< row by row

  Matrix() = default;
  Matrix(int64_t rows_in, int64_t cols_in, double value = 0)
      : rows(rows_in), cols(cols_in), values(static_cast<size_t>(rows_in * cols_in), value) {}
  bool empty() const { return values.empty(); }
  double* row(int64_t i) { return values.data() + i * cols; }
  const double* row(int64_t i) const { return values.data() + i * cols; }
  double& operator()(int64_t i, int64_t j) { return row(i)[j]; }
  double operator()(int64_t i, int64_t j) const { return row(i)[j]; }
};

double dot(const double* a, const double* b, int64_t n);
double dot(const Vector& a, const Vector& b);
/// x A, x [rows of A]
Vector product(const double* x, const Matrix& a);
/// A y, y [columns of A]
Vector product(const Matrix& a, const Vector& y);

/// One step of any write rule, elementwise: M <- M (*) F + growth k v^T with
///   F = 1 - decay_pos k v^T - decay_neg k^2 1^T,  in the signed rule |k v^T| in place of k v^T
/// Paper's rule: growth = g+ w_max, decay_pos = g+, decay_neg = g-. Outer products: growth = g+, F = 1.
struct PlainRule {
  double growth = 0, decay_pos = 0, decay_neg = 0;
  bool is_signed = false;

  double factor(double k, double v) const {
    const double kv = k * v;
    return 1 - decay_pos * (is_signed && kv < 0 ? -kv : kv) - decay_neg * k * k;
  }
  /// Writes one pair [D], [D] into m [D, D].
  void write(Matrix& m, const double* k, const double* v) const;
};

/// The weights of an HMemQa as double, one matrix per use.
struct PlainQa {
  /// y = (x - mean) / sqrt(var + epsilon) * scale + shift; a layer norm takes mean and var from x.
  struct Norm {
    Vector scale, shift, mean, var;
  };

  explicit PlainQa(HMemQa& model);

  HMemQa::Config config;
  PlainRule rule;                       ///< with the learned rates, where they are learned
  Matrix embedding, encoding;           ///< A [V, E], P [W, E]
  Norm story_norm, query_norm;          ///< empty with StoryNorm::none
  Matrix story_layer, question_layer;   ///< W_x, W_s [E, E] of extractor_layers = 2, else empty
  Matrix key, value;                    ///< W_k, W_v [E, D]
  std::vector<Matrix> query, back;      ///< of each hop: W_q [E, D] and W [D, D]; back[0] is empty
  Matrix write_own, write_found;        ///< W_0, W_s [D, D] of read-before-write, else empty
  Norm key_norm, value_norm;            ///< the same
  Matrix answer_read, answer_question;  ///< W_1 [D, D], W_2 [E, D] of answer_layer, else empty
  Matrix output;                        ///< W_o [D, V]
};

/// Word ids of a story and a question, as the model reads them.
struct QaStory {
  std::vector<std::vector<int32_t>> sentences;  ///< oldest first; W ids, the time word in the last slot, nil = 0
  std::vector<int32_t> question;                ///< W ids

  int64_t size() const { return static_cast<int64_t>(sentences.size()); }
};

/// Story b of a batch.
QaStory story_of(const BabiBatch& batch, int64_t b = 0);

/// All intermediate values of one question; T sentences.
struct QaTrace {
  struct Hop {
    Vector question;  ///< q W_q [D], the question's part of the key
    Vector z, k;      ///< pre-activation and key [D]: z = question + n_{h-1} W, k = relu(z)
    Vector r;         ///< M^T k [D], what was read
    Vector n;         ///< r, or with read_norm (r - mean(r)) rstd
    double rstd = 1;  ///< 1 / sqrt(var(r) + epsilon) with read_norm
  };

  Matrix x;     ///< [T, E] sentences that keys and values are made of
  Vector q;     ///< [E] the question
  Matrix k, v;  ///< [T, D] what was written
  /// Read-before-write: v = (y - mean(y)) rstd scale + shift with y = own + found W_s; found = M^T k before the write.
  Matrix own, found;  ///< [T, D]; empty without it
  Vector rstd;        ///< [T]
  Matrix m;           ///< [D, D] the memory when the question is asked
  std::vector<Hop> hops;
  Vector out;       ///< n_H, or with hop_sum n_1 + .. + n_H
  Vector answer_z;  ///< out W_1 + q W_2 with answer_layer, else empty
  Vector features;  ///< out, with answer_layer out + relu(answer_z)
  Vector logits;    ///< features W_o [V]

  int64_t sentences() const { return k.rows; }
};

/// Runs the model on one story. Throws Error for ids outside the vocabulary and for rows of another length than W.
QaTrace trace_qa(const PlainQa& model, const QaStory& story);

/// The steps `first`, `first` + 1, .. of `trace` again, from the memory `m` before them; fills v, found, rstd (the last
/// two with read-before-write) and m. Keys stay: they do not depend on the memory.
void write_from(const PlainQa& model, QaTrace& trace, Matrix m, int64_t first);
/// Reads trace.m with trace.q and answers: fills hops, out, answer_z, features and logits.
void read_and_answer(const PlainQa& model, QaTrace& trace);

}  // namespace hmem
