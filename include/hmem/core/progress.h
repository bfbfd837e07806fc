#pragma once
/// \file progress.h
/// How far training is, for people who watch a terminal, and how far any other long task is.

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "hmem/core/options.h"
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
    bool lines = false;  ///< StageProgress, where it is not enabled: write lines
  };

  /// Enabled when standard error is a terminal that can move its cursor and `quiet` is false; in colour unless
  /// `NO_COLOR` is set (https://no-color.org). Lines on what is no such terminal, unless `quiet`.
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

/// Told that `done` of `total` are done, from one thread at a time; 0 when something begins. May be empty.
using ShowProgress = std::function<void(int64_t done, int64_t total)>;

/// What takes long outside of the epochs. On a terminal a bar, from half a second on, which goes away at the end; else
/// a line after 2 seconds and then every 10:
///
///     reading images [#######.............]  35% of 60000 ETA 0:42
///     reading images: 35% of 60000, ETA 0:42
class StageProgress {
 public:
  StageProgress(std::ostream& out, Progress::Settings settings, std::string what);
  ~StageProgress() { clear(); }
  StageProgress(const StageProgress&) = delete;
  StageProgress& operator=(const StageProgress&) = delete;

  /// As ShowProgress says.
  void update(int64_t done, int64_t total);

 private:
  void clear();

  std::ostream& out_;
  Progress::Settings settings_;
  std::string what_;
  double start_time_ = 0;
  double next_time_ = 0;
  bool drawn_ = false;
};

/// Shows `what` on standard error, unless the program has --quiet or another --verbose than 1.
ShowProgress show_progress(const Options& options, const std::string& what);

/// "0:07", "12:34", "3:00:09".
std::string format_duration(double seconds);

}  // namespace hmem
