// What one thread without files and exceptions has in place of src/core/parallel.cpp and the C++ runtime.

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <typeinfo>

#include "hmem/core/parallel.h"

namespace hmem {

int num_threads() { return 1; }
int max_threads() { return 1; }
bool detail::in_parallel() { return false; }
void detail::run_pieces(int64_t n, int64_t /*grain*/, Piece piece, const void* body) { piece(body, 0, n); }
ThreadPacer::ThreadPacer() : rule_(false, 0) {}
void ThreadPacer::tick() {}
void ThreadPacer::restart() {}

}  // namespace hmem

extern "C" {

/// Of the page: shows the message and does not return.
[[noreturn]] __attribute__((import_module("page"), import_name("fail"))) void page_fail(const char* message);

// An exception cannot be caught here: its text goes to the page. All that the library throws is a std::exception.
void* __cxa_allocate_exception(size_t bytes) { return std::malloc(bytes); }
void __cxa_free_exception(void* object) { std::free(object); }
void __cxa_throw(void* object, std::type_info* /*type*/, void (* /*destroy*/)(void*)) {
  page_fail(static_cast<std::exception*>(object)->what());
}
// Nothing ends this program.
int __cxa_thread_atexit(void (* /*destroy*/)(void*), void* /*object*/, void* /*library*/) { return 0; }

}  // extern "C"
