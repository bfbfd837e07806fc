#pragma once
/// \file learner.h
/// H-Mem and questions of the bAbI tasks, for the training loop.

#include <functional>
#include <memory>
#include <vector>

#include "hmem/data/babi/batch.h"
#include "hmem/data/babi/parse.h"
#include "hmem/models/hmem_qa.h"
#include "hmem/train/fit.h"

namespace hmem {

/// Which examples of BabiTask::train are trained on and which are set aside; each part is numbered in this order.
struct BabiSplit {
  std::vector<int64_t> train, validation;
};

/// The last of `count` examples, in file order, are the validation part (training_count() says how many remain).
BabiSplit split_babi(int64_t count, double validation_split);

/// An unknown answer (-1) is never predicted and counts as an error.
class BabiLearner : public Learner {
 public:
  /// `model` and `task` must outlive the learner.
  BabiLearner(HMemQa& model, const BabiTask& task, BabiSplit split);
  /// The end of the training file is the validation part.
  BabiLearner(HMemQa& model, const BabiTask& task, double validation_split);

  /// Jitters the ages of training stories from now on.
  void set_age_jitter(const AgeJitter& jitter) { jitter_ = jitter; }

  int64_t count(Part part) const override;
  BatchResult run(Tape& tape, Part part, const int64_t* examples, int64_t count) override;
  std::vector<Parameter*> parameters() override { return model_.parameters(); }
  void after_update() override { model_.after_update(); }

 protected:
  /// Trains on all of `data` from now on; validation and test examples stay.
  void train_on(const BabiDataset& data);

 private:
  HMemQa& model_;
  const BabiTask& task_;
  BabiSplit split_;
  std::unique_ptr<BabiBatcher> train_;
  BabiBatcher validation_, test_;
  BabiBatch batch_;
  AgeJitter jitter_;
  std::vector<int64_t> in_data_;
};

/// The same with new training stories in every epoch but the first, so that nothing can be learnt by heart.
class BabiOnlineLearner : public BabiLearner {
 public:
  /// Training stories of an epoch; must depend on nothing else, so that a training can be resumed.
  using StoriesOfEpoch = std::function<BabiStories(int64_t epoch)>;

  /// `task` gets the sentences of new stories that it does not have; its vocabulary and sizes stay.
  BabiOnlineLearner(HMemQa& model, BabiTask& task, BabiSplit split, StoriesOfEpoch stories);
  BabiOnlineLearner(HMemQa& model, BabiTask& task, double validation_split, StoriesOfEpoch stories);

  void start_epoch(int64_t epoch) override;
  /// Questions left out so far: their answer was in none of the first stories.
  int64_t unknown_answers() const { return unknown_answers_; }

 private:
  BabiTask& task_;
  StoriesOfEpoch stories_;
  BabiDataset data_;
  int64_t unknown_answers_ = 0;
};

}  // namespace hmem
