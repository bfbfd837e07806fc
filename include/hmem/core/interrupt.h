#pragma once
/// \file interrupt.h
/// Ctrl-C, kill and a terminal that is closed as something that a loop may ask about, instead of the end of the
/// process.

namespace hmem {

/// While it lives, SIGINT, SIGTERM and SIGHUP are remembered and no longer end the process; a second one of the same
/// kind does. A signal that was ignored (as by nohup, or in a background job of a shell script) stays ignored.
/// Afterwards all is as before. There must be at most one at a time; a second one throws Error.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// One of these once it has come, else 0.
  int signal() const;
};

/// "SIGINT", "SIGTERM", "SIGHUP", else "a signal".
const char* signal_name(int signal);
/// What a shell reports for a process that this signal ended: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP.
int exit_code_of_signal(int signal);

}  // namespace hmem
