#include "hmem/study/trace.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hmem/core/check.h"
#include "study/plain.h"

namespace hmem {

using namespace detail;

namespace {

/// (x - mean(x)) / sqrt(var(x) + epsilon); sets rstd to 1 / sqrt(..).
Vector standardised(Vector x, double epsilon, double& rstd) {
  const auto n = static_cast<double>(x.size());
  double mean = 0, var = 0;
  for (const double value : x) mean += value / n;
  for (const double value : x) var += (value - mean) * (value - mean) / n;
  rstd = 1 / std::sqrt(var + epsilon);
  for (double& value : x) value = (value - mean) * rstd;
  return x;
}

/// x_j = sum over slots s of P_sj A_{w_s j}, nil left out.
Vector encoded(const PlainQa& model, const std::vector<int32_t>& words) {
  const int64_t e = model.embedding.cols;
  HMEM_CHECK(static_cast<int64_t>(words.size()) == model.encoding.rows, "found a row of ", words.size(),
             " word ids, expected ", model.encoding.rows);
  Vector x(static_cast<size_t>(e), 0.0);
  for (size_t s = 0; s < words.size(); ++s) {
    HMEM_CHECK(words[s] >= 0 && words[s] < model.embedding.rows, "found the word id ", words[s], ", expected 0..",
               model.embedding.rows - 1);
    if (words[s] == 0) continue;
    const double *p = model.encoding.row(static_cast<int64_t>(s)), *a = model.embedding.row(words[s]);
    for (int64_t j = 0; j < e; ++j) x[static_cast<size_t>(j)] += p[j] * a[j];
  }
  return x;
}

/// x, with extractor_layers = 2 x + relu(x W).
Vector extracted(Vector x, const Matrix& w) { return w.empty() ? x : sum(x, relu(product(x.data(), w))); }

Matrix rows_of(const Matrix& a, int64_t begin, int64_t end) {
  Matrix part(end - begin, a.cols);
  std::copy(a.row(begin), a.row(end), part.values.begin());
  return part;
}

Vector transposed_product(const Matrix& m, const Vector& k) { return product(k.data(), m); }  // M^T k

}  // namespace

namespace detail {

double total_of(const Vector& row) { return std::accumulate(row.begin(), row.end(), 0.0); }

double largest_size(const Vector& row) {
  double largest = 0;
  for (const double x : row) largest = std::max(largest, std::abs(x));
  return largest;
}

Vector relu(Vector z) {
  for (double& x : z) x = x > 0 ? x : 0;
  return z;
}

Vector sum(Vector a, const Vector& b) {
  for (size_t j = 0; j < a.size(); ++j) a[j] += b[j];
  return a;
}

Vector layer_norm(const Vector& x, const PlainQa::Norm& norm, double& rstd) {
  Vector y = standardised(x, static_cast<double>(LayerNorm::kEpsilon), rstd);
  for (size_t j = 0; j < y.size(); ++j) y[j] = y[j] * norm.scale[j] + norm.shift[j];
  return y;
}

void batch_norm(Vector& x, const PlainQa::Norm& norm) {
  if (norm.scale.empty()) return;
  constexpr double kEpsilon = static_cast<double>(BatchNorm::kEpsilon);
  for (size_t j = 0; j < x.size(); ++j) {
    x[j] = (x[j] - norm.mean[j]) / std::sqrt(norm.var[j] + kEpsilon) * norm.scale[j] + norm.shift[j];
  }
}

NamedWeights::NamedWeights(const Weights& weights) {
  for (const Parameter* parameter : weights.parameters) tensors_[parameter->name] = &parameter->value;
  for (const Buffer* buffer : weights.buffers) tensors_[buffer->name] = &buffer->value;
}

Vector NamedWeights::row(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? Vector() : Vector(found->second->begin(), found->second->end());
}

Matrix NamedWeights::matrix(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) return {};
  Matrix made(found->second->size(0), found->second->size(1));
  std::copy(found->second->begin(), found->second->end(), made.values.begin());
  return made;
}

PlainQa::Norm NamedWeights::norm(const std::string& name) const {
  return {row(name + ".scale"), row(name + ".shift"), row(name + ".moving_mean"), row(name + ".moving_var")};
}

}  // namespace detail

