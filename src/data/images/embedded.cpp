#include "hmem/data/images/embedded.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/core/rng.h"

namespace hmem {

namespace {

constexpr double kPi = 3.14159265358979323846;

struct Point {
  double x, y;
};

using Stroke = std::vector<Point>;

uint8_t to_byte(double value) { return static_cast<uint8_t>(std::clamp(value * 255 + 0.5, 0.0, 255.0)); }

double squared_distance_to_segment(Point p, Point a, Point b) {
  const double dx = b.x - a.x, dy = b.y - a.y;
  const double length = dx * dx + dy * dy;
  const double t = length > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.0, 1.0) : 0.0;
  const double ex = p.x - a.x - t * dx, ey = p.y - a.y - t * dy;
  return ex * ex + ey * ey;
}

/// Part of an ellipse, angles in turns, clockwise from the right (y points down).
Stroke arc(Point centre, double rx, double ry, double from, double to) {
  Stroke stroke;
  constexpr int kPieces = 8;
  for (int i = 0; i <= kPieces; ++i) {
    const double angle = 2 * kPi * (from + (to - from) * i / kPieces);
    stroke.push_back({centre.x + rx * std::cos(angle), centre.y + ry * std::sin(angle)});
  }
  return stroke;
}

/// Strokes of the digits in [-1, 1] x [-1, 1].
const std::array<std::vector<Stroke>, 10>& digit_strokes() {
  static const std::array<std::vector<Stroke>, 10> strokes = {{
      {arc({0, 0}, 0.6, 0.95, 0, 1)},
      {{{-0.35, -0.6}, {0.1, -0.95}, {0.1, 0.95}}},
      {arc({0, -0.45}, 0.55, 0.5, -0.5, 0.1), {{0.45, -0.15}, {-0.6, 0.95}, {0.65, 0.95}}},
      {arc({-0.05, -0.47}, 0.55, 0.47, -0.42, 0.25), arc({-0.05, 0.47}, 0.62, 0.47, -0.25, 0.42)},
      {{{0.3, 0.95}, {0.3, -0.95}, {-0.65, 0.35}, {0.7, 0.35}}},
      {{{0.6, -0.95}, {-0.45, -0.95}, {-0.5, -0.1}}, arc({-0.05, 0.37}, 0.6, 0.57, -0.35, 0.4)},
      {arc({0.55, 0.3}, 1.1, 1.25, 0.5, 0.72), arc({0, 0.42}, 0.55, 0.52, 0, 1)},
      {{{-0.6, -0.95}, {0.6, -0.95}, {-0.1, 0.95}}},
      {arc({0, -0.48}, 0.47, 0.45, 0, 1), arc({0, 0.47}, 0.57, 0.5, 0, 1)},
      {arc({-0.02, -0.42}, 0.53, 0.52, 0, 1), {{0.51, -0.42}, {0.42, 0.2}, {0.15, 0.95}}},
  }};
  return strokes;
}

void draw_glyph(int64_t digit, Rng& rng, uint8_t* out) {
  constexpr int kSide = 28;
  const double height = rng.uniform(6.5, 10.5), width = height * rng.uniform(0.7, 1.15);
  const double turn = rng.uniform(-0.3, 0.3), slant = rng.uniform(-0.35, 0.35);
  const double thickness = rng.uniform(0.9, 1.7), ink = rng.uniform(0.7, 1.0), noise = rng.uniform(0.02, 0.12);
  const double free_x = std::max(0.0, 13 - 0.8 * width), free_y = std::max(0.0, 13 - height);
  const Point centre{13.5 + rng.uniform(-free_x, free_x), 13.5 + rng.uniform(-free_y, free_y)};
  // Two low waves bend every stroke a little.
  const double bend = rng.uniform(0, 0.12), phase_x = rng.uniform(0, 2 * kPi), phase_y = rng.uniform(0, 2 * kPi);
  const double cosine = std::cos(turn), sine = std::sin(turn);
  std::vector<Stroke> strokes = digit_strokes()[static_cast<size_t>(digit)];
  for (Stroke& stroke : strokes) {
    for (Point& p : stroke) {
      const double bent_x = p.x + bend * std::sin(3 * p.y + phase_x), bent_y = p.y + bend * std::sin(3 * p.x + phase_y);
      const double x = width * (bent_x - slant * bent_y), y = height * bent_y;
      p = {centre.x + cosine * x - sine * y, centre.y + sine * x + cosine * y};
    }
  }
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      double nearest = 1e9;
      for (const Stroke& stroke : strokes) {
        for (size_t i = 1; i < stroke.size(); ++i) {
          const Point p{static_cast<double>(x), static_cast<double>(y)};
          nearest = std::min(nearest, squared_distance_to_segment(p, stroke[i - 1], stroke[i]));
        }
      }
      const double covered = std::clamp(thickness + 0.5 - std::sqrt(nearest), 0.0, 1.0);
      out[y * kSide + x] = to_byte(ink * covered + noise * (rng.next_u32() >> 8) * 0x1p-24);
    }
  }
}

