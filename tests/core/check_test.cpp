#include "hmem/core/check.h"

#include <string>

#include "catch.h"
#include "hmem/core/shape.h"
#include "support/error_text.h"

namespace hmem {
namespace {

void needs_positive(int value) { HMEM_CHECK(value > 0, ""); }

TEST_CASE("a failed check reports its message", "[core][bad]") {
  const Shape found{2, 3};
  CHECK(test::error_text([&] { HMEM_CHECK(1 > 2, "found ", found, ", expected ", 0.5); }) ==
        "found [2, 3], expected 0.5");
  CHECK(test::error_text([] { needs_positive(0); }) == "needs_positive: expected value > 0");
  CHECK(test::error_text([] { fail("a ", 1, ' ', "b"); }) == "a 1 b");
}

TEST_CASE("a passing check evaluates its condition once and no message", "[core]") {
  int evaluations = 0, messages = 0;
  HMEM_CHECK(++evaluations == 1, ++messages);
  CHECK(evaluations == 1);
  CHECK(messages == 0);
  if (evaluations == 0)
    HMEM_CHECK(false, "the macro is one statement");
  else
    ++evaluations;
  CHECK(evaluations == 2);
}

TEST_CASE("a usage error is an error of its own type", "[core]") {
  CHECK_THROWS_AS([] { throw UsageError("flag"); }(), Error);
  CHECK_THROWS_AS([] { throw UsageError("flag"); }(), std::runtime_error);
  CHECK_THROWS_WITH(fail("text"), "text");
}

}  // namespace
}  // namespace hmem