double dot(const double* a, const double* b, int64_t n) {
  double total = 0;
  for (int64_t j = 0; j < n; ++j) total += a[j] * b[j];
  return total;
}

double dot(const Vector& a, const Vector& b) { return dot(a.data(), b.data(), static_cast<int64_t>(a.size())); }

Vector product(const double* x, const Matrix& a) {
  Vector y(static_cast<size_t>(a.cols), 0.0);
  for (int64_t i = 0; i < a.rows; ++i) {
    if (x[i] == 0) continue;
    const double scale = x[i], *row = a.row(i);
    for (int64_t j = 0; j < a.cols; ++j) y[static_cast<size_t>(j)] += scale * row[j];
  }
  return y;
}

Vector product(const Matrix& a, const Vector& y) {
  Vector x(static_cast<size_t>(a.rows));
  for (int64_t i = 0; i < a.rows; ++i) x[static_cast<size_t>(i)] = dot(a.row(i), y.data(), a.cols);
  return x;
}

void PlainRule::write(Matrix& m, const double* k, const double* v) const {
  for (int64_t i = 0; i < m.rows; ++i) {
    if (k[i] == 0) continue;  // F = 1 and nothing is added
    double* row = m.row(i);
    for (int64_t j = 0; j < m.cols; ++j) row[j] = row[j] * factor(k[i], v[j]) + growth * k[i] * v[j];
  }
}

PlainQa::PlainQa(HMemQa& model) : config(model.config()) {
  const NamedWeights weights(model.weights());
  const auto gamma = [&](const char* name, real constant) {
    const Vector learned = weights.row(name);
    return learned.empty() ? static_cast<double>(constant) : learned[0];
  };
  const double pos = gamma("gamma_pos", config.rule.gamma_pos), neg = gamma("gamma_neg", config.rule.gamma_neg);
  rule = {pos * static_cast<double>(config.rule.w_max), pos, neg, config.write_rule == WriteRule::signed_hebbian};
  if (config.write_rule == WriteRule::outer) rule = {pos, 0, 0, false};

  embedding = weights.matrix("embedding.weight");
  const int64_t e = embedding.cols, d = config.memory_size;
  encoding = weights.matrix("encoding.weight");
  if (encoding.empty()) {  // a constant
    Rng unused(0, "");
    const SentenceEncoder fixed(config.encoding, 1, config.words_per_sentence, e, unused);
    encoding = Matrix(config.words_per_sentence, e);
    std::copy(fixed.encoding.value.begin(), fixed.encoding.value.end(), encoding.values.begin());
  }
  story_norm = weights.norm("story_norm"), query_norm = weights.norm("query_norm");
  story_layer = weights.matrix("extract.story.weight"), question_layer = weights.matrix("extract.question.weight");
  key = weights.matrix("extract.key.weight"), value = weights.matrix("extract.value.weight");
  for (int h = 0; h < config.hops; ++h) {
    const Matrix read =
        weights.matrix(config.separate_hops && h > 0 ? "read" + std::to_string(h + 1) + ".weight" : "read.weight");
    const int64_t question_rows = config.tie_keys ? 0 : e;
    query.push_back(config.tie_keys ? key : rows_of(read, 0, e));
    back.push_back(h > 0 ? rows_of(read, question_rows, question_rows + d) : Matrix());
  }
  if (config.read_before_write) {
    const Matrix write = weights.matrix("write.weight");
    write_own = rows_of(write, 0, d), write_found = rows_of(write, d, 2 * d);
    key_norm = weights.norm("key_norm"), value_norm = weights.norm("value_norm");
  }
  answer_read = weights.matrix("answer.read.weight"), answer_question = weights.matrix("answer.question.weight");
  output = weights.matrix("output.weight");
}

