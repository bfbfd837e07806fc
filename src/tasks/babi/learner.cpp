#include "hmem/tasks/babi/learner.h"

#include <numeric>

#include "hmem/core/check.h"

namespace hmem {

namespace {

std::vector<int64_t> numbers(int64_t begin, int64_t end) {
  std::vector<int64_t> all(static_cast<size_t>(end - begin));
  std::iota(all.begin(), all.end(), begin);
  return all;
}

}  // namespace

BabiSplit split_babi(int64_t count, double validation_split) {
  const int64_t kept = training_count(count, validation_split);
  return {numbers(0, kept), numbers(kept, count)};
}

BabiLearner::BabiLearner(HMemQa& model, const BabiTask& task, BabiSplit split)
    : model_(model),
      task_(task),
      split_(std::move(split)),
      train_(std::make_unique<BabiBatcher>(task, task.train)),
      validation_(task, task.train),
      test_(task, task.test) {}

BabiLearner::BabiLearner(HMemQa& model, const BabiTask& task, double validation_split)
    : BabiLearner(model, task, split_babi(task.train.count(), validation_split)) {}

int64_t BabiLearner::count(Part part) const {
  switch (part) {
    case Part::train:
      return static_cast<int64_t>(split_.train.size());
    case Part::validation:
      return static_cast<int64_t>(split_.validation.size());
    default:
      return task_.test.count();
  }
}

void BabiLearner::train_on(const BabiDataset& data) {
  train_ = std::make_unique<BabiBatcher>(task_, data);
  split_.train = numbers(0, data.count());
}

Learner::BatchResult BabiLearner::run(Tape& tape, Part part, const int64_t* examples, int64_t count) {
  if (part == Part::test) {
    test_.fill(batch_, examples, count);
  } else {
    const std::vector<int64_t>& of_part = part == Part::train ? split_.train : split_.validation;
    in_data_.clear();
    for (int64_t i = 0; i < count; ++i) {
      HMEM_CHECK(examples[i] >= 0 && examples[i] < this->count(part), "example ", examples[i], " is not in 0..",
                 this->count(part) - 1);
      in_data_.push_back(of_part[static_cast<size_t>(examples[i])]);
    }
    const bool jittered = part == Part::train && tape.training() && jitter_.probability > 0;
    (part == Part::train ? *train_ : validation_)
        .fill(batch_, in_data_.data(), count, jittered ? &jitter_ : nullptr, tape.step());
  }
  const HMemQa::Result result = model_.forward(tape, batch_);
  int64_t errors = 0;
  for (int64_t b = 0; b < count; ++b) errors += result.answer.argmax[b] != batch_.answers[b];
  return {result.loss, errors};
}

BabiOnlineLearner::BabiOnlineLearner(HMemQa& model, BabiTask& task, BabiSplit split, StoriesOfEpoch stories)
    : BabiLearner(model, task, std::move(split)), task_(task), stories_(std::move(stories)) {}

BabiOnlineLearner::BabiOnlineLearner(HMemQa& model, BabiTask& task, double validation_split, StoriesOfEpoch stories)
    : BabiOnlineLearner(model, task, split_babi(task.train.count(), validation_split), std::move(stories)) {}

void BabiOnlineLearner::start_epoch(int64_t epoch) {
  if (epoch == 0) return;
  data_ = vectorise_more_babi(stories_(epoch), task_);
  unknown_answers_ += data_.unknown_answers;
  train_on(data_);
}

}  // namespace hmem
