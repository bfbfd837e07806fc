#include "core/thread_pool.h"

#include <csignal>
#include <system_error>
#include <thread>

#include "hmem/core/timer.h"

namespace hmem {

namespace {

/// Waiting costs less time than sleeping and waking while it is short, and takes a processor from other programs while
/// it is long.
constexpr double kPatience = 50e-6;  // seconds
constexpr int kLooks = 64;           // between two looks at the clock

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Whether `ready` became true within kPatience.
template <typename Ready>
bool wait_a_moment(const Ready& ready) {
  for (int look = 0; look < kLooks; ++look, pause()) {
    if (ready()) return true;
  }
  for (const double end = steady_seconds() + kPatience; steady_seconds() < end;) {
    for (int look = 0; look < kLooks; ++look, pause()) {
      if (ready()) return true;
    }
  }
  return false;
}

}  // namespace

bool& inside_parallel_loop() {
  thread_local bool inside = false;
  return inside;
}

ThreadPool& ThreadPool::instance() {
  static auto* const pool = new ThreadPool;
  return *pool;
}

void ThreadPool::run(int helpers, int64_t n, int64_t grain, Piece piece, const void* body) {
  const std::unique_lock caller(caller_, std::try_to_lock);
  if (!caller) return piece(body, 0, n);
  start(helpers);
  n_ = n, grain_ = grain, piece_ = piece, body_ = body, helpers_ = helpers;
  next_.store(0, std::memory_order_relaxed);
  // Sequentially consistent: either this thread sees that a helper sleeps, or the helper sees the open loop.
  state_.store(((state_.load(std::memory_order_relaxed) & ~(kNextLoop - 1)) + kNextLoop) | kOpen);
  if (asleep_.load() > 0) {
    { const std::lock_guard lock(mutex_); }  // a helper between its last look and its sleep holds it
    opened_.notify_all();
  }
  bool& inside = inside_parallel_loop();
  inside = true;
  work();
  inside = false;
  state_.fetch_and(~kOpen);
  wait_for_helpers();
  if (!error_) return;
  std::exception_ptr error;
  std::swap(error, error_);
  std::rethrow_exception(error);
}

/// Pieces until none is left.
void ThreadPool::work() {
  for (;;) {
    const int64_t begin = next_.fetch_add(grain_, std::memory_order_relaxed);
    if (begin >= n_) return;
    try {
      piece_(body_, begin, begin + grain_ < n_ ? begin + grain_ : n_);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      error_ = std::current_exception();
    }
  }
}

void ThreadPool::wait_for_helpers() {
  const auto alone = [this] { return (state_.load() & kHelpers) == 0; };
  if (wait_a_moment(alone)) return;
  std::unique_lock lock(mutex_);
  caller_asleep_ = true;
  left_.wait(lock, alone);
  caller_asleep_ = false;
}

/// The life of helper `number`.
void ThreadPool::help(int number) {
  inside_parallel_loop() = true;
  uint64_t last = 0;  // the loop that was seen last
  const auto is_new = [&] {
    const uint64_t state = state_.load();
    return (state & kOpen) != 0 && state / kNextLoop != last;
  };
  for (;;) {
    if (!wait_a_moment(is_new)) {
      std::unique_lock lock(mutex_);
      ++asleep_;
      opened_.wait(lock, is_new);
      --asleep_;
    }
    // Entering fails when the loop closed meanwhile.
    uint64_t state = state_.load();
    while ((state & kOpen) != 0 && !state_.compare_exchange_weak(state, state + 1)) {
    }
    if ((state & kOpen) == 0) continue;
    last = state / kNextLoop;
    if (number < helpers_) work();
    if ((state_.fetch_sub(1) & (kOpen | kHelpers)) == 1 && caller_asleep_) {  // closed, and this was the last one
      { const std::lock_guard lock(mutex_); }
      left_.notify_one();
    }
  }
}

void ThreadPool::start(int helpers) {
  while (started_ < helpers) {
    // Signals are for the thread that runs the program.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = true;
    try {
      std::thread(&ThreadPool::help, this, started_).detach();
    } catch (const std::system_error&) {  // no more threads: fewer helpers, the same results
      started = false;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (!started) return;
    ++started_;
  }
}

}  // namespace hmem
