#include "hmem/train/babi_learner.h"

namespace hmem {

BabiLearner::BabiLearner(HMemQa& model, const BabiTask& task, double validation_split)
    : model_(model),
      task_(task),
      train_count_(training_count(task.train.count(), validation_split)),
      train_(task, task.train),
      test_(task, task.test) {}

int64_t BabiLearner::count(Part part) const {
  switch (part) {
    case Part::train:
      return train_count_;
    case Part::validation:
      return task_.train.count() - train_count_;
    default:
      return task_.test.count();
  }
}

Learner::BatchResult BabiLearner::run(Tape& tape, Part part, const int64_t* examples, int64_t count) {
  if (part == Part::validation) {
    shifted_.assign(examples, examples + count);
    for (int64_t& example : shifted_) example += train_count_;
    examples = shifted_.data();
  }
  (part == Part::test ? test_ : train_).fill(batch_, examples, count);
  const HMemQa::Result result = model_.forward(tape, batch_);
  int64_t errors = 0;
  for (int64_t b = 0; b < count; ++b) errors += result.answer.argmax[b] != batch_.answers[b];
  return {result.loss, errors};
}

}  // namespace hmem
