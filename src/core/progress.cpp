#include "hmem/core/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string_view>
#include <utility>

#include "hmem/core/text.h"

namespace hmem {

namespace {

constexpr char kEraseLine[] = "\r\033[K";

std::string percent(int64_t done, int64_t total) { return std::to_string(100 * done / total) + "%"; }

/// "[#######.............]  35%"
std::string bar(int64_t done, int64_t total, bool color) {
  constexpr int64_t kWidth = 20;
  const int64_t filled = std::clamp<int64_t>(kWidth * done / total, 0, kWidth);
  const std::string number = percent(done, total);
  return std::string("[") + (color ? "\033[32m" : "") + std::string(static_cast<size_t>(filled), '#') +
         (color ? "\033[0m" : "") + std::string(static_cast<size_t>(kWidth - filled), '.') + "] " +
         std::string(number.size() < 4 ? 4 - number.size() : 0, ' ') + number;
}

}  // namespace

std::string format_duration(double seconds) {
  constexpr double kMaxSeconds = 359999;  // 99:59:59; also catches infinity
  const auto total = static_cast<int64_t>(std::clamp(seconds, 0.0, kMaxSeconds) + 0.5);
  const auto two_digits = [](int64_t value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  const int64_t hours = total / 3600, minutes = total / 60 % 60;
  const std::string head = hours > 0 ? std::to_string(hours) + ":" + two_digits(minutes) : std::to_string(minutes);
  return head + ":" + two_digits(total % 60);
}

Progress::Settings Progress::for_stderr(bool quiet) {
  const char* terminal = std::getenv("TERM");
  const char* no_color = std::getenv("NO_COLOR");
  Settings settings;
  settings.enabled =
      !quiet && isatty(STDERR_FILENO) == 1 && terminal != nullptr && std::string_view(terminal) != "dumb";
  settings.lines = !quiet && !settings.enabled;
  settings.color = no_color == nullptr || *no_color == '\0';
  return settings;
}

Progress::Progress(std::ostream& out, Settings settings) : out_(out), settings_(std::move(settings)) {}

double Progress::done_epochs(int64_t step) const {
  return static_cast<double>(epoch_) + static_cast<double>(step) / static_cast<double>(steps_);
}

void Progress::start_epoch(int64_t epoch, int64_t epochs, int64_t steps) {
  if (!settings_.enabled) return;
  epoch_ = epoch, epochs_ = epochs, steps_ = std::max<int64_t>(steps, 1);
  if (first_epoch_ < 0) {
    first_epoch_ = epoch;
    start_time_ = settings_.now();
  }
}

void Progress::update(int64_t step, double loss) {
  constexpr double kInterval = 0.1;
  if (!settings_.enabled) return;
  const double now = settings_.now();
  if (now < next_draw_) return;
  next_draw_ = now + kInterval;
  drawn_ = true;

  const double done = done_epochs(step) - static_cast<double>(first_epoch_);
  const double left = static_cast<double>(epochs_ - first_epoch_) - done;
  out_ << kEraseLine << "epoch " << epoch_ + 1 << "/" << epochs_ << " " << bar(step, steps_, settings_.color)
       << " loss " << format_real(loss, 4);
  if (done > 0) out_ << " ETA " << format_duration((now - start_time_) / done * left);
  out_ << std::flush;
}

void Progress::clear() {
  if (!drawn_) return;
  out_ << kEraseLine << std::flush;
  drawn_ = false;
}

StageProgress::StageProgress(std::ostream& out, Progress::Settings settings, std::string what)
    : out_(out), settings_(std::move(settings)), what_(std::move(what)) {}

void StageProgress::update(int64_t done, int64_t total) {
  const bool bars = settings_.enabled;
  if (!bars && !settings_.lines) return;
  const double now = settings_.now();
  if (done <= 0 || done >= total) {
    clear();
    start_time_ = now;
    next_time_ = now + (bars ? 0.5 : 2);
  } else if (now >= next_time_) {
    next_time_ = now + (bars ? 0.1 : 10);
    drawn_ = bars;
    const double left = (now - start_time_) / static_cast<double>(done) * static_cast<double>(total - done);
    out_ << (bars ? kEraseLine : "") << what_ << (bars ? " " + bar(done, total, settings_.color) : ": ")
         << (bars ? "" : percent(done, total)) << " of " << total << (bars ? " ETA " : ", ETA ")
         << format_duration(left) << (bars ? "" : "\n") << std::flush;
  }
}

void StageProgress::clear() {
  if (drawn_) out_ << kEraseLine << std::flush;
  drawn_ = false;
}

ShowProgress show_progress(const Options& options, const std::string& what) {
  const bool quiet = (options.has("quiet") && options.get_switch("quiet")) ||
                     (options.has("verbose") && options.get_int("verbose") != 1);
  const auto stage = std::make_shared<StageProgress>(std::cerr, Progress::for_stderr(quiet), what);
  return [stage](int64_t done, int64_t total) { stage->update(done, total); };
}

}  // namespace hmem
