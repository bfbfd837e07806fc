#pragma once
/// \file babi_learner.h
/// H-Mem and the questions of one bAbI task, for the training loop.

#include "hmem/data/babi_batch.h"
#include "hmem/models/hmem_qa.h"
#include "hmem/train/fit.h"

namespace hmem {

/// The last examples of the training file, in file order, are the validation part (training_count() says how many
/// remain). An unknown answer (-1) is never predicted and counts as an error.
class BabiLearner : public Learner {
 public:
  /// `model` and `task` must outlive the learner.
  BabiLearner(HMemQa& model, const BabiTask& task, double validation_split);

  int64_t count(Part part) const override;
  BatchResult run(Tape& tape, Part part, const int64_t* examples, int64_t count) override;
  std::vector<Parameter*> parameters() override { return model_.parameters(); }
  void after_update() override { model_.after_update(); }

 private:
  HMemQa& model_;
  const BabiTask& task_;
  int64_t train_count_;
  BabiBatcher train_, test_;
  BabiBatch batch_;
  std::vector<int64_t> shifted_;
};

}  // namespace hmem
