#include "hmem/kernels/isa.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string>

#include "catch.h"
#include "hmem/core/check.h"
#include "kernels/simd/simd.h"
#include "support/error_text.h"
#include "support/settings.h"

namespace hmem {
namespace {

TEST_CASE("kernel sets: generic is always there, a set is in use once it is selected", "[kernel]") {
  const auto sets = available_kernel_sets();
  REQUIRE(sets.front() == "generic");
  for (const std::string& name : sets) {
    const test::UseKernels use(name);
    CHECK(kernel_set_name() == name);
  }
}

TEST_CASE("kernel sets: an unknown name is an error that lists the known ones", "[kernel][bad]") {
  const std::string before = kernel_set_name();
  const std::string text = test::error_text([] { select_kernel_set("sse9"); });
  CHECK(text.find("'sse9'") != std::string::npos);
  CHECK(text.find("generic") != std::string::npos);
  CHECK(kernel_set_name() == before);
}

// A table is an array of pointers, filled by name; a forgotten one is null.
TEST_CASE("kernel sets: every linked table has all kernels", "[kernel]") {
  const SimdKernels* const tables[] = {
      &simd_generic,
#ifdef HMEM_X86_SETS
      &simd_avx2,
      &simd_avx512,
#endif
  };
  for (const SimdKernels* table : tables) {
    const void* entries[sizeof(SimdKernels) / sizeof(void*)];
    static_assert(sizeof(entries) == sizeof(SimdKernels));
    std::memcpy(entries, table, sizeof(entries));
    const auto missing = std::find(std::begin(entries), std::end(entries), nullptr);
    INFO("table " << (table->name ? table->name : "without a name") << ", entry " << missing - std::begin(entries));
    CHECK(missing == std::end(entries));
  }
}

// Run by the test below in its own process, because the variable is read once.
TEST_CASE("says which kernel set is in use", "[.kernel_set]") {
  std::printf("kernel set in use: %s\n", kernel_set_name().c_str());
  SUCCEED();
}

/// What this program prints with HMEM_KERNELS=`value`.
std::string with_variable(const std::string& value) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command = "HMEM_KERNELS='" + value + "' '" + program + "' '[.kernel_set]' 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  pclose(pipe);
  return text;
}

TEST_CASE("HMEM_KERNELS chooses the kernel set at startup", "[kernel][bad]") {
  if (!std::filesystem::exists("/proc/self/exe")) return;
  for (const std::string& name : available_kernel_sets()) {
    const std::string text = with_variable(name);
    CAPTURE(name, text);
    CHECK(text.find("kernel set in use: " + name + "\n") != std::string::npos);
  }
  const std::string best = with_variable("");
  CHECK(best.find("kernel set in use: " + available_kernel_sets().back() + "\n") != std::string::npos);
  const std::string wrong = with_variable("sse9");
  CAPTURE(wrong);
  CHECK(wrong.find("kernel set in use") == std::string::npos);
  CHECK(wrong.find("HMEM_KERNELS: no kernel set 'sse9'") != std::string::npos);
}

}  // namespace
}  // namespace hmem
