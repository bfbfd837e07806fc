#pragma once
/// \file feature_cache.h
/// Features of a frozen ConvNet14, computed once for a set of images and, where a folder is given, once for all
/// programs: the runs of a delay sweep show the same pairs, and their features take longer than many epochs.

#include <cstdint>
#include <string>

#include "hmem/core/progress.h"
#include "hmem/core/tensor.h"
#include "hmem/data/images/association.h"
#include "hmem/models/conv_net14.h"

namespace hmem {

/// Features [count, F] in inference mode: moving averages, no dropout.
Tensor conv_features(ConvNet14& net, const RenderedImages& images, const ShowProgress& show = {});

class FeatureCache {
 public:
  /// The weights of `net`, which must outlive the cache, must not change. Empty folder: nothing is kept.
  FeatureCache(ConvNet14& net, std::string folder);

  /// conv_features, from the file of these images and weights if there is one. Its name is a hash of the weights, the
  /// pixels and the form of the file; a file that is damaged or cannot be read is made anew.
  Tensor features(const RenderedImages& images);
  /// Told how many of `total` images from now on are done.
  void set_progress(const ShowProgress& show, int64_t total);

  int64_t images() const { return images_; }               ///< asked for so far
  int64_t found() const { return found_; }                 ///< of these, read from files
  const std::string& problem() const { return problem_; }  ///< why a file could not be written; empty: none

 private:
  std::string path_of(const RenderedImages& images) const;

  ConvNet14& net_;
  std::string folder_;
  uint64_t weights_ = 0;  // hash
  int64_t images_ = 0, found_ = 0;
  ShowProgress show_;
  std::string problem_;
};

}  // namespace hmem
