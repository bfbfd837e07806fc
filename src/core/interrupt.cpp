#include "hmem/core/interrupt.h"

#include <csignal>
#include <cstddef>

#include "hmem/core/check.h"

namespace hmem {

namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
constexpr size_t kCount = sizeof(kSignals) / sizeof(kSignals[0]);

// A handler can only reach globals.
volatile std::sig_atomic_t caught = 0;
struct sigaction previous[kCount];
bool guarded = false;

extern "C" void hmem_remember_signal(int signal) { caught = signal; }

}  // namespace

InterruptGuard::InterruptGuard() {
  HMEM_CHECK(!guarded, "signals are caught already: there can be one InterruptGuard at a time");
  guarded = true;
  caught = 0;
  struct sigaction action {};
  action.sa_handler = hmem_remember_signal;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < kCount; ++i) {
    sigaction(kSignals[i], nullptr, &previous[i]);
    if (previous[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
  }
}

InterruptGuard::~InterruptGuard() {
  for (size_t i = 0; i < kCount; ++i) sigaction(kSignals[i], &previous[i], nullptr);
  guarded = false;
}

int InterruptGuard::signal() const { return caught; }

const char* signal_name(int signal) {
  switch (signal) {
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    case SIGHUP:
      return "SIGHUP";
    default:
      return "a signal";
  }
}

int exit_code_of_signal(int signal) { return 128 + signal; }

}  // namespace hmem
