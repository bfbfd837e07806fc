#include "hmem/core/check.h"

#include <cerrno>
#include <cstring>

namespace hmem::detail {

void check_failed(const char* condition, const char* function, const std::string& message) {
  if (message.empty()) throw Error(join_text(function, ": expected ", condition));
  throw Error(message);
}

}  // namespace hmem::detail

namespace hmem {

void fail_system(int error, const std::string& message) {
  const std::string text = message + ": " + std::strerror(error);
  if (error == EMFILE || error == ENFILE || error == EAGAIN || error == ENOMEM) throw ShortageError(text);
  throw Error(text);
}

}  // namespace hmem
