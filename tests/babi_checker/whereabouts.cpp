#include <stdexcept>

#include "babi_checker/checker.h"

namespace hmem::test::babi_checker {

std::unique_ptr<Checker> single_supporting_fact() { throw std::runtime_error("not there yet"); }
std::unique_ptr<Checker> yes_no_questions() { throw std::runtime_error("not there yet"); }

}  // namespace hmem::test::babi_checker