using Colour = std::array<double, 3>;

Colour random_colour(Rng& rng, double low, double high) {
  return {rng.uniform(low, high), rng.uniform(low, high), rng.uniform(low, high)};
}

double sum_of_differences(const Colour& a, const Colour& b) {
  return std::abs(a[0] - b[0]) + std::abs(a[1] - b[1]) + std::abs(a[2] - b[2]);
}

bool in_triangle(double x, double y, double top, double bottom, double half_width) {
  return y >= top && y <= bottom && std::abs(x) <= half_width * (y - top) / (bottom - top);
}

bool even(double value) { return (static_cast<int64_t>(std::floor(value)) & 1) == 0; }

/// Colour of the object at (x, y), in units of its size: 0 background, 1 first colour, 2 second colour.
int object_at(int64_t object, double x, double y) {
  if (std::max(std::abs(x), std::abs(y)) > 1.05) return 0;
  const double r = std::sqrt(x * x + y * y);
  switch (object) {
    case 0:  // ball with a light spot
      return r > 1 ? 0 : std::hypot(x + 0.35, y + 0.35) < 0.3 ? 2 : 1;
    case 1:  // striped box
      return std::max(std::abs(x), std::abs(y)) > 0.85 ? 0 : even(4 * (y + 1)) ? 1 : 2;
    case 2:  // ring
      return r > 1 || r < 0.55 ? 0 : 1;
    case 3:  // chequered triangle
      return !in_triangle(x, y, -1, 0.85, 1.05) ? 0 : even(3 * x + 20) == even(3 * y + 20) ? 1 : 2;
    case 4: {  // star of five points
      if (r > 1) return 0;
      const double ray = std::abs(std::cos(2.5 * (std::atan2(y, x) + kPi / 2)));
      return r > 0.45 + 0.55 * ray * ray * ray ? 0 : 1;
    }
    case 5:  // cross
      return std::min(std::abs(x), std::abs(y)) > 0.32 || std::max(std::abs(x), std::abs(y)) > 1 ? 0 : 1;
    case 6:  // moon
      return r > 1 || std::hypot(x - 0.5, y) < 0.8 ? 0 : 1;
    case 7:  // house: roof, wall, door
      if (in_triangle(x, y, -1, -0.1, 1.05)) return 2;
      return y < -0.1 || y > 0.95 || std::abs(x) > 0.8 || (std::abs(x) < 0.22 && y > 0.35) ? 0 : 1;
    case 8:  // tree: trunk and two tiers
      if (std::abs(x) < 0.18 && y > 0.5 && y < 1) return 2;
      return in_triangle(x, y, -1, 0, 0.65) || in_triangle(x, y, -0.45, 0.6, 0.95) ? 1 : 0;
    default:  // fish: body, tail, eye
      if (std::hypot(x + 0.55, y + 0.1) < 0.12) return 2;
      if ((x + 0.2) * (x + 0.2) / 0.64 + y * y / 0.3 < 1) return 1;
      return x > 0.4 && x < 1 && std::abs(y) < 0.15 + 0.7 * (x - 0.4) ? 2 : 0;
  }
}

