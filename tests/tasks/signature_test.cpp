#include "hmem/tasks/signature.h"

#include "catch.h"
#include "hmem/core/hash.h"
#include "support/runtime_guard.h"

using namespace hmem;

namespace {

/// What `make signature` prints. After an intended change of the arithmetic: put the new value here and say why.
const char kPinned[] = "0f6d2d5961fa4cbc", kPinnedHMemImage[] = "5c92197fa23b43c7",
           kPinnedLstmImage[] = "f3b9343e8dd8f11d";

}  // namespace

TEST_CASE("20 training steps leave the same bits on every kernel set and number of threads", "[signature][equiv]") {
  const hmem::test::RuntimeGuard guard;
  select_gemm_backend(GemmBackend::builtin);
  int threads = 1;
  for (const std::string& kernels : available_kernel_sets()) {
    select_kernel_set(kernels);
    set_num_threads(threads);
    INFO(kernels << " kernels, " << threads << " threads");
    CHECK(hash_text(hmem_qa_signature()) == kPinned);
    CHECK(hash_text(hmem_image_signature()) == kPinnedHMemImage);
    CHECK(hash_text(lstm_image_signature()) == kPinnedLstmImage);
    ++threads;
  }
}
