#pragma once
/// \file interrupt.h
/// Turns SIGINT, SIGTERM and SIGHUP into a flag that a loop can poll.

namespace hmem {

/// During its lifetime SIGINT, SIGTERM and SIGHUP are recorded instead of ending the process; a second signal of the
/// same kind ends it. Signals that were ignored (by nohup, or in a background job of a shell script) stay ignored. The
/// destructor restores the previous handlers. Only one may exist at a time; a second one throws Error.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// The signal that arrived; 0: none.
  int signal() const;
};

/// "SIGINT", "SIGTERM", "SIGHUP", else "a signal".
const char* signal_name(int signal);
/// Exit code that a shell reports for a process ended by this signal: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP.
int exit_code_of_signal(int signal);

}  // namespace hmem
