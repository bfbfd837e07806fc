#pragma once
/// \file step_parts.h
/// The parts of a training step on one batch, each callable by itself: kernels on existing buffers,
/// without tape, layers and training loop.

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "hmem/core/check.h"
#include "hmem/core/tensor.h"
#include "hmem/data/babi/batch.h"
#include "hmem/kernels/blas.h"
#include "hmem/kernels/elementwise.h"
#include "hmem/kernels/embedding.h"
#include "hmem/kernels/hebbian.h"
#include "hmem/kernels/norm.h"
#include "hmem/kernels/softmax.h"
#include "hmem/models/hmem_qa.h"
#include "hmem/optim/optimizer.h"
#include "timing.h"

namespace hmem::bench {

class StepParts {
 public:
  struct Part {
    const char* name;
    Subject run;
  };

  /// All parts have run once when the constructor returns. Parameters are read, never changed; `optimizer` is stepped
  /// with learning rate 0.
  StepParts(const BabiTask& task, HMemQa& model, Optimizer& optimizer, std::vector<int64_t> examples)
      : config_(model.config()),
        optimizer_(optimizer),
        batcher_(task, task.train),
        examples_(std::move(examples)),
        batch_size_(static_cast<int64_t>(examples_.size())) {
    for (const Parameter* parameter : model.weights().parameters) {
      weights_.push_back(parameter);
      grads_.emplace_back(parameter->value.shape());
    }
    fill_batch();
    allocate();
    for (const Part& part : parts()) part.run();
  }
  StepParts(const StepParts&) = delete;
  StepParts& operator=(const StepParts&) = delete;

  /// In the order of a step; every part needs only that those before it have run once.
  std::vector<Part> parts() {
    return {{"data batch", [this] { fill_batch(); }},
            {"encode forward", [this] { encode_forward(); }},
            {"batch norm forward", [this] { norm_forward(); }},
            {"dense forward", [this] { dense_forward(); }},
            {"pair sum forward", [this] { pair_forward(); }},
            {"recall forward", [this] { recall_forward(); }},
            {"output + loss", [this] { output_and_loss(); }},
            {"recall backward", [this] { recall_backward(); }},
            {"pair sum backward", [this] { pair_backward(); }},
            {"dense backward", [this] { dense_backward(); }},
            {"batch norm backward", [this] { norm_backward(); }},
            {"encode backward", [this] { encode_backward(); }},
            {"optimizer", [this] { update(); }}};
  }

 private:
  /// A batch-normalised sequence of vectors: stories (rows of the pairs) or questions.
  struct Norm {
    Tensor mean, variance, x, y, dx, dy;
    int64_t n = 0;
    NormStatistics statistics() { return {mean.data(), variance.data(), n}; }
  };

  size_t index_of(const char* name) const {
    for (size_t i = 0; i < weights_.size(); ++i) {
      if (weights_[i]->name == name) return i;
    }
    fail("the model has no parameter ", name);
  }
  const real* weight(const char* name) const { return weights_[index_of(name)]->value.data(); }
  real* grad(const char* name) { return grads_[index_of(name)].data(); }

  void allocate() {
    const int64_t e = config_.embeddings_size, d = config_.memory_size, rows = batch_.pairs.rows;
    for (Norm* norm : {&story_, &question_}) {
      const int64_t n = norm == &story_ ? rows : batch_size_;
      for (Tensor* t : {&norm->mean, &norm->variance}) *t = Tensor({e});
      for (Tensor* t : {&norm->x, &norm->y, &norm->dx, &norm->dy}) *t = Tensor({n, e});
    }
    centred_ = Tensor({rows, e});
    for (Tensor* t : {&rows_k_, &rows_v_, &drows_k_, &drows_v_}) *t = Tensor({rows, d});
    for (Tensor* t : {&z_k_, &z_v_, &dz_k_, &dz_v_}) *t = Tensor({batch_.pairs.count(), d});
    for (Tensor* t : {&q_, &dq_, &r_, &dr_}) *t = Tensor({batch_size_, d});
    for (Tensor* t : {&logits_, &p_, &dlogits_}) *t = Tensor({batch_size_, config_.vocabulary});
    argmax_ = IdTensor({batch_size_});
    saved_m_ = Tensor({recall_saved_m(dims())});
    for (Tensor* t : {&saved_z_, &saved_r_}) *t = Tensor({recall_saved_z(dims(), config_.hops)});
  }

  void fill_batch() { batcher_.fill(batch_, examples_.data(), batch_size_); }

  void encode_forward() {
    encode_forward(story_, batch_.rows);
    encode_forward(question_, batch_.questions);
  }
  void encode_forward(Norm& to, const IdTensor& ids) {
    sentence_encoding_forward(to.x.data(), weight("embedding.weight"), weight("encoding.weight"), ids.data(),
                              ids.size(0), ids.size(1), config_.embeddings_size);
  }
  void encode_backward() {
    encode_backward(story_, batch_.rows);
    encode_backward(question_, batch_.questions);
  }
  void encode_backward(const Norm& from, const IdTensor& ids) {
    sentence_encoding_backward(grad("embedding.weight"), grad("encoding.weight"), from.dx.data(),
                               weight("embedding.weight"), weight("encoding.weight"), ids.data(), ids.size(0),
                               ids.size(1), config_.embeddings_size);
  }

