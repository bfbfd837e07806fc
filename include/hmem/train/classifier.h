#pragma once
/// \file classifier.h
/// Classification for the training loop; derived learners map examples to logits.

#include <cstdint>
#include <functional>
#include <utility>

#include "hmem/autodiff/ops_nn.h"
#include "hmem/train/fit.h"

namespace hmem {

struct ClassificationLoss {
  Var loss;             ///< mean cross entropy + l2 * (sum of squares of the regularised weights)
  CrossEntropy answer;  ///< cross entropy alone, predictions, probabilities
  int64_t errors = 0;   ///< number of wrong predictions
};

/// logits [B, classes], labels [B]. A negative label has no loss, is never predicted and counts as an error.
ClassificationLoss classification_loss(Var logits, const IdTensor& labels, const Weights& weights, double l2,
                                       double label_smoothing = 0);

class Classifier : public Learner {
 public:
  BatchResult run(Tape& tape, Part part, const int64_t* examples, int64_t count) final;
  Weights weights() override { return weights_; }

  /// Called with the labels and the predicted classes of every batch of a validation or test.
  using OnPredictions = std::function<void(Part part, const IdTensor& labels, const int32_t* predicted)>;
  void set_on_predictions(OnPredictions call) { on_predictions_ = std::move(call); }

 protected:
  /// The tensors must outlive the learner. Labels are smoothed in training only.
  Classifier(Weights weights, double l2, double label_smoothing = 0)
      : weights_(std::move(weights)), l2_(l2), label_smoothing_(label_smoothing) {}

  /// Logits [count, classes] of examples, whose numbers are valid; fills labels [count].
  virtual Var forward(Tape& tape, Part part, const int64_t* examples, int64_t count, IdTensor& labels) = 0;

 private:
  Weights weights_;
  double l2_, label_smoothing_;
  OnPredictions on_predictions_;
};

}  // namespace hmem
