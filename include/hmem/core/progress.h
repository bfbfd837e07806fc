#pragma once
/// \file progress.h
/// A progress bar for people who watch a terminal; silent everywhere else.

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "hmem/core/timer.h"

namespace hmem {

/// One line, redrawn at most ten times a second:
///
///     epoch 3/100 [#######.............]  35% loss 0.412 ETA 1:07
///
/// The fraction is that of the epoch, the ETA that of the whole run. The line is removed before other output with
/// `clear()` and by the destructor.
class Progress {
 public:
  struct Settings {
    bool enabled = false;
    bool color = false;
    std::function<double()> now = steady_seconds;
  };

  /// Enabled when standard error is a terminal that can move its cursor and `quiet` is false; in colour unless
  /// `NO_COLOR` is set (https://no-color.org).
  static Settings for_stderr(bool quiet);

  Progress(std::ostream& out, Settings settings);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Epochs count from 0; the first call may name a later one (a resumed run).
  void start_epoch(int64_t epoch, int64_t epochs, int64_t steps);
  /// After `step` of the epoch's steps, with the mean loss so far.
  void update(int64_t step, double loss);
  /// Removes the line from the terminal.
  void clear();

 private:
  double done_epochs(int64_t step) const;

  std::ostream& out_;
  Settings settings_;
  int64_t epoch_ = 0;
  int64_t epochs_ = 0;
  int64_t steps_ = 0;
  int64_t first_epoch_ = -1;
  double start_time_ = 0;
  double next_draw_ = 0;
  bool drawn_ = false;
};

/// "0:07", "12:34", "3:00:09".
std::string format_duration(double seconds);

}  // namespace hmem
