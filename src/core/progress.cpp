#include "hmem/core/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "hmem/core/text.h"

namespace hmem {

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
  constexpr int64_t kWidth = 20;
  if (!settings_.enabled) return;
  const double now = settings_.now();
  if (now < next_draw_) return;
  next_draw_ = now + kInterval;
  drawn_ = true;

  const double done = done_epochs(step) - static_cast<double>(first_epoch_);
  const double left = static_cast<double>(epochs_ - first_epoch_) - done;
  const int64_t filled = std::clamp<int64_t>(kWidth * step / steps_, 0, kWidth);
  const std::string percent = std::to_string(100 * step / steps_);
  out_ << "\r\033[K"
       << "epoch " << epoch_ + 1 << "/" << epochs_ << " [" << (settings_.color ? "\033[32m" : "")
       << std::string(static_cast<size_t>(filled), '#') << (settings_.color ? "\033[0m" : "")
       << std::string(static_cast<size_t>(kWidth - filled), '.') << "] "
       << std::string(percent.size() < 3 ? 3 - percent.size() : 0, ' ') << percent << "% loss " << format_real(loss, 4);
  if (done > 0) out_ << " ETA " << format_duration((now - start_time_) / done * left);
  out_ << std::flush;
}

void Progress::clear() {
  if (!drawn_) return;
  out_ << "\r\033[K" << std::flush;
  drawn_ = false;
}

}  // namespace hmem
