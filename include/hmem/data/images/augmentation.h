#pragma once
/// \file augmentation.h
/// Augmentation: training images that differ a little every time they are used.

#include <cstdint>

#include "hmem/core/rng.h"
#include "hmem/core/settings.h"
#include "hmem/data/images/set.h"

namespace hmem {

/// What a moved image shows where it has no pixels.
enum class ShiftFill {
  zeros,    ///< black
  reflect,  ///< its mirror image at the edge, whose pixels are not repeated
};

/// The random changes that images may undergo.
struct Augmentation {
  bool flip = false;  ///< half of the images become their mirror image, left for right
  int64_t shift = 0;  ///< images move by -shift to shift pixels, down and to the right
  ShiftFill shift_fill = ShiftFill::zeros;
  int64_t cutout = 0;  ///< side of a square of one colour, centred on any pixel (DeVries & Taylor, arXiv 1708.04552)
  bool any() const { return flip || shift > 0 || cutout > 0; }

  template <typename Visitor>
  void visit(Visitor&& v) {
    v("flip", flip, "mirror each training photograph with probability 1/2 every time it is used");
    v("shift", shift, IntRange{0, 31}, "shift training photographs by a random offset of up to this many pixels");
    v("shift_fill", shift_fill, Names{"zeros", "reflect"},
      "what a shifted photograph shows beyond its edge; zeros: black; reflect: its mirror image");
    v("cutout", cutout, IntRange{0, 32},
      "side in pixels of a randomly placed square of each training photograph that becomes the photographs' mean "
      "colour; 0: none");
  }
};

/// The change applied to one image.
struct Displacement {
  bool flip = false;
  int64_t down = 0;
  int64_t right = 0;
  int64_t cutout_y = 0;  ///< centre of the square, in the moved image
  int64_t cutout_x = 0;
};

/// Draws uniformly from all changes of images of this size that `augmentation` allows. Draws no numbers for disabled
/// ones.
Displacement draw_displacement(const Augmentation& augmentation, const ImageSize& size, Rng& rng);

/// out(y, x) = in(y - down, x - right), of the mirror image if it is flipped; `fill` decides what stands where that
/// lies outside. `in` and `out` hold height x width x channels values and do not overlap. Throws Error when it moves by
/// a whole side or more and is to be reflected.
void displace_image(const real* in, const ImageSize& size, const Displacement& displacement, ShiftFill fill, real* out);

/// Gives `image` the `colour` (a value per channel) in rows y - side / 2 to y - side / 2 + side - 1 and columns
/// likewise, as far as they lie in it; (y, x) is the displacement's cutout.
void cut_out(real* image, const ImageSize& size, const Displacement& displacement, int64_t side, const real* colour);

}  // namespace hmem
