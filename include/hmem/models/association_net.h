#pragma once
/// \file association_net.h
/// What the networks of the image association task have in common.

#include <cstdint>
#include <vector>

#include "hmem/autodiff/parameter.h"
#include "hmem/autodiff/tape.h"

namespace hmem {

/// From the features of a sequence of frames and of a query to the class that was paired with the query.
class AssociationNet {
 public:
  virtual ~AssociationNet() = default;
  /// frames [B T, F], the steps of an example one after the other; queries [B, F]; returns logits [B, classes]. In
  /// training mode the moving averages follow this batch. Throws Error on other shapes.
  virtual Var forward(Tape& tape, Var frames, Var queries) = 0;

  virtual std::vector<Parameter*> parameters() = 0;
  virtual std::vector<Buffer*> buffers() = 0;
  /// What the L2 penalty covers.
  virtual std::vector<Parameter*> penalised() = 0;

 protected:
  /// T of a batch; throws Error, naming `model`, unless the shapes fit each other and `features`.
  static int64_t count_steps(const char* model, Var frames, Var queries, int64_t features);
};

}  // namespace hmem
