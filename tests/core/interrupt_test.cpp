#include "hmem/core/interrupt.h"

#include <csignal>
#include <cstring>

#include "catch.h"
#include "hmem/core/check.h"

using namespace hmem;

namespace {
volatile std::sig_atomic_t outer = 0;
extern "C" void hmem_test_outer_handler(int signal) { outer = signal; }
}  // namespace

TEST_CASE("signals are recorded while the guard is alive, then go to the previous handler", "[interrupt]") {
  for (const int signal : {SIGTERM, SIGHUP}) {
    outer = 0;
    const auto old = std::signal(signal, hmem_test_outer_handler);
    for (int i = 0; i < 2; ++i) {
      const InterruptGuard guard;
      CHECK(guard.signal() == 0);
      std::raise(signal);
      CHECK(guard.signal() == signal);
      CHECK(outer == 0);
      CHECK_THROWS_AS(InterruptGuard(), Error);
    }
    std::raise(signal);
    CHECK(outer == signal);
    std::signal(signal, old);
  }
}

TEST_CASE("an ignored signal stays ignored", "[interrupt]") {
  const auto old = std::signal(SIGINT, SIG_IGN);
  {
    const InterruptGuard guard;
    std::raise(SIGINT);
    CHECK(guard.signal() == 0);
  }
  std::signal(SIGINT, old);
}

TEST_CASE("names and exit codes of signals", "[interrupt]") {
  CHECK(exit_code_of_signal(SIGINT) == 130);
  CHECK(exit_code_of_signal(SIGTERM) == 143);
  CHECK(exit_code_of_signal(SIGHUP) == 129);
  CHECK(std::strcmp(signal_name(SIGINT), "SIGINT") == 0);
  CHECK(std::strcmp(signal_name(SIGTERM), "SIGTERM") == 0);
  CHECK(std::strcmp(signal_name(SIGHUP), "SIGHUP") == 0);
}
