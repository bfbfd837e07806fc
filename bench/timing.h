#pragma once
/// \file timing.h
/// How the benchmarks measure time: many short repeats, the fastest counts, variants to be compared run in turn.

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <vector>

#include "hmem/core/timer.h"

namespace hmem::bench {

/// Processor time of the calling thread: other programs on the machine do not count.
inline double thread_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Prints every line at once, even into a pipe: the programs run for a while.
inline void print_by_line() { std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ); }

using Clock = double (*)();
using Subject = std::function<void()>;

constexpr int kRepeats = 15;
constexpr double kShortest = 4e-4;  // seconds of one repeat: well above the cost of reading the clock

inline double time_calls(const Subject& subject, int64_t calls, Clock clock) {
  const double start = clock();
  for (int64_t i = 0; i < calls; ++i) subject();
  return clock() - start;
}

/// Seconds of one call of every subject: the fastest of `repeats` rounds, in each of which all subjects run in turn, so
/// that a slow moment of the machine affects all of them. A first round, not counted, warms up and finds out how many
/// calls make one repeat long enough.
inline std::vector<double> fastest(const std::vector<Subject>& subjects, int repeats = kRepeats,
                                   Clock clock = thread_seconds) {
  std::vector<int64_t> calls(subjects.size(), 1);
  std::vector<double> seconds(subjects.size(), std::numeric_limits<double>::infinity());
  for (size_t s = 0; s < subjects.size(); ++s) {
    while (time_calls(subjects[s], calls[s], clock) < kShortest) calls[s] *= 2;
  }
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (size_t s = 0; s < subjects.size(); ++s) {
      const double time = time_calls(subjects[s], calls[s], clock) / static_cast<double>(calls[s]);
      seconds[s] = std::min(seconds[s], time);
    }
  }
  return seconds;
}

}  // namespace hmem::bench
