#pragma once
/// \file parallel.h
/// The one place that knows about threads.
///
/// Rule of the library: a parallel loop runs over independent outputs, and everything that a sum depends on (chunk
/// sizes, order of addition) is fixed by the problem, never by the number of threads. Results are therefore the same
/// bits for any number of threads.

#include <cstdint>
#include <string>

namespace hmem {

/// Largest number of threads that parallel loops use (always 1 in a build with THREADS=0); 0: `default_threads()`.
/// Throws Error outside of 0..1024.
void set_num_threads(int count);
/// Threads that the next parallel loop uses; a ThreadPacer may set it below `max_threads()`.
int num_threads();
/// What set_num_threads() chose.
int max_threads();

/// Processors that this process may use: its affinity and cpuset, the quota of its control groups (a container's
/// limit of 1.5 processors counts as 2), and OMP_THREAD_LIMIT.
int available_threads();
/// Number of processors that the quotas of the control groups in `root`/proc/self/cgroup allow, versions 1 and 2; 0:
/// no quota. `root` is empty, but for tests.
int quota_of_control_groups(const std::string& root = "");
/// OMP_NUM_THREADS or else SLURM_CPUS_PER_TASK if one is set, but at most `available_threads()`; else that number, at
/// most 16.
int default_threads();
/// "own pool" or "none (one thread)".
std::string threading_name();

namespace detail {
using Piece = void (*)(const void* body, int64_t begin, int64_t end);
/// piece(body, begin, end) for pieces of [0, n), `grain` long, on num_threads() threads (thread_pool.h).
void run_pieces(int64_t n, int64_t grain, Piece piece, const void* body);
bool in_parallel();
}  // namespace detail

/// Calls `body(i)` for i in [0, n), distributed dynamically in pieces of `grain`. Runs in order on the calling thread
/// when there is one thread, at most `grain` of work, or when called from inside another parallel loop. When a `body`
/// throws (out of memory), one of the exceptions leaves the loop after all threads have ended.
template <typename Body>
void parallel_for(int64_t n, int64_t grain, const Body& body) {
  if (num_threads() > 1 && n > grain && !detail::in_parallel()) {
    const auto piece = [](const void* of, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) (*static_cast<const Body*>(of))(i);
    };
    return detail::run_pieces(n, grain, piece, &body);
  }
  for (int64_t i = 0; i < n; ++i) body(i);
}

/// Chooses between one thread and all of them by comparing how fast equal pieces of work are done. Where other programs
/// compete for the processors, a loop may wait for a thread that is not scheduled, and two threads may be several times
/// slower than one. The system counts such interruptions (involuntary context switches); without them, all threads are
/// used and nothing is tried.
class PaceRule {
 public:
  PaceRule(bool all_threads, double now) : all_(all_threads), window_start_(now) {}

  /// After a piece of work that ended at `now` (in seconds): `interruptions` of the process so far. Returns whether the
  /// next piece should use all threads.
  bool next(double now, int64_t interruptions);
  /// The next piece begins at `now`; time before that does not count.
  void restart(double now, int64_t interruptions);

 private:
  bool all_;
  bool trial_ = false;   // the other choice is being tried
  double window_start_;  // of the pieces that are being counted
  int64_t pieces_ = 0;
  int64_t interruptions_ = 0;
  double rate_ = 0;  // pieces per second before the trial
  double next_trial_ = 0;
  double patience_ = 1;  // seconds until the next trial
};

/// Applies PaceRule to `num_threads()`: call `tick()` after every batch of a long loop. Results do not depend on it.
class ThreadPacer {
 public:
  ThreadPacer();
  void tick();
  /// Something else has been done since the last batch.
  void restart();

 private:
  PaceRule rule_;
};

}  // namespace hmem