  void norm_forward() {
    const int64_t e = config_.embeddings_size;
    NormStatistics story = story_.statistics(), question = question_.statistics();
    batch_statistics_pairs(story, centred_.data(), story_.x.data(), batch_.pairs, e, batch_.padded);
    story_.n = story.n;
    batch_norm_pairs_forward(story_.y.data(), story_.x.data(), weight("story_norm.scale"), weight("story_norm.shift"),
                             story_.statistics(), batch_.pairs, e, BatchNorm::kEpsilon);
    batch_statistics(question, question_.x.data(), batch_size_, e, 0);
    question_.n = question.n;
    batch_norm_forward(question_.y.data(), question_.x.data(), weight("query_norm.scale"), weight("query_norm.shift"),
                       question_.statistics(), batch_size_, e, BatchNorm::kEpsilon);
  }
  void norm_backward() {
    const int64_t e = config_.embeddings_size;
    batch_norm_pairs_backward(story_.dx.data(), grad("story_norm.scale"), grad("story_norm.shift"), story_.dy.data(),
                              story_.x.data(), centred_.data(), weight("story_norm.scale"), story_.statistics(),
                              batch_.pairs, e, BatchNorm::kEpsilon);
    batch_norm_backward(question_.dx.data(), grad("query_norm.scale"), grad("query_norm.shift"), question_.dy.data(),
                        question_.x.data(), weight("query_norm.scale"), question_.statistics(), batch_size_, e,
                        BatchNorm::kEpsilon);
  }

  /// y = x w
  static void dense_forward(Tensor& y, const Tensor& x, const real* w) {
    const int64_t n = y.size(1), k = x.size(1);
    gemm(y.data(), n, matrix(x.data(), k), matrix(w, n), x.size(0), n, k, false);
  }
  /// dx += dy w^T, dw += x^T dy
  static void dense_backward(Tensor& dx, real* dw, const Tensor& dy, const Tensor& x, const real* w) {
    const int64_t rows = x.size(0), n = dy.size(1), k = x.size(1);
    gemm(dx.data(), k, matrix(dy.data(), n), transposed(w, n), rows, k, n, true);
    gemm(dw, n, transposed(x.data(), k), matrix(dy.data(), n), k, n, rows, true);
  }
  void dense_forward() {
    dense_forward(rows_k_, story_.y, weight("extract.key.weight"));
    dense_forward(rows_v_, story_.y, weight("extract.value.weight"));
    dense_forward(q_, question_.y, weight("read.weight"));
  }
  void dense_backward() {
    dense_backward(story_.dy, grad("extract.key.weight"), drows_k_, story_.y, weight("extract.key.weight"));
    dense_backward(story_.dy, grad("extract.value.weight"), drows_v_, story_.y, weight("extract.value.weight"));
    dense_backward(question_.dy, grad("read.weight"), dq_, question_.y, weight("read.weight"));
  }

  void pair_forward() {
    pair_sum_forward(z_k_.data(), rows_k_.data(), batch_.pairs, config_.memory_size);
    pair_sum_forward(z_v_.data(), rows_v_.data(), batch_.pairs, config_.memory_size);
  }
  void pair_backward() {
    pair_sum_backward(drows_k_.data(), dz_k_.data(), batch_.pairs, config_.memory_size);
    pair_sum_backward(drows_v_.data(), dz_v_.data(), batch_.pairs, config_.memory_size);
  }

  HebbianDims dims() const { return {batch_size_, config_.memory_size, batch_.offsets.data()}; }
  RecallSaved saved() { return {saved_m_.data(), saved_z_.data(), saved_r_.data()}; }
  int64_t read_offset() const { return config_.embeddings_size * config_.memory_size; }  // of the value's part of W_r
  void recall_forward() {
    hebbian_recall_forward(r_.data(), z_k_.data(), z_v_.data(), q_.data(), weight("read.weight") + read_offset(),
                           saved(), dims(), config_.rule, config_.hops);
  }
  void recall_backward() {
    hebbian_recall_backward(dz_k_.data(), dz_v_.data(), dq_.data(), grad("read.weight") + read_offset(), nullptr,
                            dr_.data(), z_k_.data(), z_v_.data(), weight("read.weight") + read_offset(), saved(),
                            dims(), config_.rule, config_.hops);
  }

  void output_and_loss() {
    dense_forward(logits_, r_, weight("output.weight"));
    softmax_cross_entropy_forward(p_.data(), argmax_.data(), logits_.data(), batch_.answers.data(), batch_size_,
                                  config_.vocabulary);
    dlogits_.fill(0);
    softmax_cross_entropy_backward(dlogits_.data(), p_.data(), batch_.answers.data(),
                                   1 / static_cast<real>(batch_size_), batch_size_, config_.vocabulary);
    dr_.fill(0);
    dense_backward(dr_, grad("output.weight"), dlogits_, r_, weight("output.weight"));
    for (const char* name : {"extract.key.weight", "extract.value.weight", "read.weight"}) {
      const int64_t n = grads_[index_of(name)].count();
      penalty_ += sum_of_squares(weight(name), n);
      axpy(grad(name), static_cast<real>(2 * kL2), weight(name), n);
    }
  }

  /// Zeroes our gradients, updates with those that the last training step left.
  void update() {
    for (Tensor& tensor : grads_) tensor.fill(0);
    optimizer_.step(0);
  }

  static constexpr double kL2 = 1e-3;

  const HMemQa::Config config_;
  Optimizer& optimizer_;
  BabiBatcher batcher_;
  const std::vector<int64_t> examples_;
  const int64_t batch_size_;
  BabiBatch batch_;
  std::vector<const Parameter*> weights_;
  std::vector<Tensor> grads_;
  Norm story_, question_;
  Tensor centred_, rows_k_, rows_v_, drows_k_, drows_v_, z_k_, z_v_, dz_k_, dz_v_, q_, dq_, r_, dr_;
  Tensor logits_, p_, dlogits_, saved_m_, saved_z_, saved_r_;
  IdTensor argmax_;
  double penalty_ = 0;
};

}  // namespace hmem::bench
