#include "hmem/data/images/augmentation.h"

#include <algorithm>

#include "hmem/core/check.h"

namespace hmem {

namespace {

int64_t draw_shift(int64_t shift, Rng& rng) {
  return shift == 0 ? 0 : static_cast<int64_t>(rng.below(static_cast<uint32_t>(2 * shift + 1))) - shift;
}

/// Index in [0, n) of what stands at `i` of the image continued by its mirror images, -n < i < 2n - 1.
int64_t reflected(int64_t i, int64_t n) { return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i; }

}  // namespace

Displacement draw_displacement(const Augmentation& augmentation, const ImageSize& size, Rng& rng) {
  Displacement drawn;
  if (augmentation.flip) drawn.flip = rng.below(2) == 1;
  drawn.down = draw_shift(augmentation.shift, rng);
  drawn.right = draw_shift(augmentation.shift, rng);
  if (augmentation.cutout > 0) {
    drawn.cutout_y = rng.below(static_cast<uint32_t>(size.height));
    drawn.cutout_x = rng.below(static_cast<uint32_t>(size.width));
  }
  return drawn;
}

void displace_image(const real* in, const ImageSize& size, const Displacement& displacement, ShiftFill fill,
                    real* out) {
  const int64_t channels = size.channels;
  const bool reflect = fill == ShiftFill::reflect;
  HMEM_CHECK(!reflect || (std::abs(displacement.down) < size.height && std::abs(displacement.right) < size.width),
             "displace_image: moves by ", displacement.down, " and ", displacement.right, ", expected less than ",
             size.height, " and ", size.width);
  for (int64_t y = 0; y < size.height; ++y) {
    int64_t from_y = y - displacement.down;
    if (reflect) from_y = reflected(from_y, size.height);
    const bool row_inside = from_y >= 0 && from_y < size.height;
    for (int64_t x = 0; x < size.width; ++x, out += channels) {
      int64_t from_x = x - displacement.right;
      if (reflect) from_x = reflected(from_x, size.width);
      if (!row_inside || from_x < 0 || from_x >= size.width) {
        std::fill_n(out, channels, real{0});
        continue;
      }
      if (displacement.flip) from_x = size.width - 1 - from_x;
      std::copy_n(in + (from_y * size.width + from_x) * channels, channels, out);
    }
  }
}

void cut_out(real* image, const ImageSize& size, const Displacement& displacement, int64_t side, const real* colour) {
  const int64_t top = displacement.cutout_y - side / 2, left = displacement.cutout_x - side / 2;
  for (int64_t y = std::max<int64_t>(top, 0); y < std::min(top + side, size.height); ++y) {
    for (int64_t x = std::max<int64_t>(left, 0); x < std::min(left + side, size.width); ++x) {
      std::copy_n(colour, size.channels, image + (y * size.width + x) * size.channels);
    }
  }
}

}  // namespace hmem
