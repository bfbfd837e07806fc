#pragma once
/// \file augmentation.h
/// Augmentation: training images that differ a little every time they are used.

#include <cstdint>

#include "hmem/core/rng.h"
#include "hmem/data/images/set.h"

namespace hmem {

/// The random changes that images may undergo.
struct Augmentation {
  bool flip = false;  ///< half of the images become their mirror image, left for right
  int64_t shift = 0;  ///< images move by -shift to shift pixels, down and to the right
  bool any() const { return flip || shift > 0; }
};

/// The change applied to one image.
struct Displacement {
  bool flip = false;
  int64_t down = 0;
  int64_t right = 0;
};

/// Draws uniformly from all changes that `augmentation` allows. Draws no numbers for disabled ones.
Displacement draw_displacement(const Augmentation& augmentation, Rng& rng);

/// out(y, x) = in(y - down, x - right), of the mirror image if it is flipped; 0 where that lies outside. `in` and `out`
/// hold height x width x channels values and do not overlap.
void displace_image(const real* in, const ImageSize& size, const Displacement& displacement, real* out);

}  // namespace hmem
