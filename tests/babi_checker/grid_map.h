#pragma once
/// \file grid_map.h
/// Things on a square grid, each told to be the neighbour of another one; for the checkers of tasks 17 and 19.

#include <map>
#include <queue>
#include <string>
#include <vector>

#include "babi_checker/checker.h"
#include "babi_checker/inference_words.h"

namespace hmem::test::babi_checker {

struct Offset {
  int x = 0, y = 0;  ///< x grows to the right (east), y upwards (north)
};
inline Offset operator+(Offset a, Offset b) { return {a.x + b.x, a.y + b.y}; }
inline Offset operator-(Offset a) { return {-a.x, -a.y}; }
inline bool operator==(Offset a, Offset b) { return a.x == b.x && a.y == b.y; }

class GridMap {
 public:
  struct Step {
    std::string to;
    Offset by;
    int id;  ///< of the statement
  };
  struct Route {
    std::vector<Step> steps;
    bool only = true;  ///< no other route is as short
  };

  void clear() { neighbours_.clear(); }

  /// Statement `told` says that `thing` is at `by` from `base`. An error if it is `base`, was told before or
  /// contradicts the rest of the map.
  void add(const Sentence& told, const std::string& thing, const std::string& base, Offset by) {
    if (thing == base) fail(told, "a neighbour of itself");
    for (const Step& step : neighbours_[base]) {
      if (step.to == thing) fail(told, "neighbours that were told before");
    }
    const std::map<std::string, Offset> places = positions(base);
    const auto known = places.find(thing);
    if (known != places.end() && !(known->second == by)) fail(told, "this contradicts the map");
    neighbours_[base].push_back({thing, by, told.id});
    neighbours_[thing].push_back({base, -by, told.id});
  }

  /// Positions of `from` and of everything connected to it, relative to `from`.
  std::map<std::string, Offset> positions(const std::string& from) const {
    std::map<std::string, Offset> places = {{from, {}}};
    std::queue<std::string> todo;
    for (todo.push(from); !todo.empty(); todo.pop()) {
      const Offset here = places.at(todo.front());
      for (const Step& step : neighbours_.at(todo.front())) {
        if (places.insert({step.to, here + step.by}).second) todo.push(step.to);
      }
    }
    return places;
  }

  bool knows(const std::string& thing) const { return neighbours_.count(thing) > 0; }
  const std::vector<Step>& neighbours(const std::string& thing) const { return neighbours_.at(thing); }

  /// A shortest route; no steps if there is none.
  Route route(const std::string& from, const std::string& to) const {
    struct Reached {
      int distance, routes;
      const std::string* before;
      const Step* step;
    };
    std::map<std::string, Reached> reached = {{from, {0, 1, nullptr, nullptr}}};
    std::queue<std::string> todo;
    for (todo.push(from); !todo.empty(); todo.pop()) {
      const auto here = reached.find(todo.front());
      for (const Step& step : neighbours_.at(here->first)) {
        const auto [next, fresh] =
            reached.insert({step.to, {here->second.distance + 1, here->second.routes, &here->first, &step}});
        if (fresh) {
          todo.push(step.to);
        } else if (next->second.distance == here->second.distance + 1) {
          next->second.routes = 2;  // or more
        }
      }
    }
    Route route;
    auto at = reached.find(to);
    if (at == reached.end()) return route;
    route.only = at->second.routes == 1;
    for (; at->second.step != nullptr; at = reached.find(*at->second.before)) {
      route.steps.insert(route.steps.begin(), *at->second.step);
    }
    return route;
  }

 private:
  std::map<std::string, std::vector<Step>> neighbours_;
};

}  // namespace hmem::test::babi_checker