void draw_object(int64_t object, Rng& rng, uint8_t* out) {
  constexpr int kSide = 32, kSamples = 2;
  const double size = rng.uniform(7.5, 12.5), stretch = rng.uniform(0.85, 1.15);
  const double turn = rng.uniform(-0.35, 0.35), flip = rng.below(2) == 0 ? 1 : -1;
  const double free = 15.5 - size;
  const Point centre{15.5 + rng.uniform(-free, free), 15.5 + rng.uniform(-free, free)};
  const Colour background = random_colour(rng, 0, 1), slope = random_colour(rng, -0.3, 0.3);
  Colour first = random_colour(rng, 0, 1), second = random_colour(rng, 0, 1);
  while (sum_of_differences(first, background) < 0.9) first = random_colour(rng, 0, 1);
  while (sum_of_differences(second, background) < 0.6 || sum_of_differences(second, first) < 0.6) {
    second = random_colour(rng, 0, 1);
  }
  const double slope_angle = rng.uniform(0, 2 * kPi), noise = rng.uniform(0.02, 0.08), shade = rng.uniform(0, 0.25);
  const double cosine = std::cos(turn), sine = std::sin(turn);
  const double along_x = std::cos(slope_angle) / 16, along_y = std::sin(slope_angle) / 16;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      Colour sum{};
      for (int sample = 0; sample < kSamples * kSamples; ++sample) {
        const int column = sample % kSamples, row = sample / kSamples;
        const double px = x + (column - 0.5) * 0.5 - centre.x, py = y + (row - 0.5) * 0.5 - centre.y;
        const double u = flip * (cosine * px + sine * py) / (size * stretch), v = (cosine * py - sine * px) / size;
        const int part = object_at(object, u, v);
        const double along = (x - 15.5) * along_x + (y - 15.5) * along_y;
        for (size_t c = 0; c < 3; ++c) {
          sum[c] += part == 0   ? background[c] + slope[c] * along
                    : part == 1 ? first[c] - shade * v
                                : second[c] - shade * v;
        }
      }
      const uint32_t bits = rng.next_u32();
      for (size_t c = 0; c < 3; ++c) {
        const double grain = ((bits >> (10 * c)) & 0x3FF) / 1023.0 - 0.5;
        out[(y * kSide + x) * 3 + static_cast<int>(c)] = to_byte(sum[c] / (kSamples * kSamples) + 3 * noise * grain);
      }
    }
  }
}

using Draw = void (*)(int64_t, Rng&, uint8_t*);

ImageSet draw_part(const std::string& stream, int64_t per_class, int64_t side, int64_t channels, uint64_t seed,
                   Draw draw) {
  HMEM_CHECK(per_class >= 1 && per_class <= 1000000, "embedded images of a class: found ", per_class,
             ", expected 1 to 1000000");
  ImageSet set;
  set.height = set.width = side;
  set.channels = channels;
  const int64_t count = 10 * per_class;
  set.pixels.resize(static_cast<size_t>(count * set.image_size()));
  set.labels.resize(static_cast<size_t>(count));
  parallel_for(count, 64, [&](int64_t i) {
    const int64_t label = i % 10;
    set.labels[static_cast<size_t>(i)] = static_cast<int32_t>(label);
    Rng rng(seed, stream + "." + std::to_string(label) + "." + std::to_string(i / 10));
    draw(label, rng, set.pixels.data() + i * set.image_size());
  });
  return set;
}

ImageData draw_both(const std::string& name, const EmbeddedCounts& counts, int64_t side, int64_t channels,
                    uint64_t seed, Draw draw) {
  ImageData data;
  data.train = draw_part("embedded." + name + ".train", counts.train, side, channels, seed, draw);
  data.test = draw_part("embedded." + name + ".test", counts.test, side, channels, seed, draw);
  return data;
}

}  // namespace

ImageData embedded_objects(const EmbeddedCounts& counts, uint64_t seed) {
  ImageData data = draw_both("objects", counts, 32, 3, seed, draw_object);
  data.class_names = {"ball", "box", "ring", "triangle", "star", "cross", "moon", "house", "tree", "fish"};
  data.description = "10 embedded objects, generated in the process";
  return data;
}

ImageData embedded_glyphs(const EmbeddedCounts& counts, uint64_t seed) {
  ImageData data = draw_both("glyphs", counts, 28, 1, seed, draw_glyph);
  for (int digit = 0; digit < 10; ++digit) data.class_names.push_back(std::to_string(digit));
  data.description = "10 embedded glyphs, generated in the process";
  return data;
}

}  // namespace hmem
