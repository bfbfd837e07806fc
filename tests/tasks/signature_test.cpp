#include "hmem/tasks/signature.h"

#include <cstring>

#include "catch.h"
#include "hmem/core/hash.h"
#include "support/runtime_guard.h"

using namespace hmem;

namespace {

/// What `make signature` prints. After a wanted change of the arithmetic: put the new value here and say why.
const char kPinned[] = "0f6d2d5961fa4cbc", kPinnedHMemImage[] = "5c92197fa23b43c7",
           kPinnedLstmImage[] = "f3b9343e8dd8f11d";

}  // namespace

TEST_CASE("FNV-1a over the bytes of parameters and buffers, in order", "[signature]") {
  CHECK(value_hash({}, {}) == 0xcbf29ce484222325);
  Parameter parameter("p", {1});
  Buffer buffer("b", {1});
  std::memcpy(parameter.value.data(), "foob", 4);
  std::memcpy(buffer.value.data(), "ar12", 4);
  CHECK(value_hash({&parameter}, {&buffer}) == 0x7495bbeb4ef8b7cb);  // of "foobar12"
}

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
