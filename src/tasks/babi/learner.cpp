#include "hmem/tasks/babi/learner.h"

#include <algorithm>
#include <numeric>

namespace hmem {

BabiLearner::BabiLearner(QaModel& model, BabiTask& task, BabiSplit split, double l2)
    : Classifier(model.weights(), l2),
      model_(model),
      task_(task),
      split_(std::move(split)),
      train_(std::make_unique<BabiBatcher>(task, task.train)),
      validation_(task, task.train),
      test_(task, task.test) {}

int64_t BabiLearner::count(Part part) const {
  if (part == Part::test) return task_.test.count();
  return static_cast<int64_t>((part == Part::train ? split_.train : split_.validation).size());
}

void BabiLearner::start_epoch(int64_t epoch) {
  if (!renaming_.parts.empty() && epoch >= renaming_.from) {
    Rng rng(renaming_.seed, "rename.epoch" + std::to_string(epoch));
    new_data_ = rename_babi(task_, renaming_.parts, renaming_.probability, rng);
    train_ = std::make_unique<BabiBatcher>(task_, new_data_);
  }
  if (!stories_ || epoch < new_from_) return;
  new_data_ = vectorise_more_babi(stories_(epoch), task_);
  unknown_answers_ += new_data_.unknown_answers;
  train_ = std::make_unique<BabiBatcher>(task_, new_data_);
  split_.train.resize(static_cast<size_t>(new_data_.count()));
  std::iota(split_.train.begin(), split_.train.end(), int64_t{0});
}

Var BabiLearner::forward(Tape& tape, Part part, const int64_t* examples, int64_t count, IdTensor& labels) {
  BabiBatch& batch = batches_[tape.part().slot];
  if (part == Part::test) {
    test_.fill(batch, examples, count);
  } else {
    const std::vector<int64_t>& of_part = part == Part::train ? split_.train : split_.validation;
    std::vector<int64_t> in_data;
    for (int64_t i = 0; i < count; ++i) in_data.push_back(of_part[static_cast<size_t>(examples[i])]);
    const bool jittered = part == Part::train && tape.training() && jitter_.probability > 0;
    (part == Part::train ? *train_ : validation_)
        .fill(batch, in_data.data(), count, jittered ? &jitter_ : nullptr, {tape.step(), tape.part().first});
  }
  std::copy(batch.answers.begin(), batch.answers.end(), labels.begin());
  return model_.forward(tape, batch);
}

}  // namespace hmem
