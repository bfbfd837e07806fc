// The checker itself: correct gradients pass, wrong ones are caught.

#include "hmem/autodiff/grad_check.h"

#include <algorithm>
#include <limits>
#include <string>

#include "catch.h"
#include "checked.h"
#include "hmem/core/check.h"

namespace hmem {
namespace {

using Adjoint = void (*)(real* dx, const real* x, const real* dy, int64_t n);

/// y = x^3 with the given adjoint; correct is dx += 3 x^2 dy.
Var cube(Var x, Adjoint adjoint) {
  static const Op op("test.cube");
  const int64_t n = x.count();
  const Var out = x.tape().record(op, x.shape(), {x}, [=](Var y) { adjoint(x.grad(), x.data(), y.grad(), n); });
  for (int64_t i = 0; i < n; ++i) out.data()[i] = x.data()[i] * x.data()[i] * x.data()[i];
  return out;
}

template <int kPercent>
void scaled(real* dx, const real* x, const real* dy, int64_t n) {
  for (int64_t i = 0; i < n; ++i) dx[i] += real(kPercent) / 100 * 3 * x[i] * x[i] * dy[i];
}

GradReport check_cube(Adjoint adjoint) {
  test::Checked checked(5);
  Parameter& x = checked.parameter("x", {12});
  return checked.check([&](Tape& t) { return cube(t.leaf(x), adjoint); });
}

TEST_CASE("the checker passes a correct adjoint", "[grad]") {
  const GradReport report = check_cube(scaled<100>);
  CAPTURE(report.problem);
  CHECK(report.ok());
  CHECK(report.worst_error < 1e-8);
}

TEST_CASE("the checker catches wrong adjoints", "[grad]") {
  const auto problem = [](Adjoint adjoint) { return check_cube(adjoint).problem; };
  const auto has = [](const std::string& text, const char* part) { return text.find(part) != std::string::npos; };

  CHECK(has(problem(scaled<101>), "x: derivative"));
  CHECK(has(problem(scaled<-100>), "x: derivative"));
  CHECK(has(problem([](real* dx, const real* x, const real* dy, int64_t n) {  // one element is forgotten
              scaled<100>(dx, x, dy, n - 1);
            }),
            "x: derivative"));
  CHECK(has(problem([](real* dx, const real* x, const real* dy, int64_t n) {  // 3 x^2 without the 2
              for (int64_t i = 0; i < n; ++i) dx[i] += 3 * x[i] * dy[i];
            }),
            "x: derivative"));
  CHECK(has(problem([](real* dx, const real* x, const real*, int64_t n) {  // as if the loss were a plain sum
              for (int64_t i = 0; i < n; ++i) dx[i] += 3 * x[i] * x[i];
            }),
            "x: derivative"));
  CHECK(has(problem([](real* dx, const real* x, const real* dy, int64_t n) {
              for (int64_t i = 0; i < n; ++i) dx[i] = 3 * x[i] * x[i] * dy[i];
            }),
            "x: the backward pass does not add"));
  CHECK(has(problem([](real*, const real*, const real*, int64_t) {}), "x: the gradient is zero everywhere"));
  CHECK(has(problem([](real* dx, const real*, const real*, int64_t n) {
              std::fill_n(dx, n, std::numeric_limits<real>::quiet_NaN());
            }),
            "x: derivative nan"));
}

TEST_CASE("the checker catches an operation that does not write all of its output", "[grad]") {
  static const Op op("test.half_written");
  test::Checked checked(6);
  Parameter& p = checked.parameter("x", {12});
  const GradReport report = checked.check([&](Tape& t) {
    const Var x = t.leaf(p);
    const Var out = t.record(op, x.shape(), {x}, [=](Var y) {
      for (int64_t i = 0; i < 6; ++i) x.grad()[i] += 2 * y.grad()[i];
    });
    for (int64_t i = 0; i < 6; ++i) out.data()[i] = 2 * x.data()[i];
    return out;
  });
  CHECK(report.problem.rfind("the loss is nan", 0) == 0);
}

TEST_CASE("the checker catches a wrong gradient beside much larger correct ones", "[grad]") {
  test::Checked checked(7);
  Parameter &large = checked.parameter("large", {8}, 100), &small = checked.parameter("small", {8}, 1e-3);
  const GradReport report =
      checked.check([&](Tape& t) { return add(cube(t.leaf(large), scaled<100>), cube(t.leaf(small), scaled<99>)); });
  CHECK(report.problem.rfind("small: ", 0) == 0);
}

TEST_CASE("the checker leaves the values unchanged", "[grad]") {
  test::Checked checked(8);
  Parameter& x = checked.parameter("x", {8});
  const Tensor before = x.value.clone();
  REQUIRE(checked.check([&](Tape& t) { return cube(t.leaf(x), scaled<100>); }).ok());
  CHECK(std::equal(before.begin(), before.end(), x.value.begin()));
}

TEST_CASE("the checker refuses settings that check nothing", "[grad]") {
  test::Checked checked(9);
  Parameter& x = checked.parameter("x", {8});
  const LossFunction loss = [&](Tape& t) { return l2_penalty({t.leaf(x)}, 1); };
  CHECK_THROWS_AS(check_gradients({}, loss), Error);
  GradCheckSettings settings;
  settings.directions = 0;
  CHECK_THROWS_AS(check_gradients({&x}, loss, settings), Error);
}

}  // namespace
}  // namespace hmem
