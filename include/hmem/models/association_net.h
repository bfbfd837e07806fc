#pragma once
/// \file association_net.h
/// The interface of the networks for the image association task.

#include <cstdint>

#include "hmem/autodiff/tape.h"
#include "hmem/core/check.h"
#include "hmem/core/settings.h"
#include "hmem/nn/network.h"

namespace hmem {

/// Sizes that follow from the images.
struct AssociationConfig {
  int64_t features = 1024;
  int64_t classes = 10;
};

/// From the features of a sequence of frames and of a query to the class that was paired with the query.
class AssociationNet : public Network {
 public:
  /// frames [B T, F], the steps of an example one after the other; queries [B, F]; returns logits [B, classes]. In
  /// training mode the moving averages follow this batch. Throws Error on other shapes.
  virtual Var forward(Tape& tape, Var frames, Var queries) = 0;
  /// The settings that its model file keeps, under the names of the flags.
  virtual Settings settings() const = 0;

 protected:
  /// T of a batch; throws Error, naming `model`, unless the shapes fit each other and `features`.
  static int64_t count_steps(const char* model, Var frames, Var queries, int64_t features) {
    const Shape f = frames.shape(), q = queries.shape();
    HMEM_CHECK(f.rank() == 2 && q.rank() == 2 && f[1] == features && q[1] == features && q[0] > 0 && f[0] > 0 &&
                   f[0] % q[0] == 0,
               model, ": frames ", f, " and queries ", q, ", expected [B T, ", features, "] and [B, ", features, "]");
    return f[0] / q[0];
  }
};

}  // namespace hmem
