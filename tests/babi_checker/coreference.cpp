#include <stdexcept>

#include "babi_checker/checker.h"

namespace hmem::test::babi_checker {

std::unique_ptr<Checker> basic_coreference() { throw std::runtime_error("not there yet"); }
std::unique_ptr<Checker> conjunction() { throw std::runtime_error("not there yet"); }
std::unique_ptr<Checker> compound_coreference() { throw std::runtime_error("not there yet"); }

}  // namespace hmem::test::babi_checker
