#pragma once
/// \file grid.h
/// A route on a grid and what lies beside it, for tasks 17 and 19.

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "data/generator/story_text.h"

namespace hmem::babi_tasks {

struct Cell {
  int x, y;

  bool operator==(const Cell& other) const { return x == other.x && y == other.y; }
};

/// Up, down, left, right.
constexpr std::array<Cell, 4> kSteps = {{{0, 1}, {0, -1}, {-1, 0}, {1, 0}}};

constexpr size_t opposite(size_t step) { return step ^ 1; }

inline Cell next_cell(const Cell& from, size_t step) { return {from.x + kSteps[step].x, from.y + kSteps[step].y}; }

/// Steps of a route without detours: none leads back against an earlier one, so no two of its cells touch but those
/// that follow each other.
inline std::vector<size_t> draw_route(int length, Rng& rng) {
  std::array<size_t, kSteps.size()> allowed = {0, 1, 2, 3};
  auto end = allowed.end();
  std::vector<size_t> route(static_cast<size_t>(length));
  for (size_t& step : route) {
    step = allowed[pick_index(static_cast<size_t>(end - allowed.begin()), rng)];
    end = std::remove(allowed.begin(), end, opposite(step));
  }
  return route;
}

/// The side `step` of the place number `place` of a route.
struct Side {
  size_t place, step;
};

/// Sides of the route's places that do not lead along it: three at each end, two at each place between.
inline std::vector<Side> sides_of(const std::vector<size_t>& route) {
  std::vector<Side> sides;
  sides.reserve(2 * route.size() + 4);
  for (size_t place = 0; place <= route.size(); ++place) {
    for (size_t step = 0; step < kSteps.size(); ++step) {
      const bool onward = place < route.size() && step == route[place];
      const bool back = place > 0 && step == opposite(route[place - 1]);
      if (!onward && !back) sides.push_back({place, step});
    }
  }
  return sides;
}

/// That many sides of a route of that length.
constexpr int count_of_sides(int length) { return 2 * length + 4; }

}  // namespace hmem::babi_tasks
