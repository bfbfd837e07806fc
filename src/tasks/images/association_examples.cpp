#include "hmem/tasks/images/association_examples.h"

#include "hmem/core/check.h"

namespace hmem {

AssociationExamples training_examples(const ImagePair& images, const AssociationOptions& options, uint64_t seed,
                                      const std::string& part, const AssociationImages& allowed) {
  return make_association(images.a.train, images.a.classes(), images.b.train, images.b.classes(), options, seed, part,
                          allowed);
}

AssociationExamples test_examples(const ImagePair& images, const AssociationOptions& options, uint64_t seed) {
  return make_association(images.a.test, images.a.classes(), images.b.test, images.b.classes(), options, seed, "test");
}

SplitExamples::SplitExamples(const ImagePair& images, const AssociationOptions& options, uint64_t seed,
                             const std::vector<bool>& held_out)
    : images_(images), options_(options), seed_(seed) {
  const int64_t in_a = images.a.train.count(), count = in_a + images.b.train.count();
  HMEM_CHECK(static_cast<int64_t>(held_out.size()) == count, "found ", held_out.size(),
             " flags of held-out images, expected ", count);
  const AssociationImages unseen = {{held_out.begin(), held_out.begin() + in_a},
                                    {held_out.begin() + in_a, held_out.end()}};
  seen_ = unseen;
  seen_.a.flip();
  seen_.b.flip();
  validation_ = training_examples(images, options, seed, "validation", unseen);
}

AssociationExamples SplitExamples::of_epoch(int64_t epoch) const {
  const std::string part = epoch == 0 ? "train" : "train." + std::to_string(epoch);
  return join_examples(training_examples(images_, options_, seed_, part, seen_), validation_);
}

}  // namespace hmem
