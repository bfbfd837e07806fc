#include "hmem/study/image_attribution.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hmem/core/check.h"
#include "study/plain.h"

namespace hmem {

using namespace detail;

namespace {

constexpr double kKeyEpsilon = 1e-3;

/// norm(relu(x W)): batch norm with its moving averages, or the layer norm.
Vector dense(const real* x, const Matrix& w, const PlainQa::Norm& norm) {
  const Vector in(x, x + w.rows);
  Vector y = relu(product(in.data(), w));
  if (norm.mean.empty()) {
    double unused;
    return layer_norm(y, norm, unused);
  }
  batch_norm(y, norm);
  return y;
}

/// relu(z), with key_norm divided by its root mean square.
Vector key_of(Vector z, bool normalise) {
  z = relu(std::move(z));
  if (!normalise) return z;
  const double rms = std::sqrt(dot(z, z) / static_cast<double>(z.size()) + kKeyEpsilon);
  for (double& x : z) x /= rms;
  return z;
}

}  // namespace

PlainImage::PlainImage(HMemImage& model) : config(model.config()) {
  const NamedWeights weights(model.weights());
  const auto plus = static_cast<double>(config.rule.gamma_pos), most = static_cast<double>(config.rule.w_max);
  rule = {plus * most, plus, static_cast<double>(config.rule.gamma_neg), false};
  frame_dense = weights.matrix("frame.dense.weight"), query_dense = weights.matrix("query.dense.weight");
  frame_norm = weights.norm("frame.norm"), query_norm = weights.norm("query.norm");
  key = weights.matrix("extract.key.weight"), value = weights.matrix("extract.value.weight"),
  read = weights.matrix("read.weight");
  output = weights.matrix("output.weight");
  gate = weights.row("write_gate.weight");
  if (!gate.empty()) gate_bias = weights.row("write_gate.bias")[0];
}

ImageTrace trace_image(const PlainImage& model, const real* frames, int64_t steps, const real* query) {
  const int64_t d = model.config.memory_size, features = model.config.features;
  ImageTrace trace;
  trace.k = Matrix(steps, d), trace.v = Matrix(steps, d), trace.m = Matrix(d, d);
  for (int64_t t = 0; t < steps; ++t) {
    const Vector x = dense(frames + t * features, model.frame_dense, model.frame_norm);
    Vector k = product(x.data(), model.key), v = relu(product(x.data(), model.value));
    if (!model.gate.empty()) {
      trace.gate.push_back(1 / (1 + std::exp(-dot(x, model.gate) - model.gate_bias)));
      for (double& z : k) z *= trace.gate.back();
      for (double& z : v) z *= trace.gate.back();
    }
    k = key_of(std::move(k), model.config.key_norm);
    std::copy(k.begin(), k.end(), trace.k.row(t));
    std::copy(v.begin(), v.end(), trace.v.row(t));
    model.rule.write(trace.m, k.data(), v.data());
  }
  const Vector q = dense(query, model.query_dense, model.query_norm);
  trace.query = key_of(product(q.data(), model.read), model.config.key_norm);
  trace.read = product(trace.query.data(), trace.m);
  trace.logits = product(trace.read.data(), model.output);
  return trace;
}

double ImageAttribution::terms() const { return total_of(exact); }

ImageAttribution attribute(const PlainImage& model, const ImageTrace& trace, AnswerPair pair) {
  const int64_t steps = trace.frames(), d = trace.m.rows;
  for (const int32_t id : {pair.answer, pair.other}) {
    HMEM_CHECK(id >= 0 && id < model.output.cols, "found the answer ", id, ", expected 0..", model.output.cols - 1);
  }
  ImageAttribution out;
  out.answer = pair.answer, out.other = pair.other;
  const auto logit = [&](int32_t id) { return trace.logits[static_cast<size_t>(id)]; };
  out.margin = logit(pair.answer) - logit(pair.other);
  Vector w(static_cast<size_t>(d));
  for (int64_t j = 0; j < d; ++j) {
    w[static_cast<size_t>(j)] = model.output(j, pair.answer) - model.output(j, pair.other);
  }
  const auto n = static_cast<size_t>(steps);
  for (Vector* row : {&out.match, &out.cosine, &out.left, &out.strength, &out.product, &out.exact, &out.rest}) {
    row->assign(n, 0.0);
  }
  out.reads = Matrix(steps, d), out.logits = Matrix(steps, model.output.cols);

  // From the last frame to the first, with the product of the factors of all frames after it.
  Matrix kept(d, d, 1);
  const double query_length = std::sqrt(dot(trace.query, trace.query));
  for (size_t t = n; t-- > 0;) {
    const auto step = static_cast<int64_t>(t);
    const double *k = trace.k.row(step), *v = trace.v.row(step);
    double* c = out.reads.row(step);
    for (int64_t i = 0; i < d; ++i) {
      const double both = model.rule.growth * k[i] * trace.query[static_cast<size_t>(i)];
      for (int64_t j = 0; j < d && both != 0; ++j) c[j] += both * kept(i, j);
    }
    for (int64_t j = 0; j < d; ++j) c[j] *= v[j];
    for (int64_t i = 0; i < d; ++i) {
      for (int64_t j = 0; j < d && k[i] != 0; ++j) kept(i, j) *= model.rule.factor(k[i], v[j]);
    }

    const double value2 = dot(v, v, d), key_length = std::sqrt(dot(k, k, d)), read2 = dot(c, c, d);
    out.match[t] = dot(k, trace.query.data(), d);
    if (key_length * query_length > 0) out.cosine[t] = out.match[t] / (key_length * query_length);
    const double fit = value2 > 0 ? dot(c, v, d) / value2 : 0;  // c = fit v + rest
    const bool reached = out.match[t] * value2 * model.rule.growth > 0;
    out.left[t] = reached ? fit / (model.rule.growth * out.match[t]) : std::numeric_limits<double>::quiet_NaN();
    out.strength[t] = reached ? out.match[t] * out.left[t] : 0;
    out.product[t] = fit * dot(v, w.data(), d);
    out.exact[t] = dot(c, w.data(), d);
    double rest2 = 0;
    for (int64_t j = 0; j < d; ++j) rest2 += (c[j] - fit * v[j]) * (c[j] - fit * v[j]);
    out.rest[t] = read2 > 0 ? std::sqrt(rest2 / read2) : 0;
    const Vector logits = product(c, model.output);
    std::copy(logits.begin(), logits.end(), out.logits.row(step));
  }

  Vector read_error = trace.read, logit_error = trace.logits;
  for (int64_t t = 0; t < steps; ++t) {
    for (size_t j = 0; j < read_error.size(); ++j) read_error[j] -= out.reads.row(t)[j];
    for (size_t j = 0; j < logit_error.size(); ++j) logit_error[j] -= out.logits.row(t)[j];
  }
  out.residuals = {{"margin", out.terms(), out.margin, std::abs(out.margin)},
                   {"value read", largest_size(read_error), 0, largest_size(trace.read)},
                   {"logits", largest_size(logit_error), 0, largest_size(trace.logits)}};
  return out;
}

ShownExample shown_example(const AssociationExamples& examples, const ImageSet& a, const ImageSet& b, int64_t number) {
  HMEM_CHECK(number >= 0 && number < examples.count(), "there is no test example ", number, ", expected 0..",
             examples.count() - 1);
  const auto class_of = [](const ImageSet& set, int64_t i) { return set.labels[static_cast<size_t>(i)]; };
  ShownExample shown;
  shown.photograph = class_of(a, examples.queries[static_cast<size_t>(number)]);
  shown.digit = examples.answers[static_cast<size_t>(number)];
  for (int64_t step = 0; step < examples.frames(); ++step) {
    const AssociationFrame frame = examples.frame(number, step);
    shown.frames.push_back({frame.kind, -1, -1});
    if (frame.kind != AssociationFrame::Kind::pair) continue;
    shown.frames.back() = {frame.kind, class_of(a, frame.photograph), class_of(b, frame.digit)};
    if (shown.frames.back().photograph == shown.photograph) shown.asked = step;
  }
  return shown;
}

RecallStage recall_stage(const ShownExample& shown, const ImageAttribution& at) {
  const auto asked_is_largest = [&shown](const Vector& row) {
    return std::max_element(row.begin(), row.end()) - row.begin() == shown.asked;
  };
  if (!asked_is_largest(at.match)) return RecallStage::other_matched;
  return asked_is_largest(at.strength) ? RecallStage::found : RecallStage::faded;
}

ImageSummary::ImageSummary(int64_t photograph_classes, int64_t digit_classes) {
  const auto table = [](int64_t rows, int64_t cols) {
    return std::vector<std::vector<int64_t>>(static_cast<size_t>(rows),
                                             std::vector<int64_t>(static_cast<size_t>(cols), 0));
  };
  digits = table(digit_classes, digit_classes);
  photographs = table(photograph_classes, photograph_classes + 1);
  kinds_of_class = table(photograph_classes, kRecallStages);
}

void ImageSummary::add(const ShownExample& shown, const ImageTrace& trace, const ImageAttribution& at) {
  const bool right = at.answer == shown.digit;
  const auto stage = static_cast<size_t>(recall_stage(shown, at));
  const auto asked = static_cast<size_t>(shown.photograph);
  const auto matched = std::max_element(at.match.begin(), at.match.end()) - at.match.begin();
  ++examples;
  ++stages[stage][right];
  ++digits[static_cast<size_t>(shown.digit)][static_cast<size_t>(at.answer)];
  const bool pair_matched = shown.is_pair(matched);
  ++photographs[asked][pair_matched ? static_cast<size_t>(shown.frames[static_cast<size_t>(matched)].photograph)
                                    : photographs.size()];
  if (!right) {
    ++errors;
    ++kinds_of_class[asked][stage];
    noise_matched += !pair_matched;
  }
  const auto steps = static_cast<int64_t>(shown.frames.size());
  for (int64_t step = 0; step < steps; ++step) {
    const auto t = static_cast<size_t>(step);
    Similarity& similarity = !shown.is_pair(step) ? noise : step == shown.asked ? same : other;
    ++similarity.bins[std::min(kBins - 1, static_cast<size_t>(at.cosine[t] * static_cast<double>(kBins)))];
    ++similarity.count;
    similarity.cosine += at.cosine[t], similarity.match += at.match[t];
    if (!trace.gate.empty()) {
      Gate& gate = shown.is_pair(step) ? pair_gate : noise_gate;
      ++gate.count, gate.sum += trace.gate[t];
    }
    if (!shown.is_pair(step)) continue;
    Age& age = ages[steps - 1 - step];
    if (step == shown.asked) ++age.asked, age.right += right;
    if (std::isfinite(at.left[t])) ++age.pairs, age.left += at.left[t];
  }
  rest += at.rest[static_cast<size_t>(shown.asked)];
  worst_residual = std::max(worst_residual, at.worst_residual());
}

}  // namespace hmem
