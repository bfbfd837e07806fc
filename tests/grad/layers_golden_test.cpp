#include "support/golden_layers.h"

TEST_CASE("the convolution block computes what PyTorch's layers do, double precision", "[golden]") {
  hmem::test::compare_conv_block(1e-9);
}

TEST_CASE("the lstm computes what PyTorch's does, double precision", "[golden]") { hmem::test::compare_lstm(1e-9); }
