#include "support/golden_layers.h"

TEST_CASE("the convolution block computes what PyTorch's layers do, single precision", "[golden]") {
  hmem::test::compare_conv_block(2e-5);
}

TEST_CASE("the lstm computes what PyTorch's does, single precision", "[golden]") { hmem::test::compare_lstm(2e-5); }
