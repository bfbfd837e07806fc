#pragma once
/// \file feature_cache.h
/// Features of a frozen ConvNet14, computed once for a set of images and, with a cache folder, once for all programs:
/// the runs of a delay sweep show the same pairs, and computing features takes longer than many epochs.

#include <cstdint>
#include <string>

#include "hmem/core/progress.h"
#include "hmem/core/tensor.h"
#include "hmem/data/images/association.h"
#include "hmem/models/conv_net14.h"

namespace hmem {

/// Features [count, F] in inference mode: moving averages, no dropout.
Tensor conv_features(ConvNet14& net, const RenderedImages& images, const ShowProgress& show = {});

/// Where features are kept.
struct CachePlace {
  std::string folder;       ///< empty: nowhere
  int64_t limit_bytes = 0;  ///< the least recently used files go when all are larger; 0: no limit
};

class FeatureCache {
 public:
  /// The weights of `net`, which must outlive the cache, must not change.
  FeatureCache(ConvNet14& net, CachePlace place);

  /// conv_features, from the file of these images and weights if there is one. The file name is a hash of weights,
  /// pixels and file format; a damaged or unreadable file is replaced.
  Tensor features(const RenderedImages& images);
  /// Told how many of `total` images from now on are done.
  void set_progress(const ShowProgress& show, int64_t total);

  int64_t images() const { return images_; }               ///< images requested so far
  int64_t found() const { return found_; }                 ///< of these, images read from files
  const std::string& problem() const { return problem_; }  ///< why a file could not be written; empty: none

 private:
  std::string path_of(const RenderedImages& images) const;

  ConvNet14& net_;
  CachePlace place_;
  uint64_t weights_ = 0;  // hash
  int64_t images_ = 0, found_ = 0;
  ShowProgress show_;
  std::string problem_;
};

}  // namespace hmem
