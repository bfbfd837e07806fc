#include "hmem/train/classifier.h"

#include "hmem/autodiff/ops_basic.h"
#include "hmem/core/check.h"

namespace hmem {

ClassificationLoss classification_loss(Var logits, const IdTensor& labels, const Weights& weights, double l2,
                                       double label_smoothing) {
  ClassificationLoss result;
  result.answer = softmax_cross_entropy(logits, labels, static_cast<real>(label_smoothing));
  result.loss = result.answer.loss;
  std::vector<Var> regularised;
  for (Parameter* parameter : weights.regularised) regularised.push_back(logits.tape().leaf(*parameter));
  if (!regularised.empty()) result.loss = add(result.loss, l2_penalty(regularised, static_cast<real>(l2)));
  for (int64_t b = 0; b < labels.count(); ++b) result.errors += result.answer.argmax[b] != labels[b];
  return result;
}

Learner::BatchResult Classifier::run(Tape& tape, Part part, const int64_t* examples, int64_t count) {
  const int64_t available = this->count(part);
  for (int64_t i = 0; i < count; ++i) {
    HMEM_CHECK(examples[i] >= 0 && examples[i] < available, "example ", examples[i], " is not in 0..", available - 1);
  }
  IdTensor labels(Shape{count});
  const Var logits = forward(tape, part, examples, count, labels);
  const ClassificationLoss result =
      classification_loss(logits, labels, weights_, l2_, tape.training() ? label_smoothing_ : 0);
  if (on_predictions_ && !tape.training()) on_predictions_(part, labels, result.answer.argmax);
  return {result.loss, result.errors};
}

}  // namespace hmem
