#include "support/golden_qa.h"

using namespace hmem;
using hmem::test::golden_qa_cases;
using hmem::test::GoldenQa;

// Adam divides a gradient by its own size, so that one of the size of its rounding error moves its weight by a full
// step either way: parameters after ten steps agree less closely than the gradients do.
TEST_CASE("the model trains like the independent program, single precision", "[golden]") {
  for (const std::string& name : golden_qa_cases()) {
    DYNAMIC_SECTION(name) { GoldenQa(name).compare({1e-5, 1e-4, 1e-5, 4e-3}); }
  }
}
