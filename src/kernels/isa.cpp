#include "hmem/kernels/isa.h"

#include <cstdlib>

#include "hmem/core/check.h"
#include "kernels/simd/simd.h"

namespace hmem {

namespace {

/// Sets that this processor can run, best last.
std::vector<const SimdKernels*> available() {
  std::vector<const SimdKernels*> sets = {&simd_generic};
#ifdef HMEM_X86_SETS
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    sets.push_back(&simd_avx2);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl")) {
      sets.push_back(&simd_avx512);
    }
  }
#endif
  return sets;
}

const SimdKernels* find_set(const std::string& name, const std::string& where) {
  std::string names;
  for (const SimdKernels* set : available()) {
    if (name == set->name) return set;
    names += (names.empty() ? "" : ", ") + std::string(set->name);
  }
  fail(where, ": no kernel set '", name, "' here, expected one of: ", names);
}

const SimdKernels* initial_set() {
  const char* forced = std::getenv("HMEM_KERNELS");
  return forced && *forced ? find_set(forced, "HMEM_KERNELS") : available().back();
}

const SimdKernels*& current() {
  static const SimdKernels* set = initial_set();
  return set;
}

}  // namespace

const SimdKernels& simd() { return *current(); }

std::vector<std::string> available_kernel_sets() {
  std::vector<std::string> names;
  for (const SimdKernels* set : available()) names.emplace_back(set->name);
  return names;
}

void select_kernel_set(const std::string& name) { current() = find_set(name, "kernels"); }

std::string kernel_set_name() { return simd().name; }

}  // namespace hmem
