#pragma once
/// \file network.h
/// The weights of a model as one object.

#include <vector>

#include "hmem/autodiff/parameter.h"

namespace hmem {

/// Pointers to all tensors of a model, for optimizers, files and penalties. Every layer has `add_to(Weights&)`; names
/// are hierarchical ("extract.key.weight") and unique. The layers own the tensors.
struct Weights {
  std::vector<Parameter*> parameters;
  std::vector<Buffer*> buffers;
  std::vector<Parameter*> regularised;  ///< covered by the L2 penalty and by decoupled weight decay

  void add(Parameter& parameter, bool is_regularised = false) {
    parameters.push_back(&parameter);
    if (is_regularised) regularised.push_back(&parameter);
  }
  void add(Buffer& buffer) { buffers.push_back(&buffer); }
};

/// A model: layers and a forward pass, whose arguments depend on the kind of model.
class Network {
 public:
  Network() = default;
  virtual ~Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  virtual void add_to(Weights& weights) = 0;
  /// Call after every update of the parameters.
  virtual void after_update() {}

  Weights weights() {
    Weights all;
    add_to(all);
    return all;
  }
};

}  // namespace hmem
