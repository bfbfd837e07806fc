#include <stdexcept>

#include "babi_checker/checker.h"

namespace hmem::test::babi_checker {

std::unique_ptr<Checker> two_supporting_facts() { throw std::runtime_error("not there yet"); }
std::unique_ptr<Checker> three_supporting_facts() { throw std::runtime_error("not there yet"); }

}  // namespace hmem::test::babi_checker
