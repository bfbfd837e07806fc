#include "hmem/core/parallel.h"

#include <sched.h>

#include <algorithm>
#include <thread>

#include "hmem/core/check.h"

namespace hmem {

namespace {
int g_threads = 1;  // a setting of the process, like the locale; no result depends on it
}

int available_threads() {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1u, std::thread::hardware_concurrency());
}

void set_num_threads(int count) {
  HMEM_CHECK(count >= 0 && count <= 1024, "the number of threads must be in 0..1024, found ", count);
#ifdef _OPENMP
  constexpr int kMaxDefault = 16;
  g_threads = count > 0 ? count : std::min(available_threads(), kMaxDefault);
#endif
}

int num_threads() { return g_threads; }

std::string threading_name() {
#ifdef _OPENMP
  // The macro is the month of the specification.
  return _OPENMP >= 202111   ? "OpenMP 5.2"
         : _OPENMP >= 202011 ? "OpenMP 5.1"
         : _OPENMP >= 201811 ? "OpenMP 5.0"
         : _OPENMP >= 201511 ? "OpenMP 4.5"
                             : "OpenMP before 4.5";
#else
  return "none (one thread)";
#endif
}

}  // namespace hmem
