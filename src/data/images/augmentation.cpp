#include "hmem/data/images/augmentation.h"

#include <algorithm>

namespace hmem {

namespace {

int64_t draw_shift(int64_t shift, Rng& rng) {
  return shift == 0 ? 0 : static_cast<int64_t>(rng.below(static_cast<uint32_t>(2 * shift + 1))) - shift;
}

}  // namespace

Displacement draw_displacement(const Augmentation& augmentation, Rng& rng) {
  Displacement drawn;
  if (augmentation.flip) drawn.flip = rng.below(2) == 1;
  drawn.down = draw_shift(augmentation.shift, rng);
  drawn.right = draw_shift(augmentation.shift, rng);
  return drawn;
}

void displace_image(const real* in, const ImageSize& size, const Displacement& displacement, real* out) {
  const int64_t channels = size.channels;
  for (int64_t y = 0; y < size.height; ++y) {
    const int64_t from_y = y - displacement.down;
    const bool row_inside = from_y >= 0 && from_y < size.height;
    for (int64_t x = 0; x < size.width; ++x, out += channels) {
      int64_t from_x = x - displacement.right;
      if (!row_inside || from_x < 0 || from_x >= size.width) {
        std::fill_n(out, channels, real{0});
        continue;
      }
      if (displacement.flip) from_x = size.width - 1 - from_x;
      std::copy_n(in + (from_y * size.width + from_x) * channels, channels, out);
    }
  }
}

}  // namespace hmem
