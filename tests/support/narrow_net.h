#pragma once
/// \file narrow_net.h
/// Size of a narrow ConvNet14, where the test is about what stands around it: the published one has 64 times the
/// products.

#include <cstdint>

namespace hmem::test {

constexpr int64_t kChannels = 4;
constexpr int64_t kHalf = 16 * kChannels;  ///< features of 32 x 32 pixels, half of a frame

}  // namespace hmem::test
