// Any bytes are either a safetensors file or an hmem::Error: nothing else may come out of the reader.
//
// With libFuzzer:     clang++ ... -fsanitize=fuzzer,address
// Without it:         -DHMEM_FUZZ_STANDALONE; the program mutates its own seeds; its argument is the time in seconds.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hmem/core/check.h"
#include "hmem/core/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    hmem::parse_safetensors({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const hmem::Error&) {
  }
  return 0;
}

#ifdef HMEM_FUZZ_STANDALONE

#include "fuzz/standalone.h"
#include "support/safetensors_bytes.h"

int main(int argc, char** argv) {
  using hmem::test::safetensors_bytes;
  return hmem::test::fuzz_standalone(
      argc, argv,
      {safetensors_bytes("{}"), safetensors_bytes(R"({"__metadata__":{"words":"a b \u00e9","epoch":"3"}})"),
       safetensors_bytes(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "12345678"),
       safetensors_bytes(R"({"b":{"dtype":"F16","shape":[1,2,1],"data_offsets":[4,8]},)"
                         R"("a":{"dtype":"I32","shape":[],"data_offsets":[0,4]}})",
                         "12345678"),
       safetensors_bytes(R"({"a":{"dtype":"I64","shape":[0,3],"data_offsets":[0,0]},)"
                         R"("b":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})",
                         "12345678")});
}

#endif
