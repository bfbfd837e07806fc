#pragma once
/// \file embedded.h
/// Images generated in the process, for use without a data set.

#include <cstdint>

#include "hmem/data/images/set.h"

namespace hmem {

/// Number of images of each class.
struct EmbeddedCounts {
  int64_t train = 1000;
  int64_t test = 250;
};

/// 10 textured objects, 32 x 32 x 3, in place of photographs: ball, striped box, ring, chequered triangle, star, cross,
/// moon, house, tree, fish; random position, size, turn, colours, background and noise. Training and test images come
/// from separate streams; an image depends only on seed, part, class and its number. Parallel.
ImageData embedded_objects(const EmbeddedCounts& counts = {}, uint64_t seed = 0);

/// 10 glyphs, the digits drawn by strokes, 28 x 28 x 1; random position, size, turn, slant, thickness, bends and noise.
ImageData embedded_glyphs(const EmbeddedCounts& counts = {}, uint64_t seed = 0);

}  // namespace hmem
