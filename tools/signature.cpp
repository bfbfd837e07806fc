// Prints one line per model: a hash of its parameters after 20 training steps with the built-in GEMM. Two builds that
// print the same compute the same, bit for bit.

#include "hmem/tasks/signature.h"

#include <iostream>

#include "hmem/core/hash.h"
#include "hmem/core/program.h"
#include "hmem/kernels/blas.h"

int main(int argc, char** argv) {
  hmem::Options options("hmem_signature", "Prints a hash of what 20 training steps of each model compute.");
  return hmem::run_program(argc, argv, options, [](const hmem::Options&) {
    hmem::select_gemm_backend(hmem::GemmBackend::builtin);
    std::cout << "hmem_qa " << hmem::hash_text(hmem::hmem_qa_signature()) << std::endl;
    std::cout << "hmem_image " << hmem::hash_text(hmem::hmem_image_signature()) << std::endl;
    std::cout << "lstm_image " << hmem::hash_text(hmem::lstm_image_signature()) << std::endl;
    return 0;
  });
}
