#pragma once
/// \file parallel.h
/// The one place that knows about threads.
///
/// Rule of the library: a parallel loop runs over independent outputs, and everything that a sum depends on (chunk
/// sizes, order of addition) is fixed by the problem, never by the number of threads. Results are therefore the same
/// bits for any number of threads.

#include <cstdint>
#include <exception>
#include <string>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace hmem {

/// Threads that parallel loops use (always 1 in a build without OpenMP); 0: one per processor, at most 16. Throws Error
/// outside of 0..1024.
void set_num_threads(int count);
int num_threads();
/// Processors that this process may run on (affinity and cpusets included).
int available_threads();
/// "OpenMP 4.5" or "none (one thread)".
std::string threading_name();

namespace detail {
inline bool in_parallel() {
#ifdef _OPENMP
  return omp_in_parallel() != 0;
#else
  return false;
#endif
}
}  // namespace detail

/// Number of the calling thread inside a parallel loop, in [0, num_threads()); 0 outside.
inline int thread_index() {
#ifdef _OPENMP
  return omp_get_thread_num();
#else
  return 0;
#endif
}

/// Calls `body(i)` for i in [0, n), distributed dynamically in pieces of `grain`. Runs in order on the calling thread
/// when there is one thread, at most `grain` of work, or when called from inside another parallel loop. When a `body`
/// throws (out of memory), one of the exceptions leaves the loop after all threads have ended.
template <typename Body>
void parallel_for(int64_t n, [[maybe_unused]] int64_t grain, const Body& body) {
  [[maybe_unused]] const int threads = num_threads();
#ifdef _OPENMP
  if (threads > 1 && n > grain && !detail::in_parallel()) {
    std::exception_ptr error;
#pragma omp parallel for num_threads(threads) schedule(dynamic, grain)
    for (int64_t i = 0; i < n; ++i) {
      try {
        body(i);
      } catch (...) {
#pragma omp critical(hmem_parallel_for_error)
        error = std::current_exception();
      }
    }
    if (error) std::rethrow_exception(error);
    return;
  }
#endif
  for (int64_t i = 0; i < n; ++i) body(i);
}

}  // namespace hmem
