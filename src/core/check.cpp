#include "hmem/core/check.h"

namespace hmem::detail {

void check_failed(const char* condition, const char* function, const std::string& message) {
  if (message.empty()) throw Error(join_text(function, ": expected ", condition));
  throw Error(message);
}

}  // namespace hmem::detail
