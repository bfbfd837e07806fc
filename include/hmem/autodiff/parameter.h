#pragma once
/// \file parameter.h
/// Trained values with a name and a gradient.

#include <string>
#include <utility>
#include <vector>

#include "hmem/core/tensor.h"

namespace hmem {

/// A trained tensor. The name is the one in model files ("extract.key.weight"); the gradient has the value's shape.
struct Parameter {
  std::string name;
  Tensor value;
  Tensor grad;

  Parameter() = default;
  Parameter(std::string name_in, const Shape& shape) : name(std::move(name_in)), value(shape), grad(shape) {}
};

/// A tensor that belongs to a model and is saved with it, but is not trained by gradients (moving averages).
struct Buffer {
  std::string name;
  Tensor value;

  Buffer() = default;
  Buffer(std::string name_in, const Shape& shape) : name(std::move(name_in)), value(shape) {}
};

/// Sets all gradients to zero.
inline void zero_gradients(const std::vector<Parameter*>& parameters) {
  for (Parameter* parameter : parameters) parameter->grad.fill(0);
}

}  // namespace hmem
