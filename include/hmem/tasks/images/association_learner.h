#pragma once
/// \file association_learner.h
/// A network of the image association task and its examples, for the training loop: on features of a frozen ConvNet14,
/// computed once, or end to end.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "hmem/data/images/association.h"
#include "hmem/models/association_net.h"
#include "hmem/models/conv_net14.h"
#include "hmem/tasks/images/association_features.h"
#include "hmem/train/classifier.h"

namespace hmem {

/// Training and test examples with the renderers of their frames.
struct AssociationData {
  AssociationExamples train, test;
  AssociationRenderer train_renderer, test_renderer;
  int64_t noise_frames = 0;  ///< size of the pool for both parts; 0: no noise frames
  /// `train` for this epoch, with the same numbers of examples; empty: the same examples in every epoch. Needs features
  /// that do not depend on the examples (FeatureSettings::split).
  std::function<AssociationExamples(int64_t epoch)> redraw_train = {};
};

class AssociationLearner : public Classifier {
 public:
  /// All arguments must outlive the learner.
  AssociationLearner(AssociationNet& net, AssociationData& data, const Weights& weights, double l2)
      : Classifier(weights, l2), net_(net), data_(data) {}

  void start_epoch(int64_t epoch) override;
  int64_t count(Part part) const override;
  /// Replaces the test examples.
  virtual void set_test(AssociationExamples test) { data_.test = std::move(test); }
  struct Inputs {
    Frames frames;
    Var queries;  ///< features [B, F]
  };
  /// `examples` are indices in data().test or data().train. The frames are valid until the next call for the
  /// same slot of the tape.
  virtual Inputs inputs(Tape& tape, bool test, const std::vector<int64_t>& examples) = 0;

 protected:
  Var forward(Tape& tape, Part part, const int64_t* examples, int64_t count, IdTensor& labels) override;
  AssociationData& data() { return data_; }

 private:
  AssociationNet& net_;
  AssociationData& data_;
};

/// The ConvNet is frozen and used in inference mode (moving averages, no dropout): features of all pairs, queries and
/// noise frames are computed once and kept in memory.
class FrozenAssociationLearner : public AssociationLearner {
 public:
  /// Features are kept in the folder of `place` for other programs. With several looks of a photograph each use in
  /// training draws one (stream "association.looks" of `seed`, at a position that depends on step and example).
  FrozenAssociationLearner(AssociationNet& net, ConvNet14& conv_net, AssociationData& data, double l2,
                           const CachePlace& place = {}, const FeatureSettings& settings = {}, uint64_t seed = 0);
  /// Computes or reads the features. Otherwise the first run() does so. With `only_test` those of training examples
  /// are left out: a program that does not train never needs them.
  void compute_features(bool only_test = false);
  /// Reports the progress of that, and of the features of test examples that follow.
  void set_progress(ShowProgress show) { show_ = std::move(show); }
  const FeatureCache& cache() const { return cache_; }
  void set_test(AssociationExamples test) override;
  Inputs inputs(Tape& tape, bool test, const std::vector<int64_t>& examples) override;

 private:
  /// Sets `shown` for rows in this order: one that is not shown, all pairs, each frame of padding once. Returns the
  /// features of the latter.
  std::vector<const real*> place_frames(const AssociationExamples& of, const std::vector<int64_t>& examples,
                                        IdTensor& shown);

  FeatureCache cache_;
  FeatureSettings settings_;
  Rng looks_;
  ShowProgress show_;
  Tensor noise_;  // [pool, F]
  Tensor zeros_;  // [1, F], of a frame of zeros; empty: nothing was computed
  AssociationFeatures train_, test_;
  std::map<int64_t, IdTensor> shown_;  // rows of the frames of a batch, by slot: its parts take turns
};

/// The ConvNet is trained too. Frames and queries are two batches with separate statistics; the moving averages follow
/// both.
class EndToEndAssociationLearner : public AssociationLearner {
 public:
  /// `frame_chunk`: number of frames that pass through the ConvNet at a time, so that a long delay takes little memory;
  /// 0: all of them. The bits are the same.
  EndToEndAssociationLearner(AssociationNet& net, ConvNet14& conv_net, AssociationData& data, double l2,
                             int64_t frame_chunk = 0);
  Inputs inputs(Tape& tape, bool test, const std::vector<int64_t>& examples) override;

 private:
  ConvNet14& conv_net_;
  int64_t frame_chunk_;
};

}  // namespace hmem
