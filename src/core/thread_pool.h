#pragma once
/// \file thread_pool.h
/// Threads that help with the loops of parallel_for.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>

namespace hmem {

/// A loop is cut into pieces that its caller and the helpers take in turn. The caller waits only for helpers that have
/// taken a piece, never for one that the system has not scheduled: beside other busy programs a loop takes hardly
/// longer than on one thread. Helpers without work look for the next loop for a moment, then they sleep.
class ThreadPool {
 public:
  using Piece = void (*)(const void* body, int64_t begin, int64_t end);

  /// Calls piece(body, begin, end) for consecutive [begin, end) of [0, n), `grain` long, on the calling thread and up
  /// to `helpers` others, fewer when the system gives no more, and none when they help another caller. One of the
  /// exceptions of the pieces leaves it, after all have ended.
  void run(int helpers, int64_t n, int64_t grain, Piece piece, const void* body);

  /// Of the process; never destroyed, because threads use it until the process ends.
  static ThreadPool& instance();

 private:
  void help(int number);
  void work();
  void start(int helpers);
  void wait_for_helpers();

  // The number of the loop in the upper half; below, kOpen while pieces may be left, and the helpers inside.
  static constexpr uint64_t kNextLoop = uint64_t{1} << 32, kOpen = uint64_t{1} << 31, kHelpers = kOpen - 1;
  alignas(64) std::atomic<uint64_t> state_{0};
  alignas(64) std::atomic<int64_t> next_{0};  // first index that nobody has taken
  // The loop: written while it is not open and no helper is inside.
  int64_t n_ = 0, grain_ = 1;
  Piece piece_ = nullptr;
  const void* body_ = nullptr;
  int helpers_ = 0;  // that may help

  std::mutex caller_;  // of whoever has the helpers
  std::mutex mutex_;
  std::condition_variable opened_, left_;
  std::atomic<int> asleep_{0};
  std::atomic<bool> caller_asleep_{false};
  std::exception_ptr error_;  // guarded by mutex_
  int started_ = 0;           // helpers; guarded by caller_
};

/// Whether this thread is inside of a loop's body.
bool& inside_parallel_loop();

}  // namespace hmem
