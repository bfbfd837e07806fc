#pragma once
/// \file association_examples.h
/// Association examples of an ImagePair: for training and test, and with validation examples of their own images.

#include <cstdint>
#include <string>
#include <vector>

#include "hmem/data/images/association.h"
#include "hmem/tasks/images/flags.h"

namespace hmem {

/// make_association() of the training images of both sets, `part` "train" or "validation", or of the test images.
AssociationExamples training_examples(const ImagePair& images, const AssociationOptions& options, uint64_t seed,
                                      const std::string& part, const AssociationImages& allowed = {});
AssociationExamples test_examples(const ImagePair& images, const AssociationOptions& options, uint64_t seed);

/// Validation examples show some of the training images, training examples only the others.
class SplitExamples {
 public:
  /// `held_out`: true for the images of set a, then of set b, that validate. `images` must outlive the object. Throws
  /// Error when either part is too small for an example.
  SplitExamples(const ImagePair& images, const AssociationOptions& options, uint64_t seed,
                const std::vector<bool>& held_out);
  /// All examples of an epoch. Those for training are drawn anew in each (stream "association.train.<epoch>", in epoch
  /// 0 "association.train"), always the same number; those for validation stay.
  AssociationExamples of_epoch(int64_t epoch) const;

 private:
  const ImagePair& images_;
  AssociationOptions options_;
  uint64_t seed_;
  AssociationImages seen_;
  AssociationExamples validation_;
};

}  // namespace hmem
