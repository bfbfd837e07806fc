#pragma once
// Arithmetic on rows and the weights of a model by name, for the models that are written out.

#include <map>
#include <string>

#include "hmem/study/trace.h"

namespace hmem::detail {

double total_of(const Vector& row);
/// The largest |x|.
double largest_size(const Vector& row);
Vector relu(Vector z);
Vector sum(Vector a, const Vector& b);

/// (x - mean(x)) / sqrt(var(x) + epsilon) scale + shift; sets rstd to 1 / sqrt(..).
Vector layer_norm(const Vector& x, const PlainQa::Norm& norm, double& rstd);
/// Batch norm in inference: with the moving averages.
void batch_norm(Vector& x, const PlainQa::Norm& norm);

/// Parameters and buffers as double; empty where the model has none of this name.
class NamedWeights {
 public:
  explicit NamedWeights(const Weights& weights);
  Vector row(const std::string& name) const;
  Matrix matrix(const std::string& name) const;
  PlainQa::Norm norm(const std::string& name) const;

 private:
  std::map<std::string, const Tensor*> tensors_;
};

}  // namespace hmem::detail
