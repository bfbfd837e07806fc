#pragma once
/// \file orientation.h
/// The direction in which a camera was held, from the Exif data of a picture.

#include <string_view>

#include "hmem/data/images/decode.h"

namespace hmem {

/// Exif tag Orientation of a JPEG (segment APP1) or a PNG (chunk eXIf): 1 to 8; 1 (upright) when there is none or it
/// is damaged. Exif 2.32, section 4.6.4; in the order 1..8, row 0 and column 0 of the file show the
/// top left, top right, bottom right, bottom left, left top, right top, right bottom, left bottom of the scene.
int exif_orientation(std::string_view bytes);

/// The picture as the scene was seen.
DecodedImage upright(DecodedImage image, int orientation);

}  // namespace hmem
