#include "support/golden_qa.h"

using namespace hmem;
using hmem::test::golden_qa_cases;
using hmem::test::GoldenQa;

TEST_CASE("the model trains like the independent program, double precision", "[golden]") {
  for (const std::string& name : golden_qa_cases()) {
    DYNAMIC_SECTION(name) { GoldenQa(name).compare({1e-9, 1e-9, 1e-9, 1e-9}); }
  }
}
