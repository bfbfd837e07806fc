#pragma once
/// \file association_features.h
/// Features of the frames and queries of association examples, from a frozen ConvNet14.

#include <cstdint>
#include <string>
#include <vector>

#include "hmem/core/settings.h"
#include "hmem/data/images/association.h"
#include "hmem/tasks/images/feature_cache.h"

namespace hmem {

/// How frames become features.
struct FeatureSettings {
  bool split = false;   ///< the ConvNet sees the two images of a frame one by one, not side by side
  bool mirror = false;  ///< features of a photograph are the mean of those of it and of its mirror image
  int64_t copies = 1;   ///< looks of a training photograph: it, and moved ones (mirrored ones, unless `mirror`)

  template <typename Visitor>
  void visit(Visitor&& v) {
    v(later("split_frames"), split,
      "1: a frozen ConvNet sees photograph and digit one by one, as in its pretraining; 0: side by side, as published");
    v(later("mirror_features"), mirror,
      "with --split_frames: average the features of each photograph and of its mirror image");
  }
  template <typename Visitor>
  void visit_training(Visitor&& v) {
    v("feature_copies", copies, IntRange{1, 64},
      "with --split_frames: train on the features of this many copies of each photograph, all but one of them shifted "
      "by up to 2 pixels");
  }
  /// What contradicts; "": nothing.
  std::string contradiction() const;
  /// The same for examples that are not trained on: one look of each photograph.
  FeatureSettings of_test() const { return {split, mirror, 1}; }
};

/// The features of one part's images. Side by side there are as many as frames and queries; one by one, as many as
/// images, whatever the examples are.
class AssociationFeatures {
 public:
  /// Asks `cache` for the features of all images that `examples` need (one by one: of all images of both sets, so that
  /// the files serve runs with other seeds).
  AssociationFeatures(FeatureCache& cache, const FeatureSettings& settings, const AssociationExamples& examples,
                      const AssociationRenderer& renderer);
  AssociationFeatures() = default;
  /// How many images the constructor asks for.
  static int64_t images(const FeatureSettings& settings, const AssociationExamples& examples,
                        const AssociationRenderer& renderer);

  int64_t size() const { return size_; }  ///< F, features of a frame; 0: nothing was computed
  int64_t copies() const { return static_cast<int64_t>(photographs_.size()); }
  /// Features [F] of the frame with pair `pair` of an example, or of its query, with this look of the photograph.
  void copy_pair(const AssociationExamples& examples, int64_t example, int64_t pair, int64_t look, real* out) const;
  void copy_query(const AssociationExamples& examples, int64_t example, int64_t look, real* out) const;

 private:
  int64_t size_ = 0;
  Tensor pairs_, queries_;           // [examples T, F], [examples, F]: side by side
  std::vector<Tensor> photographs_;  // [images, F / 2] of each look
  Tensor digits_, black_;            // [images, F / 2], [1, F / 2]
};

/// [count, F] of the first frames of the pool of noise; of one frame of zeros.
Tensor noise_features(FeatureCache& cache, const FeatureSettings& settings, int64_t count,
                      const AssociationRenderer& renderer);
Tensor zero_features(FeatureCache& cache, const FeatureSettings& settings, const AssociationRenderer& renderer);

}  // namespace hmem