QaStory story_of(const BabiBatch& batch, int64_t b) {
  HMEM_CHECK(b >= 0 && b < batch.size(), "story ", b, " is not in 0..", batch.size() - 1);
  const int64_t width = batch.questions.size(1);
  QaStory story;
  const auto words = [width](const IdTensor& ids, int64_t i) {
    return std::vector<int32_t>(ids.data() + i * width, ids.data() + (i + 1) * width);
  };
  story.question = words(batch.questions, b);
  for (int64_t i = batch.offsets[static_cast<size_t>(b)]; i < batch.offsets[static_cast<size_t>(b + 1)]; ++i) {
    // The words of the first row; the time word of the second one, whose other slots are nil.
    std::vector<int32_t> sentence = words(batch.rows, batch.pairs.first[static_cast<size_t>(i)]);
    sentence.back() = batch.rows[(batch.pairs.second[static_cast<size_t>(i)] + 1) * width - 1];
    story.sentences.push_back(std::move(sentence));
  }
  return story;
}

void write_from(const PlainQa& model, QaTrace& trace, Matrix m, int64_t first) {
  for (int64_t t = first; t < trace.sentences(); ++t) {
    const double* k = trace.k.row(t);
    if (model.config.read_before_write) {
      const Vector found = product(k, m);  // M^T k
      const Vector own(trace.own.row(t), trace.own.row(t + 1));
      const Vector v = layer_norm(sum(own, product(found.data(), model.write_found)), model.value_norm,
                                  trace.rstd[static_cast<size_t>(t)]);
      std::copy(found.begin(), found.end(), trace.found.row(t));
      std::copy(v.begin(), v.end(), trace.v.row(t));
    }
    model.rule.write(m, k, trace.v.row(t));
  }
  trace.m = std::move(m);
}

void read_and_answer(const PlainQa& model, QaTrace& trace) {
  const HMemQa::Config& config = model.config;
  trace.hops.assign(static_cast<size_t>(config.hops), {});
  trace.out.assign(static_cast<size_t>(config.memory_size), 0.0);
  for (size_t h = 0; h < trace.hops.size(); ++h) {
    QaTrace::Hop& hop = trace.hops[h];
    hop.question = product(trace.q.data(), model.query[h]);
    hop.z = h == 0 ? hop.question : sum(hop.question, product(trace.hops[h - 1].n.data(), model.back[h]));
    hop.k = relu(hop.z);
    hop.r = transposed_product(trace.m, hop.k);
    hop.n = config.read_norm ? standardised(hop.r, static_cast<double>(Reads::kEpsilon), hop.rstd) : hop.r;
    trace.out = config.hop_sum ? sum(trace.out, hop.n) : hop.n;
  }
  trace.features = trace.out;
  trace.answer_z.clear();
  if (config.answer_layer) {
    trace.answer_z = sum(product(trace.out.data(), model.answer_read), product(trace.q.data(), model.answer_question));
    trace.features = sum(trace.out, relu(trace.answer_z));
  }
  trace.logits = product(trace.features.data(), model.output);
}

QaTrace trace_qa(const PlainQa& model, const QaStory& story) {
  const int64_t steps = story.size(), e = model.embedding.cols, d = model.config.memory_size;
  QaTrace trace;
  trace.x = Matrix(steps, e), trace.k = Matrix(steps, d), trace.v = Matrix(steps, d);
  if (model.config.read_before_write) {
    trace.own = Matrix(steps, d), trace.found = Matrix(steps, d);
    trace.rstd.assign(static_cast<size_t>(steps), 0.0);
  }
  for (int64_t t = 0; t < steps; ++t) {
    Vector x = encoded(model, story.sentences[static_cast<size_t>(t)]);
    batch_norm(x, model.story_norm);
    x = extracted(std::move(x), model.story_layer);
    Vector k = relu(product(x.data(), model.key)), v = relu(product(x.data(), model.value));
    std::copy(x.begin(), x.end(), trace.x.row(t));
    if (model.config.read_before_write) {
      double unused;
      k = layer_norm(k, model.key_norm, unused);
      const Vector own = product(v.data(), model.write_own);
      std::copy(own.begin(), own.end(), trace.own.row(t));
    }
    std::copy(k.begin(), k.end(), trace.k.row(t));
    std::copy(v.begin(), v.end(), trace.v.row(t));  // replaced by write_from with read-before-write
  }
  trace.q = encoded(model, story.question);
  batch_norm(trace.q, model.query_norm);
  trace.q = extracted(std::move(trace.q), model.question_layer);
  write_from(model, trace, Matrix(d, d), 0);
  read_and_answer(model, trace);
  return trace;
}

}  // namespace hmem
