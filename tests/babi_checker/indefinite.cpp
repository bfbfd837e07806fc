#include <stdexcept>

#include "babi_checker/checker.h"

namespace hmem::test::babi_checker {

std::unique_ptr<Checker> indefinite_knowledge() { throw std::runtime_error("not there yet"); }

}  // namespace hmem::test::babi_checker
