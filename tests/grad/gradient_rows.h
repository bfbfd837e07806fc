#pragma once
/// \file gradient_rows.h
/// Rows of the table of gradient checks: one for each operation and option.

#include <functional>
#include <vector>

#include "checked.h"

namespace hmem::test {

struct GradientRow {
  const char* op;
  const char* option;
  std::function<GradReport(Checked&)> check;
};

/// Convolution, pooling, activations with biases, sequences (image_gradient_rows_test.cpp).
std::vector<GradientRow> image_rows();

}  // namespace hmem::test
