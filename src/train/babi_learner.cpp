#include "hmem/train/babi_learner.h"

namespace hmem {

BabiLearner::BabiLearner(HMemQa& model, const BabiTask& task, double validation_split)
    : model_(model),
      task_(task),
      validation_begin_(training_count(task.train.count(), validation_split)),
      train_count_(validation_begin_),
      train_(std::make_unique<BabiBatcher>(task, task.train)),
      validation_(task, task.train),
      test_(task, task.test) {}

int64_t BabiLearner::count(Part part) const {
  switch (part) {
    case Part::train:
      return train_count_;
    case Part::validation:
      return task_.train.count() - validation_begin_;
    default:
      return task_.test.count();
  }
}

void BabiLearner::train_on(const BabiDataset& data) {
  train_ = std::make_unique<BabiBatcher>(task_, data);
  train_count_ = data.count();
}

Learner::BatchResult BabiLearner::run(Tape& tape, Part part, const int64_t* examples, int64_t count) {
  if (part == Part::validation) {
    shifted_.assign(examples, examples + count);
    for (int64_t& example : shifted_) example += validation_begin_;
    validation_.fill(batch_, shifted_.data(), count);
  } else {
    const bool jittered = tape.training() && jitter_.probability > 0;
    (part == Part::test ? test_ : *train_).fill(batch_, examples, count, jittered ? &jitter_ : nullptr, tape.step());
  }
  const HMemQa::Result result = model_.forward(tape, batch_);
  int64_t errors = 0;
  for (int64_t b = 0; b < count; ++b) errors += result.answer.argmax[b] != batch_.answers[b];
  return {result.loss, errors};
}

BabiOnlineLearner::BabiOnlineLearner(HMemQa& model, BabiTask& task, double validation_split, StoriesOfEpoch stories)
    : BabiLearner(model, task, validation_split), task_(task), stories_(std::move(stories)) {}

void BabiOnlineLearner::start_epoch(int64_t epoch) {
  if (epoch == 0) return;
  data_ = vectorise_more_babi(stories_(epoch), task_);
  unknown_answers_ += data_.unknown_answers;
  train_on(data_);
}

}  // namespace hmem
