#pragma once
/// \file encode.h
/// Encoding of pixels as PNG, with stb_image_write.

#include <string>

#include "hmem/data/images/decode.h"

namespace hmem {

/// Throws Error in a build without the package stb.
void need_png();

/// Bytes of a PNG file of 8 bits a channel. Throws Error for sizes that do not agree, for other than 1 or 3 channels,
/// and as need_png() does.
std::string encode_png(const DecodedImage& image);

}  // namespace hmem
