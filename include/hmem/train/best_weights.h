#pragma once
/// \file best_weights.h
/// A copy of a model's weights at its best epoch.

#include <vector>

#include "hmem/autodiff/parameter.h"

namespace hmem {

class BestWeights {
 public:
  /// The tensors must outlive this. Holds a copy of them as they are.
  BestWeights(const std::vector<Parameter*>& parameters, const std::vector<Buffer*>& buffers);
  BestWeights(const BestWeights&) = delete;
  BestWeights& operator=(const BestWeights&) = delete;

  /// Copies the model as it is now.
  void take();
  /// Puts the copy back into the model.
  void restore() const;
  /// The copies, as "best.<name>", for checkpoints.
  std::vector<Buffer*> state();

 private:
  std::vector<Tensor*> originals_;
  std::vector<Buffer> copies_;
};

}  // namespace hmem
