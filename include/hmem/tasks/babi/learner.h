#pragma once
/// \file learner.h
/// A question-answering model and questions of the bAbI tasks, for the training loop.

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "hmem/data/babi/rename.h"
#include "hmem/models/qa_model.h"
#include "hmem/tasks/babi/data.h"
#include "hmem/train/classifier.h"

namespace hmem {

/// Renames training stories from epoch `from` on. Each epoch has a stream of its own, so that a training can be
/// resumed.
struct BabiRenaming {
  std::vector<RenamedExamples> parts;
  double probability = 0;
  int64_t from = 0;
  uint64_t seed = 0;
};

/// An unknown answer (-1) is never predicted and counts as an error.
class BabiLearner : public Classifier {
 public:
  /// `model` and `task` must outlive the learner.
  BabiLearner(QaModel& model, BabiTask& task, BabiSplit split, double l2 = 1e-3);

  /// Jitters the ages of training stories from now on.
  void set_age_jitter(const AgeJitter& jitter) { jitter_ = jitter; }
  /// Renames training stories: the examples and their order stay. Not together with new stories.
  void set_renaming(BabiRenaming renaming) { renaming_ = std::move(renaming); }
  /// New training stories in every epoch from `from` on, but never in the first, so that nothing can be memorised. They
  /// must depend on the epoch alone, so that a training can be resumed. New sentences are added to the task; its
  /// vocabulary and sizes stay.
  using StoriesOfEpoch = std::function<BabiStories(int64_t epoch)>;
  void set_new_stories(StoriesOfEpoch stories, int64_t from = 1) {
    stories_ = std::move(stories);
    new_from_ = std::max<int64_t>(from, 1);
  }
  /// Number of questions left out so far because no story of the first epoch has their answer.
  int64_t unknown_answers() const { return unknown_answers_; }

  int64_t count(Part part) const override;
  void start_epoch(int64_t epoch) override;
  void after_update() override { model_.after_update(); }

 protected:
  Var forward(Tape& tape, Part part, const int64_t* examples, int64_t count, IdTensor& labels) override;

 private:
  QaModel& model_;
  BabiTask& task_;
  BabiSplit split_;
  std::unique_ptr<BabiBatcher> train_;
  BabiBatcher validation_, test_;
  std::map<int64_t, BabiBatch> batches_;  // by slot: the parts of a batch take turns
  AgeJitter jitter_;
  StoriesOfEpoch stories_;
  int64_t new_from_ = 1;
  BabiRenaming renaming_;
  BabiDataset new_data_;
  int64_t unknown_answers_ = 0;
};

}  // namespace hmem
