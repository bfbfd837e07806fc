#include "hmem/study/attribution.h"

#include <algorithm>
#include <cmath>

#include "hmem/core/check.h"
#include "study/plain.h"

namespace hmem {

using namespace detail;

namespace {

/// G y: the gate [z > 0] on every element.
Vector gated(const Vector& z, Vector y) {
  for (size_t j = 0; j < y.size(); ++j) y[j] = z[j] > 0 ? y[j] : 0;
  return y;
}

/// N y for the frozen norm (r - mean(r)) rstd, whose matrix is symmetric.
Vector normalised(const PlainQa& model, const QaTrace::Hop& hop, Vector y) {
  if (!model.config.read_norm) return y;
  const double mean = total_of(y) / static_cast<double>(y.size());
  for (double& x : y) x = (x - mean) * hop.rstd;
  return y;
}

/// e_h, A_h, the question's parts.
void take_gradients(const PlainQa& model, const QaTrace& trace, Attribution& out) {
  Vector w(trace.features.size());
  for (size_t j = 0; j < w.size(); ++j) {
    const double* row = model.output.row(static_cast<int64_t>(j));
    w[j] = row[out.answer] - row[out.other];
  }
  if (!trace.answer_z.empty()) {
    const Vector open = gated(trace.answer_z, w);
    out.answer_question = dot(product(trace.q.data(), model.answer_question), open);
    w = sum(w, product(model.answer_read, open));
  }
  const size_t hops = trace.hops.size();
  out.direct_gradient.assign(hops, Vector(w.size(), 0.0));
  out.total_gradient.resize(hops);
  out.question.resize(hops), out.direct.resize(hops);
  for (size_t h = hops; h-- > 0;) {
    const QaTrace::Hop& hop = trace.hops[h];
    if (h + 1 == hops || model.config.hop_sum) out.direct_gradient[h] = normalised(model, hop, w);
    Vector& total = out.total_gradient[h] = out.direct_gradient[h];
    if (h + 1 < hops) {
      const Vector through_key = gated(trace.hops[h + 1].z, product(trace.m, out.total_gradient[h + 1]));
      total = sum(std::move(total), normalised(model, hop, product(model.back[h + 1], through_key)));
    }
    out.question[h] = dot(hop.question, gated(hop.z, product(trace.m, total)));
    out.direct[h] = dot(hop.r, out.direct_gradient[h]);
  }
}

/// Calls visit(t, P) from the last sentence to the first, P = prod_{s > t} F_s.
template <typename Visit>
void for_each_term(const PlainQa& model, const QaTrace& trace, Visit visit) {
  const int64_t d = trace.m.rows;
  Matrix kept(d, d, 1);
  for (int64_t t = trace.sentences(); t-- > 0;) {
    visit(t, kept);
    const double *k = trace.k.row(t), *v = trace.v.row(t);
    for (int64_t i = 0; i < d; ++i) {
      if (k[i] == 0) continue;
      double* row = kept.row(i);
      for (int64_t j = 0; j < d; ++j) row[j] *= model.rule.factor(k[i], v[j]);
    }
  }
}

/// c_t^h = reach (*) v_t with reach_j = growth sum_i k_h,i k_t,i P_ij; returns the reach of every hop and sentence.
std::vector<Matrix> take_reads(const PlainQa& model, const QaTrace& trace, Attribution& out) {
  const int64_t steps = trace.sentences(), d = trace.m.rows;
  std::vector<Matrix> reach(trace.hops.size(), Matrix(steps, d));
  for_each_term(model, trace, [&](int64_t t, const Matrix& kept) {
    const double* k = trace.k.row(t);
    for (size_t h = 0; h < reach.size(); ++h) {
      const Vector& read_key = trace.hops[h].k;
      double* sums = reach[h].row(t);
      for (int64_t i = 0; i < d; ++i) {
        const double both = model.rule.growth * k[i] * read_key[static_cast<size_t>(i)];
        if (both == 0) continue;
        const double* row = kept.row(i);
        for (int64_t j = 0; j < d; ++j) sums[j] += both * row[j];
      }
    }
  });
  out.reads = reach;
  for (Matrix& read : out.reads) {
    for (size_t i = 0; i < read.values.size(); ++i) read.values[i] *= trace.v.values[i];
  }
  return reach;
}

/// With the frozen rstd the value norm is affine: v'_t = own part + parts of what it found + shift, by origin.
/// O_s <- O_s (*) F_t + growth k'_t (part of s in v'_t)^T,  sum_s O_s = M,  found by t: O_s^T k'_t.
void take_origins(const PlainQa& model, const QaTrace& trace, const std::vector<Matrix>& reach, Attribution& out) {
  const int64_t steps = trace.sentences(), d = trace.m.rows;
  const PlainQa::Norm& norm = model.value_norm;
  Matrix weight(steps, d);  // of v_t in the margin
  for (size_t h = 0; h < reach.size(); ++h) {
    for (int64_t t = 0; t < steps; ++t) {
      for (int64_t j = 0; j < d; ++j) {
        weight(t, j) += reach[h](t, j) * out.direct_gradient[h][static_cast<size_t>(j)];
      }
    }
  }
  out.origin = Matrix(steps, steps + 1);
  out.origin_of.assign(static_cast<size_t>(steps + 1), 0.0);
  std::vector<Matrix> content(static_cast<size_t>(steps + 1));  // O_s; the last one is that of the shifts
  double worst = 0, largest = 0;
  for (int64_t t = 0; t < steps; ++t) {
    const double *k = trace.k.row(t), *v = trace.v.row(t);
    const auto affine = [&](Vector y) {
      const double mean = total_of(y) / static_cast<double>(d);
      for (size_t j = 0; j < y.size(); ++j) y[j] = (y[j] - mean) * trace.rstd[static_cast<size_t>(t)] * norm.scale[j];
      return y;
    };
    Matrix kept(d, d);  // F_t
    for (int64_t i = 0; i < d; ++i) {
      for (int64_t j = 0; j < d; ++j) kept(i, j) = model.rule.factor(k[i], v[j]);
    }
    Vector all(static_cast<size_t>(d), 0.0);
    for (int64_t s = 0; s <= steps; ++s) {
      Matrix& from = content[static_cast<size_t>(s)];
      if (s > t && s < steps) continue;  // not told yet
      Vector part(static_cast<size_t>(d), 0.0);
      if (!from.empty()) part = affine(product(product(k, from).data(), model.write_found));
      if (s == t) part = affine(Vector(trace.own.row(t), trace.own.row(t + 1)));
      if (s == steps) part = sum(std::move(part), norm.shift);
      if (from.empty()) from = Matrix(d, d);
      for (int64_t i = 0; i < d; ++i) {
        const double grown = model.rule.growth * k[i], *f = kept.row(i);
        double* row = from.row(i);
        for (int64_t j = 0; j < d; ++j) row[j] = row[j] * f[j] + grown * part[static_cast<size_t>(j)];
      }
      out.origin(t, s) = dot(weight.row(t), part.data(), d);
      out.origin_of[static_cast<size_t>(s)] += out.origin(t, s);
      all = sum(std::move(all), part);
    }
    for (int64_t j = 0; j < d; ++j) {
      worst = std::max(worst, std::abs(all[static_cast<size_t>(j)] - v[j]));
      largest = std::max(largest, std::abs(v[j]));
    }
  }
  out.residuals.push_back({"values by origin", worst, 0, largest});
  Vector sums(trace.m.values.size(), 0.0);
  for (const Matrix& part : content) {
    if (!part.empty()) sums = sum(std::move(sums), part.values);
  }
  for (size_t i = 0; i < sums.size(); ++i) sums[i] -= trace.m.values[i];
  out.residuals.push_back({"memory by origin", largest_size(sums), 0, largest_size(trace.m.values)});
}

Saturation saturation_of(const PlainQa& model, const QaTrace& trace) {
  Saturation found;
  const int64_t d = trace.m.rows;
  for (int64_t t = 0; t < trace.sentences(); ++t) {
    const double *k = trace.k.row(t), *v = trace.v.row(t);
    for (int64_t i = 0; i < d; ++i) {
      if (k[i] == 0) continue;
      found.factors += d;
      for (int64_t j = 0; j < d; ++j) {
        const double f = model.rule.factor(k[i], v[j]);
        found.negative += f < 0;
        found.smallest = std::min(found.smallest, f);
      }
    }
  }
  const auto [low, high] = std::minmax_element(trace.m.values.begin(), trace.m.values.end());
  found.memory_low = *low, found.memory_high = *high;
  return found;
}

}  // namespace

double Residual::relative() const {
  const double difference = std::abs(found - expected);
  return difference == 0 ? 0 : difference / scale;
}

double worst_residual(const std::vector<Residual>& residuals) {
  double worst = 0;
  for (const Residual& residual : residuals) {
    const double found = residual.relative();
    if (!(found <= worst)) worst = found;  // a NaN stays
  }
  return worst;
}

double Attribution::terms() const { return total_of(writer) + answer_question; }

AnswerPair answer_pair(const Vector& logits, int32_t truth) {
  AnswerPair pair;
  const auto at = [&](int32_t id) { return logits[static_cast<size_t>(id)]; };
  const auto classes = static_cast<int32_t>(logits.size());
  for (int32_t id = 1; id < classes; ++id) {
    if (at(id) > at(pair.answer)) pair.answer = id;
  }
  pair.other = pair.answer == 0 ? 1 : 0;
  for (int32_t id = 0; id < classes; ++id) {
    if (id != pair.answer && at(id) > at(pair.other)) pair.other = id;
  }
  if (truth >= 0 && truth != pair.answer) pair.other = truth;
  return pair;
}

Attribution attribute(const PlainQa& model, const QaTrace& trace, AnswerPair pair) {
  const auto classes = static_cast<int32_t>(trace.logits.size());
  for (const int32_t id : {pair.answer, pair.other}) {
    HMEM_CHECK(id >= 0 && id < classes, "found the answer ", id, ", expected 0..", classes - 1);
  }
  Attribution out;
  out.answer = pair.answer, out.other = pair.other;
  out.margin = trace.logits[static_cast<size_t>(pair.answer)] - trace.logits[static_cast<size_t>(pair.other)];
  take_gradients(model, trace, out);
  const std::vector<Matrix> reach = take_reads(model, trace, out);

  const int64_t steps = trace.sentences(), d = trace.m.rows;
  const auto hops = static_cast<int64_t>(trace.hops.size());
  out.writer.assign(static_cast<size_t>(steps), 0.0);
  out.total = out.writer;
  out.writes = out.steers = Matrix(hops, steps);
  for (int64_t h = 0; h < hops; ++h) {
    const auto i = static_cast<size_t>(h);
    for (int64_t t = 0; t < steps; ++t) {
      const double* read = out.reads[i].row(t);
      const double written = dot(read, out.direct_gradient[i].data(), d);
      const double all = dot(read, out.total_gradient[i].data(), d);
      out.writes(h, t) = written;
      if (h + 1 < hops) out.steers(h + 1, t) = all - written;
      out.writer[static_cast<size_t>(t)] += written;
      out.total[static_cast<size_t>(t)] += all;
    }
  }

  // Residuals. The size of the margin, or of the terms where they cancel to almost nothing.
  double size = std::abs(out.margin);
  size = std::max(size, 1e-6 * largest_size(trace.logits));
  for (size_t h = 0; h < trace.hops.size(); ++h) {
    Vector sums(static_cast<size_t>(d), 0.0);
    for (int64_t t = 0; t < steps; ++t) {
      for (int64_t j = 0; j < d; ++j) sums[static_cast<size_t>(j)] += out.reads[h](t, j);
    }
    for (size_t j = 0; j < sums.size(); ++j) sums[j] -= trace.hops[h].r[j];
    out.residuals.push_back(
        {"read of hop " + std::to_string(h + 1), largest_size(sums), 0, largest_size(trace.hops[h].r)});
  }
  out.residuals.push_back({"writers", out.terms(), out.margin, size});
  for (int64_t h = 1; h < hops; ++h) {
    double found = out.answer_question;
    for (int64_t i = 0; i < hops; ++i) {
      found += i < h ? out.direct[static_cast<size_t>(i)] : out.question[static_cast<size_t>(i)];
    }
    for (int64_t t = 0; t < steps; ++t) found += out.steers(h, t);
    out.residuals.push_back({"steerers of hop " + std::to_string(h + 1), found, out.margin, size});
  }
  if (model.config.read_before_write) {
    take_origins(model, trace, reach, out);
    out.residuals.push_back({"origins", total_of(out.origin_of) + out.answer_question, out.margin, size});
  }
  out.saturation = saturation_of(model, trace);
  return out;
}

Matrix memory_term(const PlainQa& model, const QaTrace& trace, int64_t t) {
  Matrix term(trace.m.rows, trace.m.cols);
  for_each_term(model, trace, [&](int64_t s, const Matrix& kept) {
    if (s != t) return;
    for (int64_t i = 0; i < term.rows; ++i) {
      for (int64_t j = 0; j < term.cols; ++j) {
        term(i, j) = model.rule.growth * trace.k(t, i) * trace.v(t, j) * kept(i, j);
      }
    }
  });
  return term;
}

Matrix pairs(const PlainQa& model, const QaTrace& trace, const Attribution& attribution, int64_t hop) {
  const int64_t steps = trace.sentences(), d = trace.m.rows;
  HMEM_CHECK(hop >= 0 && hop < static_cast<int64_t>(trace.hops.size()), "found hop ", hop, ", expected 0..",
             trace.hops.size() - 1);
  const auto h = static_cast<size_t>(hop);
  const QaTrace::Hop& at = trace.hops[h];
  std::vector<Vector> share;  // of the key: of each sentence, then of the question
  for (int64_t t = 0; t < steps; ++t) {
    if (hop == 0) {
      share.emplace_back(static_cast<size_t>(d), 0.0);
      continue;
    }
    const double* read = attribution.reads[h - 1].row(t);
    const Vector n = normalised(model, trace.hops[h - 1], Vector(read, read + d));
    share.push_back(gated(at.z, product(n.data(), model.back[h])));
  }
  share.push_back(gated(at.z, at.question));
  Matrix found(steps, steps + 1);
  for_each_term(model, trace, [&](int64_t s, const Matrix& kept) {
    Vector by_unit(static_cast<size_t>(d));  // C_s A_h: what a unit of the key is worth
    for (int64_t i = 0; i < d; ++i) {
      double sum_of_row = 0;
      const double* row = kept.row(i);
      for (int64_t j = 0; j < d; ++j) {
        sum_of_row += row[j] * trace.v(s, j) * attribution.total_gradient[h][static_cast<size_t>(j)];
      }
      by_unit[static_cast<size_t>(i)] = model.rule.growth * trace.k(s, i) * sum_of_row;
    }
    for (int64_t t = 0; t <= steps; ++t) found(s, t) = dot(by_unit, share[static_cast<size_t>(t)]);
  });
  return found;
}

Matrix forgetting(const PlainQa& model, const QaTrace& trace, const Attribution& attribution) {
  const int64_t steps = trace.sentences(), d = trace.m.rows;
  Matrix found(steps, steps);
  for (int64_t t = 0; t < steps; ++t) {
    // k_h e_h^T summed over hops: what an element of C_t adds to the margin.
    Matrix worth(d, d);
    for (size_t h = 0; h < trace.hops.size(); ++h) {
      const Vector &key = trace.hops[h].k, &gradient = attribution.direct_gradient[h];
      for (int64_t i = 0; i < d; ++i) {
        const double scale = model.rule.growth * trace.k(t, i) * key[static_cast<size_t>(i)];
        if (scale == 0) continue;
        for (int64_t j = 0; j < d; ++j) worth(i, j) += scale * trace.v(t, j) * gradient[static_cast<size_t>(j)];
      }
    }
    for (int64_t s = t; s < steps; ++s) {
      for (int64_t i = 0; i < d && s > t; ++i) {
        const double k = trace.k(s, i);
        if (k == 0) continue;
        for (int64_t j = 0; j < d; ++j) worth(i, j) *= model.rule.factor(k, trace.v(s, j));
      }
      found(t, s) = total_of(worth.values);
    }
  }
  return found;
}

}  // namespace hmem
