#pragma once
/// \file timer.h
/// Elapsed time from a clock that never jumps.

#include <chrono>

namespace hmem {

/// Seconds of the steady clock since some fixed moment.
inline double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// A stopwatch that runs from its construction.
class Timer {
 public:
  double seconds() const { return steady_seconds() - start_; }

 private:
  double start_ = steady_seconds();
};

}  // namespace hmem
