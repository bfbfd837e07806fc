#include "hmem/core/parallel.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/thread_pool.h"
#include "hmem/core/check.h"
#include "hmem/core/text.h"
#include "hmem/core/timer.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

// Settings of the process, like the locale; no result depends on them.
int g_max_threads = 1;
int g_threads = 1;

/// First number of an environment variable (OMP_NUM_THREADS may be a list); 0: not set, or no number.
int number_in_environment(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return 0;
  const std::string first = split_at_commas(text).front();
  const auto number = parse_number<int>(first);
  return number && *number > 0 ? *number : 0;
}

/// Smaller of two limits, where 0 is none.
int tighter(int a, int b) { return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b); }

/// Whole processors for `quota` of every `period` microseconds; 0: no limit.
int processors(double quota, double period) {
  return quota > 0 && period > 0 ? std::max(1, static_cast<int>(std::min(std::ceil(quota / period), 1e6))) : 0;
}

double number_in_file(const fs::path& file) {
  double number = 0;
  std::ifstream(file) >> number;  // stays 0 without a file: no limit
  return number;
}

int quota_of_version_1(const fs::path& group) {
  return processors(number_in_file(group / "cpu.cfs_quota_us"), number_in_file(group / "cpu.cfs_period_us"));
}

int quota_of_version_2(const fs::path& group) {
  std::string quota;  // "max" or a number
  double period = 0;
  std::ifstream(group / "cpu.max") >> quota >> period;
  return processors(parse_number<double>(quota).value_or(0), period);
}

}  // namespace

int quota_of_control_groups(const std::string& root) {
  int quota = 0;
  const fs::path mounts = root + "/sys/fs/cgroup";
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "0::/path" or "4:cpu,cpuacct:/path"
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool version_2 = controllers.empty();
    if (!version_2 && !contains(split_at_commas(controllers), "cpu")) continue;
    // Inside a container the path may be that of the host: then the group is the mount itself.
    const fs::path mount = version_2 ? mounts : mounts / controllers;
    fs::path below = line.substr(second + 1);
    for (;;) {
      const fs::path group = mount / below.relative_path();
      quota = tighter(quota, version_2 ? quota_of_version_2(group) : quota_of_version_1(group));
      if (!below.has_relative_path()) break;
      below = below.parent_path();
    }
  }
  return quota;
}

int available_threads() {
  int processors = static_cast<int>(std::thread::hardware_concurrency());
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) processors = CPU_COUNT(&set);
#endif
  return std::max(1,
                  tighter(tighter(processors, quota_of_control_groups()), number_in_environment("OMP_THREAD_LIMIT")));
}

int default_threads() {
  constexpr int kMaxDefault = 16;
  const int openmp = number_in_environment("OMP_NUM_THREADS"), slurm = number_in_environment("SLURM_CPUS_PER_TASK");
  const int wanted = openmp > 0 ? openmp : slurm > 0 ? slurm : kMaxDefault;
  return std::min(wanted, available_threads());
}

void set_num_threads(int count) {
  HMEM_CHECK(count >= 0 && count <= 1024, "the number of threads must be in 0..1024, found ", count);
#ifndef HMEM_ONE_THREAD
  g_threads = g_max_threads = count > 0 ? count : default_threads();
#endif
}

int num_threads() { return g_threads; }
int max_threads() { return g_max_threads; }

std::string threading_name() {
#ifndef HMEM_ONE_THREAD
  return "own pool";
#else
  return "none (one thread)";
#endif
}

void detail::run_pieces(int64_t n, int64_t grain, Piece piece, const void* body) {
  ThreadPool::instance().run(num_threads() - 1, n, grain, piece, body);
}

bool detail::in_parallel() { return inside_parallel_loop(); }

bool PaceRule::next(double now, int64_t interruptions) {
  constexpr double kWindow = 0.2;      // seconds; one piece at least
  constexpr double kInterrupted = 20;  // per second: others use the processors, too
  constexpr double kGain = 1.2;        // by which all threads must be faster than one
  constexpr double kMaxPatience = 16;
  ++pieces_;
  const double seconds = now - window_start_;
  if (seconds < kWindow) return all_ != trial_;
  const double rate = static_cast<double>(pieces_) / seconds;
  const bool busy = static_cast<double>(interruptions - interruptions_) > kInterrupted * seconds;
  restart(now, interruptions);
  if (!trial_) {
    rate_ = rate;
    trial_ = now >= next_trial_ && (busy || !all_);
    return all_ != trial_;
  }
  trial_ = false;
  const bool all_is_better = all_ ? rate_ > kGain * rate : rate > kGain * rate_;
  // The same choice again may wait longer for its next trial; a new one is verified soon.
  patience_ = all_is_better == all_ ? std::min(2 * patience_, kMaxPatience) : 1;
  constexpr double kRare = 20;  // a trial that turned out slower must not cost more than 1 / kRare of the time
  next_trial_ = now + (all_is_better == all_ || all_ ? std::max(patience_, kRare * seconds) : 0);
  all_ = all_is_better;
  return all_;
}

void PaceRule::restart(double now, int64_t interruptions) {
  window_start_ = now;
  pieces_ = 0;
  interruptions_ = interruptions;
}

namespace {

int64_t interruptions_of_process() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_nivcsw;
}

}  // namespace

ThreadPacer::ThreadPacer() : rule_(g_threads == g_max_threads, steady_seconds()) { restart(); }

void ThreadPacer::tick() {
  if (g_max_threads == 1) return;
  g_threads = rule_.next(steady_seconds(), interruptions_of_process()) ? g_max_threads : 1;
}

void ThreadPacer::restart() { rule_.restart(steady_seconds(), interruptions_of_process()); }

}  // namespace hmem
